"""A model's folder and its model.json: the names of its parts, their facts, their files and the digests of those."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine import Context
from graph_nodes.checkpoints.components import CONFIG, describe_component
from graph_nodes.checkpoints.families import describe_folder
from graph_nodes.checkpoints.layout import INDEX
from graph_nodes.checkpoints.single_file import SUFFIX, describe_file, files_of
from graph_nodes.checkpoints.sources import locate
from graph_nodes.checkpoints.tokenizers import find_vocabulary
from graph_nodes.checkpoints.weight_files import WITH_WEIGHTS, check_weights, find_weights, is_weights
from graph_nodes.digests import digest_of, digest_of_all
from graph_nodes.errors import ModelRefused

__all__ = [
    "FORMAT",
    "REQUIRED_FACTS",
    "ModelFiles",
    "open_model",
    "part_files",
    "part_folder",
    "read_model",
    "weight_folders",
]

FORMAT = 1
DESCRIPTION = "model.json"
REQUIRED_FACTS: Mapping[str, tuple[str, ...]] = {
    "TextEncoder": ("class", "folder", "tokenizer", "text_space", "max_tokens"),
    "Denoiser": ("class", "folder", "scheduler", "space"),
    "CLIP": ("class", "folder", "tokenizer"),
    "VAE": ("class", "folder", "space", "channels", "factor"),
    "Classifier": ("class", "folder", "classes", "image_size"),
    "FeatureExtractor": ("class", "folder", "feature_space"),
    "ImageTokenizer": ("class", "folder", "codebook", "vocabulary", "grid", "image_size"),
    "TokenModel": ("class", "folder", "codebook", "vocabulary", "grid", "text_space", "architecture"),
}
"""Kind of a part -> what model.json must say of it; a denoiser of pictures also its `channels` and `size`, one of
embeddings its `shape`."""
_FOLDERS = (
    *("folder", "folder_2", "folder_3", "text_folder", "last_folder", "projection", "quantizer"),
    *("tokenizer", "tokenizer_2", "tokenizer_3", "scheduler", "augmentation_scheduler", "preprocessor"),
)
"""Facts that name a folder."""
_READERS = 4
"""Threads that read files at once: what a disk gives a few readers, it gives no more to many."""


@dataclass(frozen=True)
class ModelFiles:
    """A named model on disk. parts: part name -> its facts, as model.json states them; described: the file that tells
    them, which in a published layout is another one; files: those that hold all weights, one or one for each tower,
    where no folder does: then the folder has configs alone; title: what a person calls it."""

    name: str
    folder: Path
    family: str
    parts: Mapping[str, Mapping[str, Any]]
    described: str = DESCRIPTION
    files: tuple[Path, ...] = ()
    title: str = ""

    @property
    def file(self) -> Path | None:
        """The first of its files; None for a folder."""
        return self.files[0] if self.files else None

    @property
    def published(self) -> bool:
        """True for a published layout, in which weights of several formats and precisions may lie side by side."""
        return self.described != DESCRIPTION


def open_model(context: Context, name: str) -> ModelFiles:
    """The model called `name` (such as `shapes/glide`), its description read and checked; raises ModelRefused.

    The description is the folder's model.json, or is made from the configs of a published layout.
    """
    return read_model(name, locate(context, name))


def read_model(name: str, folder: Path) -> ModelFiles:
    """What lies in a folder, under the name by which messages speak of it; raises ModelRefused."""
    try:
        return _read_model(name, folder)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
        raise ModelRefused(f"the model {name!r} has configs of no model that is known here ({found})") from error


def _read_model(name: str, folder: Path) -> ModelFiles:
    if folder.is_file():
        return _read_file(name, folder)
    described = next((known for known in _DESCRIBED if (folder / known).is_file()), "")
    if not described:
        raise ModelRefused(_no_model(name, folder))
    description = _DESCRIBED[described](name, folder)
    for part, facts in description["parts"].items():
        _check_part(name, folder, part, facts)
    return _files(name, folder, description, described)


def _no_model(name: str, folder: Path) -> str:
    """Why a folder that nothing describes is no model."""
    if not folder.is_dir():
        return f"the model {name!r} would lie in {folder}, which is not there"
    files = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    if files:
        return f"{name!r} is a folder of single files; name one of them, such as {f'{name}/{files[0]}'!r}"
    return f"{name!r} is no model: its folder has no {', '.join(_DESCRIBED)} and no file that ends with {SUFFIX}"


def _read_file(name: str, file: Path) -> ModelFiles:
    """A checkpoint in one file: its parts as its configs tell them, its configs in a folder of their own."""
    files = files_of(file)
    description, configs = describe_file(name, files)
    for part, facts in description["parts"].items():
        _check_part(name, configs, part, facts)
    return _files(name, configs, description, INDEX, files)


def _files(
    name: str, folder: Path, description: Mapping[str, Any], described: str, files: tuple[Path, ...] = ()
) -> ModelFiles:
    family, title = (str(description.get(key, "")) for key in ("family", "title"))
    return ModelFiles(name, folder, family, description["parts"], described, files, title)


def _read(name: str, folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelRefused(f"the model {name!r} has no readable model.json: {error}") from None
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        found = description.get("format") if isinstance(description, dict) else type(description).__name__
        raise ModelRefused(f"{path}: wants format {FORMAT}, found {found!r}; a newer program may be needed")
    if not isinstance(description.get("parts"), dict):
        raise ModelRefused(f"{path}: wants a mapping 'parts' of part names to their facts")
    return description


_DESCRIBED: Mapping[str, Callable[[str, Path], dict[str, Any]]] = {
    DESCRIPTION: _read,
    INDEX: describe_folder,
    CONFIG: describe_component,
}
"""The file that says what a folder is -> who reads it, the project's own first."""


def _check_part(name: str, folder: Path, part: str, facts: Any) -> None:
    where = f"the model {name!r}, part {part!r}"
    if not isinstance(facts, dict) or facts.get("kind") not in REQUIRED_FACTS:
        raise ModelRefused(f"{where}: 'kind' must be one of {', '.join(REQUIRED_FACTS)}")
    sizes = () if facts["kind"] != "Denoiser" or "shape" in facts else ("channels", "size")
    missing = [fact for fact in (*REQUIRED_FACTS[facts["kind"]], *sizes) if fact not in facts]
    if missing:
        raise ModelRefused(f"{where}: model.json does not say its {', '.join(missing)}")
    for key in _FOLDERS:
        if key in facts:
            part_folder(name, folder, facts[key])


def part_folder(name: str, folder: Path, relative: object) -> Path:
    """A part's folder; it must stay inside the folder that the model's own folder stands in (parts may be shared)."""
    base = folder.resolve().parent
    path = (folder / str(relative)).resolve()
    if not isinstance(relative, str) or Path(relative).is_absolute() or not path.is_relative_to(base) or path == base:
        raise ModelRefused(f"the model {name!r} names the folder {relative!r}, which lies outside of {base}")
    if not path.is_dir():
        raise ModelRefused(f"the model {name!r} has no folder {relative!r} in {folder}; its download may be incomplete")
    return path


def weight_folders(model: ModelFiles, part: str) -> list[Path]:
    """The folders in which a part's weights are."""
    facts = model.parts[part] if model.file is None else {}
    return [part_folder(model.name, model.folder, facts[key]) for key in WITH_WEIGHTS if key in facts]


def part_files(context: Context, model: ModelFiles, part: str) -> Iterator[tuple[str, Path]]:
    """(label, path) of every file that a part reads, in a fixed order; the label has no machine's path in it."""
    yield from ((file.name, file) for file in model.files)
    for key in (key for key in _FOLDERS if key in model.parts[part]):
        relative = model.parts[part][key]
        folder = part_folder(model.name, model.folder, relative)
        paths = sorted(_read_ones(folder) if model.published else folder.iterdir())
        if model.published and key.startswith("tokenizer"):
            words = find_vocabulary(context, folder)
            paths += sorted(words.iterdir()) if words not in (None, folder) else []
        for path in paths:
            if path.is_file() and not path.name.startswith("."):
                yield f"{relative}/{path.name}" if path.parent == folder else f"{relative}: {path.name}", path


def _read_ones(folder: Path) -> Iterator[Path]:
    """The files of a published folder that are read: its configs, and its weights in one format and one precision."""
    paths = list(folder.iterdir())
    yield from (path for path in paths if not is_weights(path))
    if any(is_weights(path) for path in paths):
        weights = find_weights(folder)
        yield from weights.files
        yield from [weights.index] if weights.index else []


def fingerprint(context: Context, name: str) -> dict[str, str]:
    """Digest of every file of the model by label, model.json included, and of what is known of its parts, which another
    version of the program may read otherwise out of the same files; raises ModelRefused for weights that are cut short
    or no safetensors, before anything runs.

    The files are read side by side: a model that is opened for the first time is read whole.
    """
    model = open_model(context, name)
    files = {model.described: model.folder / model.described}
    for part in model.parts:
        files |= dict(part_files(context, model, part))

    def digest(path: Path) -> str:
        if path.suffix == SUFFIX:
            check_weights(path)
        return digest_of(context, path)

    with ThreadPoolExecutor(_READERS) as readers:
        digests = list(readers.map(digest, files.values()))
    known = digest_of_all([json.dumps(model.parts, sort_keys=True)])
    found = {f"file {name}/{label}": digest for label, digest in zip(files, digests, strict=True)}
    return {**found, f"parts {name}": known}


def revision(context: Context, model: ModelFiles, part: str) -> str:
    """One digest over the facts and the files of a part: the same revision, the same results."""
    facts = json.dumps(model.parts[part], sort_keys=True)
    return digest_of_all(
        [facts, *(f"{label} {digest_of(context, path)}" for label, path in part_files(context, model, part))]
    )
