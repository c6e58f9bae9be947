"""Scenes to pictures, at any resolution, antialiased by signed distance.

The distance formulas are those of Inigo Quilez, "2D distance functions", in the unit of the shape's own radius.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from graph_engine_shapes import words
from graph_engine_shapes.scenes import Scenes


def circle(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a disc of radius 1, negative inside (x, y of one shape, as in all of these)."""
    return torch.hypot(x, y) - 1


def _box(x: Tensor, y: Tensor, half_width: float, half_height: float) -> Tensor:
    dx, dy = x.abs() - half_width, y.abs() - half_height
    return torch.hypot(dx.clamp(min=0), dy.clamp(min=0)) + torch.maximum(dx, dy).clamp(max=0)


def square(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a square, a little smaller than the disc's bounding box."""
    return _box(x, y, 0.9, 0.9)


def cross(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to an upright cross of two bars."""
    return torch.minimum(_box(x, y, 1.1, 0.36), _box(x, y, 0.36, 1.1))


def triangle(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to an equilateral triangle that points up, its bounding box centred."""
    half_side, k = 1.12, math.sqrt(3)
    x = x.abs() - half_side
    y = -y + half_side * k / 2
    fold = x + k * y > 0
    x, y = torch.where(fold, (x - k * y) / 2, x), torch.where(fold, (-k * x - y) / 2, y)
    x = x - x.clamp(-2 * half_side, 0)
    return -torch.hypot(x, y) * y.sign()


def star(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a five-pointed star that points up, its bounding box centred."""
    outer, inner = 1.18, 0.45
    cos, sin = math.cos(math.pi / 5), math.sin(math.pi / 5)
    x, y = x.abs(), -y + outer * (1 - cos) / 2
    for kx in (cos, -cos):
        reach = 2 * (kx * x - sin * y).clamp(min=0)
        x, y = x - reach * kx, y + reach * sin
    x, y = x.abs(), y - outer
    bx, by = inner * sin, inner * cos - 1
    along = ((x * bx + y * by) / (bx * bx + by * by)).clamp(0, outer)
    return torch.hypot(x - bx * along, y - by * along) * (y * bx - x * by).sign()


def heart(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a heart, its bounding box centred."""
    scale, middle = 1.82, 0.552
    x, y = x.abs() / scale, middle - y / scale
    lobe = torch.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    along = (x + y).clamp(min=0) / 2
    body = torch.minimum(torch.hypot(x, y - 1), torch.hypot(x - along, y - along)) * (x - y).sign()
    return scale * torch.where(x + y > 1, lobe, body)


def diamond(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a square that stands on a corner."""
    return _box((x + y) / math.sqrt(2), (x - y) / math.sqrt(2), 0.79, 0.79)


def ring(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a thick ring."""
    return (torch.hypot(x, y) - 0.80).abs() - 0.28


DISTANCES = {"circle": circle, "square": square, "triangle": triangle, "star": star, "cross": cross}
DISTANCES |= {"heart": heart, "diamond": diamond, "ring": ring}


def coverage(shape: Tensor, centre: Tensor, radius: Tensor, resolution: int) -> Tensor:
    """(N, R, R) how much of each pixel N single shapes cover: shape (N,), centre (N, 2), radius (N,)."""
    at = (torch.arange(resolution, device=centre.device) + 0.5) / resolution
    x = (at[None, :] - centre[:, :1]) / radius[:, None]
    y = (at[None, :] - centre[:, 1:]) / radius[:, None]
    distance = torch.empty(len(shape), resolution, resolution, device=centre.device)
    for index, name in enumerate(words.SHAPES):
        rows = (shape == index).nonzero().flatten()
        if len(rows):
            grid = (x[rows, None, :].expand(-1, resolution, -1), y[rows, :, None].expand(-1, -1, resolution))
            distance[rows] = DISTANCES[name](*grid)
    return (0.5 - distance * radius[:, None, None] * resolution).clamp(0, 1)


def render(scenes: Scenes, resolution: int = 32) -> Tensor:
    """(B, 3, R, R) pictures in [0, 1]."""
    palette = torch.tensor(list(words.COLOURS.values()))
    backgrounds = torch.tensor(list(words.BACKGROUNDS.values()))
    picture = backgrounds[scenes.background][:, :, None, None].repeat(1, 1, resolution, resolution)
    for k in (0, 1):
        rows = (scenes.count > k).nonzero().flatten()
        if len(rows):
            alpha = coverage(scenes.shape[rows, k], scenes.centre[rows, k], scenes.radius[rows, k], resolution)[:, None]
            colour = palette[scenes.colour[rows, k]][:, :, None, None]
            picture[rows] = picture[rows] * (1 - alpha) + colour * alpha
    return picture
