"""A model's folder and its model.json: the names of its parts, their facts, their files and the digests of those."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine import Context
from graph_engine.errors import did_you_mean
from graph_nodes.digests import digest_of, digest_of_all
from graph_nodes.errors import ModelRefused

__all__ = ["FORMAT", "REQUIRED_FACTS", "ModelFiles", "open_model", "part_files", "part_folder"]

FORMAT = 1
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
_FOLDERS = ("folder", "tokenizer", "scheduler", "text_folder", "quantizer")


@dataclass(frozen=True)
class ModelFiles:
    """A named model on disk. parts: part name -> its facts, as model.json states them."""

    name: str
    folder: Path
    family: str
    parts: Mapping[str, Mapping[str, Any]]


def open_model(context: Context, name: str) -> ModelFiles:
    """The model called `name` (such as `shapes/glide`), its description read and checked; raises ModelRefused."""
    models = context.folders.models
    if name not in models:
        known = ", ".join(sorted(models)) or "none: install a plugin that brings models"
        raise ModelRefused(f"no model is called {name!r}.{did_you_mean(name, models)} The models here: {known}")
    folder = Path(models[name])
    description = _read(name, folder / "model.json")
    for part, facts in description["parts"].items():
        _check_part(name, folder, part, facts)
    return ModelFiles(name, folder, str(description.get("family", "")), description["parts"])


def _read(name: str, path: Path) -> dict[str, Any]:
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


def part_files(model: ModelFiles, part: str) -> Iterator[tuple[str, Path]]:
    """(label, path) of every file that a part reads, in a fixed order; the label has no machine's path in it."""
    for key in _FOLDERS:
        if key in model.parts[part]:
            relative = model.parts[part][key]
            for path in sorted(part_folder(model.name, model.folder, relative).iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    yield f"{relative}/{path.name}", path


def fingerprint(context: Context, name: str) -> dict[str, str]:
    """Digest of every file of the model by label, model.json included."""
    model = open_model(context, name)
    files = {"model.json": model.folder / "model.json"}
    for part in model.parts:
        files |= dict(part_files(model, part))
    return {f"file {name}/{label}": digest_of(context, path) for label, path in files.items()}


def revision(context: Context, model: ModelFiles, part: str) -> str:
    """One digest over the facts and the files of a part: the same revision, the same results."""
    facts = json.dumps(model.parts[part], sort_keys=True)
    return digest_of_all([facts, *(f"{label} {digest_of(context, path)}" for label, path in part_files(model, part))])
