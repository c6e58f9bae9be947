"""Where a tokenizer's vocabulary is, which a checkpoint in one file has not, and what is wrong with one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graph_engine import Context, ModelPart
from graph_nodes.errors import ModelRefused

__all__ = ["find_vocabulary", "is_gpt2", "reading_vocabulary", "tokenizer_folder"]

WHOLE = "tokenizer.json"
VOCABULARIES = ("vocab.json", WHOLE, "spiece.model")
_LONGEST = 200


def tokenizer_folder(context: Context, part: ModelPart, folder: Path, *, single: bool) -> Path:
    """The folder itself when a vocabulary is in it, else one for that kind below the model folders: `tokenizers/clip`,
    `tokenizers/clip2` (the second tower of XL, which pads otherwise) `tokenizers/t5`, or
    `tokenizers/gpt2` (GLIDE's words are GPT-2's). single: whether the model is one file, which never has any."""
    found = find_vocabulary(context, folder)
    if found is not None:
        return found
    kind = _kind(folder)
    roots = " or ".join(str(root / "tokenizers" / kind) for root in context.folders.model_roots)
    if not single:
        raise ModelRefused(
            f"the model {part.model!r} has no vocabulary for its tokenizer: wanted is {_list(VOCABULARIES)} in "
            f"{folder}; its download may be incomplete: fetch it anew, or copy those of a model of the family"
        )
    if kind == "gpt2":
        raise ModelRefused(
            f"the model {part.model!r} brings no vocabulary for its tokenizer; its words are GPT-2's: copy vocab.json "
            f"and merges.txt of GPT-2 to {roots or 'tokenizers/gpt2 in a model folder'}, or into {folder.name!r} of "
            "the configs beside the file"
        )
    raise ModelRefused(
        f"the model {part.model!r} brings no vocabulary for its tokenizer, as no single file does; copy the folder "
        f"{folder.name!r} of the same family's folder to {roots or 'tokenizers/' + kind + ' in a model folder'}"
    )


@contextlib.contextmanager
def reading_vocabulary(part: ModelPart, folder: Path) -> Iterator[None]:
    """Raise ModelRefused that names the file, or else the folder, in place of what the library of tokenizers raises."""
    try:
        yield
    except ModelRefused:
        raise
    except Exception as error:  # the library raises anything for a file that is cut short or of another kind
        if isinstance(error, MemoryError):
            raise
        found = _unreadable(folder) or f"{folder}: {' '.join(str(error).split())[:_LONGEST]}"
        raise ModelRefused(
            f"the model {part.model!r} has a broken tokenizer: {found}; fetch the model anew, or copy the folder from "
            "a model of the same family"
        ) from error


def _unreadable(folder: Path) -> str:
    """The first of a folder's JSON files that is none, and why, or which is missing; empty where all is well."""
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            return f"{path} is no JSON ({error})"
    alone = (folder / "vocab.json").is_file() and not any((folder / it).is_file() for it in ("merges.txt", WHOLE))
    return f"{folder} has a vocab.json without its merges.txt" if alone else ""


def _list(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def find_vocabulary(context: Context, folder: Path) -> Path | None:
    """The folder whose vocabulary is read for a tokenizer's folder, which need not be that one; None without any."""
    shared = (root / "tokenizers" / _kind(folder) for root in context.folders.model_roots)
    return next((place for place in (folder, *shared) if any((place / name).is_file() for name in VOCABULARIES)), None)


def is_gpt2(folder: Path) -> bool:
    """Whether a tokenizer's config says that its vocabulary is GPT-2's."""
    return str(_config(folder).get("tokenizer_class", "")).startswith("GPT2")


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return config


def _kind(folder: Path) -> str:
    config = _config(folder)
    if is_gpt2(folder):
        return "gpt2"
    if str(config.get("tokenizer_class", "")).startswith("T5"):
        return "t5"
    return "clip2" if config.get("pad_token") == "!" else "clip"
