"""Posters from pictures: the pack `posterize`."""

from typing import Any

from graph_engine import hookimpl
from graph_engine_posterize.nodes import apply_palette, dither, find_palette, posterize
from graph_engine_posterize.palette import Palette

__all__ = ["Palette", "apply_palette", "dither", "find_palette", "posterize", "register_kinds", "register_nodes"]


@hookimpl
def register_nodes() -> list[Any]:
    """The pack's nodes, as `posterize.<name>`."""
    return [posterize, dither, find_palette, apply_palette]


@hookimpl
def register_kinds() -> list[type]:
    """The pack's own value kind."""
    return [Palette]
