"""What a model is, in milliseconds: its configs and the headers of its files, and not a weight."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from graph_engine import ModelFacts, PartFacts
from graph_nodes.checkpoints.components import CONFIG
from graph_nodes.checkpoints.headers import Header, read_header
from graph_nodes.checkpoints.layout import INDEX
from graph_nodes.checkpoints.single_file import CONFIGS_SUFFIX, SUFFIX, tensors_of
from graph_nodes.checkpoints.weight_files import find_weights
from graph_nodes.errors import ModelRefused
from graph_nodes.model_files import ModelFiles, read_model, weight_folders

__all__ = ["describe", "find"]

_DEPTH = 4
"""How many folders deep a model may lie below a model folder."""


def find(root: Path) -> Iterator[str]:
    """The models below a folder, as paths relative to it: folders with an index or a model.json, and single files.

    A link to a folder is followed only when it is such a folder itself, so that no ring of links is walked.
    """
    for where, folders, files in os.walk(root):
        here = Path(where)
        if here.suffix == CONFIGS_SUFFIX:
            folders[:] = []
        elif _is_indexed(here) or _is_alone(here, files):
            folders[:] = []
            if here != root:
                yield here.relative_to(root).as_posix()
        elif len(here.relative_to(root).parts) >= _DEPTH or _is_component(files):
            folders[:] = []
        else:
            linked = [name for name in folders if (here / name).is_symlink() and _is_indexed(here / name)]
            found = [name for name in files if name.endswith(SUFFIX)] + linked
            yield from ((here / name).relative_to(root).as_posix() for name in sorted(found))
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _is_indexed(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (INDEX, "model.json"))


def _is_component(files: list[str]) -> bool:
    """A folder of one component, such as an autoencoder alone, or a tokenizer."""
    return "config.json" in files or "tokenizer_config.json" in files


def _is_alone(folder: Path, files: list[str]) -> bool:
    """A folder of one component that is a model by itself: an autoencoder, a CLIP."""
    if CONFIG not in files or not any(name.endswith(SUFFIX) for name in files):
        return False
    try:
        read_model(folder.name, folder)
    except ModelRefused:
        return False
    return True


def describe(name: str, path: Path) -> ModelFacts:
    """The facts of a model; raises ModelRefused that says which part or which file is wrong."""
    model = read_model(name, path)
    return ModelFacts(name, model.family, model.title, tuple(_part(model, part) for part in model.parts))


def _part(model: ModelFiles, part: str) -> PartFacts:
    facts = model.parts[part]
    headers = [read_header(file) for file in _weights(model, part)]
    if model.file is not None:
        headers = [tensors_of(read_header(file), facts) for file in model.files]
    return PartFacts(
        name=part,
        kind=facts["kind"],
        class_name=facts["class"],
        space=str(facts.get("space") or facts.get("embedding_space") or facts.get("codebook") or ""),
        text_space=str(facts.get("text_space", "")),
        dtype=_commonest(headers),
        parameters=sum(header.parameters for header in headers),
        bytes=sum(header.bytes for header in headers),
    )


def _weights(model: ModelFiles, part: str) -> list[Path]:
    files: list[Path] = []
    for folder in weight_folders(model, part):
        files += find_weights(folder).files if model.published else sorted(folder.glob("*.safetensors"))
    return files


def _commonest(headers: list[Header]) -> str:
    counts: dict[str, int] = {}
    for header in headers:
        for dtype, count in header.dtypes.items():
            counts[dtype] = counts.get(dtype, 0) + count
    return max(counts, key=lambda dtype: counts[dtype], default="")
