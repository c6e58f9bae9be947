"""Writing a module of a library, freshly made, as its save_pretrained does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["save", "save_configured", "save_tensors"]


def save(kind: Any, folder: Path, settings: Mapping[str, Any]) -> None:
    """A network of diffusers, whose settings are its arguments."""
    kind(**settings).eval().save_pretrained(folder)


def save_configured(kind: Any, config: Any, folder: Path, settings: Mapping[str, Any]) -> None:
    """A network of transformers, whose settings are a config's."""
    kind(config(**settings)).eval().save_pretrained(folder)


def save_tensors(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Weights by their names, for what is no class of a library, and the config beside them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(dict(tensors), folder / "diffusion_pytorch_model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(dict(config), indent=2) + "\n", encoding="utf-8")
