"""The vocabulary of the shapes world: what can be drawn, and the colours that it is drawn in.

Plain data without torch, so that a node's drop-down can be declared from it at no cost.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T", bound=tuple[str, ...])

SHAPES = ("circle", "square", "triangle", "star", "cross", "heart", "diamond", "ring")
COLOURS = {
    "red": (0.90, 0.10, 0.12),
    "green": (0.10, 0.62, 0.18),
    "blue": (0.12, 0.22, 0.90),
    "yellow": (0.96, 0.88, 0.08),
    "purple": (0.50, 0.10, 0.62),
    "orange": (0.98, 0.50, 0.05),
    "brown": (0.45, 0.26, 0.10),
    "teal": (0.05, 0.58, 0.60),
}
BACKGROUNDS = {
    "white": (1.00, 1.00, 1.00),
    "black": (0.03, 0.03, 0.03),
    "gray": (0.52, 0.52, 0.52),
    "pink": (1.00, 0.72, 0.82),
    "cyan": (0.55, 0.95, 0.97),
    "navy": (0.06, 0.08, 0.36),
    "cream": (1.00, 0.93, 0.72),
    "lavender": (0.80, 0.74, 0.98),
}
SIZES = {"small": 0.138, "large": 0.200}
"""Size word -> nominal radius, as a fraction of the picture's side."""
RELATIONS = ("above", "below", "left of", "right of")
"""Where the first object lies as seen from the second."""

COLOUR_NAMES = tuple(COLOURS)
BACKGROUND_NAMES = tuple(BACKGROUNDS)
SIZE_NAMES = tuple(SIZES)

HELD_OUT_ONE_IN = 10
"""One combination of attributes in this many never appears in any training."""

Kind = tuple[str, str]
"""A coloured shape: (shape, colour)."""


def kinds() -> list[Kind]:
    """Every coloured shape, shapes varying slowest."""
    return [(shape, colour) for shape in SHAPES for colour in COLOURS]


@cache
def held_out_ones() -> frozenset[tuple[str, str, str]]:
    """The tenth of all (shape, colour, background) that is kept out of all training."""
    return _tenth([(*kind, background) for kind in kinds() for background in BACKGROUNDS])


@cache
def held_out_pairs() -> frozenset[tuple[str, str, str, str]]:
    """The tenth of all unordered pairs of coloured shapes kept out of all training, as (*first, *second)."""
    every = kinds()
    return _tenth([(*a, *b) for i, a in enumerate(every) for b in every[i + 1 :]])


def _tenth(combinations: list[T]) -> frozenset[T]:
    """The first tenth by digest: the same in every process, and scattered over the attributes."""
    ranked = sorted(combinations, key=lambda words: blake2b(" ".join(words).encode(), digest_size=8).digest())
    return frozenset(ranked[: len(ranked) // HELD_OUT_ONE_IN])
