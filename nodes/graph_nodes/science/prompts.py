"""Prompts with weights: the common `(word:1.2)` syntax, and what a weight does to the states of a text encoder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MORE", "parse_weights", "weighted"]

MORE = 1.1
"""What a pair of round brackets without a number multiplies by; square ones divide by it."""
_TOKEN = re.compile(r"\\[()\[\]\\]|[()\[\]]|:\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[^\\()\[\]:]+|:|\\")


def parse_weights(prompt: str) -> list[tuple[str, float]]:
    """Pieces of text with their weights: `a (red:1.2) [cat]` is [("a ", 1), ("red", 1.2), (" ", 1), ("cat", 1 / 1.1)].

    Brackets nest, their weights multiply; a backslash takes a bracket's meaning away; a bracket that is never closed
    counts to the end.
    """
    pieces: list[tuple[str, float]] = []
    open_at: list[tuple[str, int]] = []

    def multiply(start: int, factor: float) -> None:
        pieces[start:] = [(text, weight * factor) for text, weight in pieces[start:]]

    for found in _TOKEN.finditer(prompt):
        token, weight = found[0], found["weight"]
        if token in ("(", "["):
            open_at.append((token, len(pieces)))
        elif weight is not None and open_at and open_at[-1][0] == "(":
            multiply(open_at.pop()[1], float(weight))
        elif token in (")", "]") and open_at and open_at[-1][0] == {")": "(", "]": "["}[token]:
            opened, start = open_at.pop()
            multiply(start, MORE if opened == "(" else 1 / MORE)
        else:
            pieces.append((token[1:] if len(token) == 2 and token[0] == "\\" else token, 1.0))
    for opened, start in reversed(open_at):
        multiply(start, MORE if opened == "(" else 1 / MORE)
    return _merged(pieces)


def _merged(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    merged: list[tuple[str, float]] = []
    for text, weight in pieces:
        if merged and merged[-1][1] == weight:
            merged[-1] = (merged[-1][0] + text, weight)
        else:
            merged.append((text, weight))
    return merged


def weighted(states: Tensor, empty: Tensor, weights: Tensor) -> Tensor:
    """States [1, length, width] moved away from those of the empty prompt: z_0 + w (z - z_0), token by token.

    weights: [length]; where a weight is 1 the state stays as it is, bit for bit.
    """
    w = weights.to(states).view(1, -1, 1)
    return states.where(w == 1, empty + w * (states - empty))
