"""Where a tokenizer's vocabulary is, for a checkpoint in one file, which has none of its own."""

from __future__ import annotations

import json
from pathlib import Path

from graph_engine import Context, ModelPart
from graph_nodes.errors import ModelRefused

__all__ = ["tokenizer_folder"]

VOCABULARIES = ("vocab.json", "tokenizer.json", "spiece.model")


def tokenizer_folder(context: Context, part: ModelPart, folder: Path) -> Path:
    """The folder itself when a vocabulary is in it, else one for that kind below the model folders: `tokenizers/clip`,
    `tokenizers/clip2` (the second tower of XL, which pads otherwise) or `tokenizers/t5`."""
    if any((folder / name).is_file() for name in VOCABULARIES):
        return folder
    kind = _kind(folder)
    for root in context.folders.model_roots:
        found = root / "tokenizers" / kind
        if any((found / name).is_file() for name in VOCABULARIES):
            return found
    roots = " or ".join(str(root / "tokenizers" / kind) for root in context.folders.model_roots)
    raise ModelRefused(
        f"the model {part.model!r} brings no vocabulary for its tokenizer, as no single file does; copy the folder "
        f"{folder.name!r} of the same family's folder to {roots or 'tokenizers/' + kind + ' in a model folder'}"
    )


def _kind(folder: Path) -> str:
    try:
        config = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        config = {}
    if str(config.get("tokenizer_class", "")).startswith("T5"):
        return "t5"
    return "clip2" if config.get("pad_token") == "!" else "clip"
