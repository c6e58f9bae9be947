"""Where a tokenizer's vocabulary is, for a checkpoint in one file, which has none of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graph_engine import Context, ModelPart
from graph_nodes.errors import ModelRefused

__all__ = ["find_vocabulary", "is_gpt2", "tokenizer_folder"]

VOCABULARIES = ("vocab.json", "tokenizer.json", "spiece.model")


def tokenizer_folder(context: Context, part: ModelPart, folder: Path) -> Path:
    """The folder itself when a vocabulary is in it, else one for that kind below the model folders: `tokenizers/clip`,
    `tokenizers/clip2` (the second tower of XL, which pads otherwise) `tokenizers/t5`, or
    `tokenizers/gpt2` (GLIDE's words are GPT-2's)."""
    found = find_vocabulary(context, folder)
    if found is not None:
        return found
    kind = _kind(folder)
    roots = " or ".join(str(root / "tokenizers" / kind) for root in context.folders.model_roots)
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
