"""Masks as tensors: float32 [n, 1, h, w], 1 where something may change. Shapes are given in fractions of the sides."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from graph_nodes.science.images import gaussian_blur

__all__ = ["composite", "feather", "grow", "grow_aslant", "near_colour", "outline", "polygon", "rectangle"]

Point = tuple[float, float]
LINES = 16
"""Scan lines per row of pixels that a polygon's coverage is measured on."""


def rectangle(left: float, top: float, right: float, bottom: float, height: int, width: int) -> Tensor:
    """[1, 1, height, width]: how much of each pixel lies in a rectangle, exactly; fractions 0..1 of the sides."""
    start, stop = torch.tensor([[top * height, left * width], [bottom * height, right * width]], dtype=torch.float64)
    rows, columns = _covered(start[:1], stop[:1], height), _covered(start[1:], stop[1:], width)
    return (rows.T @ columns)[None, None].float()


def _covered(start: Tensor, stop: Tensor, count: int) -> Tensor:
    """[k, count]: how much of each of `count` cells of length 1 lies between start_k and stop_k [k], float64."""
    cells = torch.arange(count, dtype=torch.float64)
    return (torch.minimum(stop[:, None], cells + 1) - torch.maximum(start[:, None], cells)).clamp(0, 1)


def polygon(points: Sequence[Point], height: int, width: int) -> Tensor:
    """[1, 1, height, width]: how much of each pixel lies in a polygon, by the even-odd rule.

    points: (x, y) in fractions of width and height, the last joined to the first. Exact along a scan line, and the mean
    of LINES scan lines over a pixel's height.
    """
    x, y = (torch.tensor(values, dtype=torch.float64) for values in zip(*points, strict=True))
    x, y = x * width, y * height
    total = torch.zeros(height, width, dtype=torch.float64)
    for line in range(LINES):
        level = torch.arange(height, dtype=torch.float64) + (line + 0.5) / LINES
        crossings = _crossings(x, y, level)
        for k in range(0, crossings.shape[1] - 1, 2):
            total += _covered(crossings[:, k], crossings[:, k + 1], width)
    return (total / LINES).clamp(0, 1)[None, None].float()


def _crossings(x: Tensor, y: Tensor, level: Tensor) -> Tensor:
    """[rows, edges]: where each horizontal line y = level crosses the polygon's edges, sorted; infinity for none.

    An edge holds its upper end and not its lower one, so that a corner is crossed once or twice and never half.
    """
    x2, y2 = x.roll(-1), y.roll(-1)
    level = level[:, None]
    meets = (torch.minimum(y, y2) <= level) & (level < torch.maximum(y, y2))
    slope = (x2 - x) / torch.where(y2 == y, 1.0, y2 - y)
    return torch.where(meets, x + (level - y) * slope, math.inf).sort(dim=1).values


def near_colour(pixels: Tensor, colour: Sequence[float], tolerance: float) -> Tensor:
    """1 where a pixel's distance from an RGB colour is at most `tolerance`; from black to white it is 1."""
    difference = pixels - torch.tensor(colour).view(1, 3, 1, 1)
    distance = difference.square().mean(dim=1, keepdim=True).sqrt()
    return (distance <= tolerance + 1e-6).float()


def grow(mask: Tensor, pixels: int) -> Tensor:
    """A mask with a rim of `pixels` added (negative: taken off): the greatest (least) value within a round brush.

    The picture's edge is no rim: a mask that reaches it does not shrink there.
    """
    if pixels < 0:
        return 1 - grow(1 - mask, -pixels)
    height = mask.shape[-2]
    grown = mask
    for dy in range(-pixels, pixels + 1):
        reach = math.isqrt(pixels**2 - dy**2)
        wide = functional.max_pool2d(mask, (1, 2 * reach + 1), stride=1, padding=(0, reach))
        shifted = functional.pad(wide, (0, 0, max(-dy, 0), max(dy, 0)))[..., max(dy, 0) : max(dy, 0) + height, :]
        grown = torch.maximum(grown, shifted)
    return grown


def grow_aslant(mask: Tensor) -> Tensor:
    """A hard mask grown by one along rows, columns and one diagonal, as Kandinsky's inpainting pipeline does."""
    padded = functional.pad(mask, (1, 1, 1, 1))
    height, width = mask.shape[-2:]
    grown = mask
    for dy, dx in ((-1, 0), (0, -1), (-1, -1), (1, 0), (0, 1), (1, 1)):
        grown = torch.maximum(grown, padded[..., 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width])
    return grown


def feather(mask: Tensor, sigma: float, inside: bool) -> Tensor:
    """A soft edge: the mask blurred with a Gaussian of `sigma` pixels; `inside` keeps 0 where the mask was 0.

    Inside, the blurred edge's inner half (0.5..1) is stretched to 0..1.
    """
    blurred = gaussian_blur(mask, sigma)
    return torch.minimum((2 * blurred - 1).clamp(0, 1), mask) if inside else blurred


def outline(mask: Tensor, width: int) -> Tensor:
    """The rim of a mask, `width` pixels wide and within it, hard: 0 or 1."""
    hard = (mask >= 0.5).float()
    padded = functional.pad(hard, (1, 1, 1, 1))  # where the mask reaches the picture's edge, its rim runs along it
    return (hard - grow(padded, -width)[..., 1:-1, 1:-1]).clamp(0, 1)


def composite(image: Tensor, base: Tensor, mask: Tensor) -> Tensor:
    """mask * image + (1 - mask) * base: exactly the base where the mask is 0, exactly the image where it is 1."""
    return mask * image + (1 - mask) * base
