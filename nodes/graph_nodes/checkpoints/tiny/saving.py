"""Writing a module of a library, freshly made, as its save_pretrained does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["save", "save_configured"]


def save(kind: Any, folder: Path, settings: Mapping[str, Any]) -> None:
    """A network of diffusers, whose settings are its arguments."""
    kind(**settings).eval().save_pretrained(folder)


def save_configured(kind: Any, config: Any, folder: Path, settings: Mapping[str, Any]) -> None:
    """A network of transformers, whose settings are a config's."""
    kind(config(**settings)).eval().save_pretrained(folder)
