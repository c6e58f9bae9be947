"""What can be wrong with what a node of this pack is given; the texts are meant for the user."""

from __future__ import annotations

from graph_engine import GraphEngineError

__all__ = ["ImageRefused", "Misfit", "ModelRefused", "NotFinite"]


class ModelRefused(GraphEngineError):
    """A model is unknown, its description is wrong, or its files are not what they should be."""


class Misfit(GraphEngineError):
    """Two values do not fit each other: another space, another size, another count."""


class NotFinite(GraphEngineError):
    """A network made numbers that are none: its weights are broken, or its number format is too small."""


class ImageRefused(GraphEngineError):
    """A picture file is not a PNG, JPEG or WEBP that can be read, or it is too large."""
