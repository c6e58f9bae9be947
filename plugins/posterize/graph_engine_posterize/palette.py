"""The pack's own value kind: a palette, which one node finds in a picture and another one paints with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph_engine import Image, kind

if TYPE_CHECKING:
    from torch import Tensor


def swatches(palette: Palette) -> Image:
    """The palette as a row of squares, for the eye."""
    return Image(palette.colors.T[None, :, None, :].repeat_interleave(32, 2).repeat_interleave(32, 3))


@kind(color="#f368e0", preview=swatches)
@dataclass(frozen=True, eq=False)
class Palette:
    """A short list of colours, from dark to light.

    colors: float32 [n, 3], values 0..1, sRGB.
    """

    colors: Tensor
