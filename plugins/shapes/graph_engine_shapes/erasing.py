"""Random erasures of pictures: what an inpainting model must draw anew. 1 is erased, 0 is known.

Units are those of scenes: fractions of the picture's side, x to the right and y down.
"""

from __future__ import annotations

import torch
from torch import Tensor

from graph_engine_shapes.drawing import coverage
from graph_engine_shapes.scenes import EXTENT, Scenes

WHOLE = 0.12
"""Part of the pictures that are erased altogether: there the model draws from the text alone, as the base does."""
OBJECT = 0.68
"""Part of the pictures in which one object at least is erased wholly; the rest lose anything."""
STROKE = 0.3
"""Of that rest, the part that loses brush strokes, and no rectangle or ellipse."""

BAND = 0.2
"""Of patches around an object, the part that reaches three borders: all above, below or beside some line."""


def random_masks(scenes: Scenes, generator: torch.Generator, resolution: int) -> Tensor:
    """(B, 1, R, R) one erasure for each scene."""
    n = len(scenes)
    kind = torch.rand(n, generator=generator)
    anywhere = _patches(*_anywhere(n, generator), generator, resolution)
    strokes = _strokes(n, generator, resolution)
    masks = torch.where(_some(n, STROKE, generator), strokes, anywhere)
    masks = torch.where((kind < WHOLE + OBJECT)[:, None, None], _objects(scenes, generator, resolution), masks)
    return torch.where((kind < WHOLE)[:, None, None], torch.ones(()), masks)[:, None]


def hidden(scenes: Scenes, masks: Tensor) -> Tensor:
    """(B, 2) how much of each object's area is erased, 0 to 1; 0 for an object that is not there."""
    parts = []
    for k in (0, 1):
        alpha = coverage(scenes.shape[:, k], scenes.centre[:, k], scenes.radius[:, k], masks.shape[-1])
        there = (scenes.count > k).float()
        parts.append(there * (alpha * masks[:, 0]).sum(dim=(1, 2)) / alpha.sum(dim=(1, 2)).clamp(min=1e-6))
    return torch.stack(parts, dim=1)


def box(centre: Tensor, half: Tensor, resolution: int) -> Tensor:
    """(B, R, R) rectangles of centre (B, 2) and half sides (B, 2)."""
    x, y = _distance(centre, half, resolution)
    return ((x <= 1) & (y <= 1)).float()


def _distance(centre: Tensor, half: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    """How far each pixel lies from the centre along x (B, 1, R) and y (B, R, 1), in half sides."""
    at = (torch.arange(resolution) + 0.5) / resolution
    offset = (at[None, None] - centre[:, :, None]).abs() / half[:, :, None]
    return offset[:, 0, None, :], offset[:, 1, :, None]


def _some(n: int, part: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=generator) < part)[:, None, None]


def _patches(centre: Tensor, half: Tensor, generator: torch.Generator, resolution: int) -> Tensor:
    """Rectangles, and in part the ellipses around them, so that both cover what the rectangle covers."""
    x, y = _distance(centre, half, resolution)
    ellipse = (x.square() + y.square() <= 2).float()
    return torch.where(_some(len(centre), 0.35, generator), ellipse, box(centre, half, resolution))


def _anywhere(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return torch.rand(n, 2, generator=generator), 0.08 + 0.3 * torch.rand(n, 2, generator=generator)


def _objects(scenes: Scenes, generator: torch.Generator, resolution: int) -> Tensor:
    """A patch with room around one object; now and then it goes on to the border, or the other object goes too."""
    n = len(scenes)
    rows, k = torch.arange(n), (torch.rand(n, generator=generator) * scenes.count).long()
    first = _around(scenes.centre[rows, k], scenes.radius[rows, k], generator, resolution)
    second = _around(scenes.centre[rows, 1 - k], scenes.radius[rows, 1 - k], generator, resolution)
    both = _some(n, 0.12, generator) & (scenes.count == 2)[:, None, None]
    return torch.where(both, torch.maximum(first, second), first)


def _around(centre: Tensor, radius: Tensor, generator: torch.Generator, resolution: int) -> Tensor:
    n = len(centre)
    reach = (radius * EXTENT + 0.02)[:, None]
    low = centre - reach - 0.22 * torch.rand(n, 2, generator=generator).square()
    high = centre + reach + 0.22 * torch.rand(n, 2, generator=generator).square()
    to_border = torch.rand(n, 4, generator=generator) < 0.1
    kept = torch.randint(4, (n, 1), generator=generator) == torch.arange(4)
    to_border = torch.where(_some(n, BAND, generator)[:, 0], ~kept, to_border)
    low, high = torch.where(to_border[:, :2], 0.0, low), torch.where(to_border[:, 2:], 1.0, high)
    return _patches((low + high) / 2, (high - low) / 2, generator, resolution)


def _strokes(n: int, generator: torch.Generator, resolution: int) -> Tensor:
    """Two joined thick lines between random points."""
    at = (torch.arange(resolution) + 0.5) / resolution
    pixel = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1)[None]
    points = torch.rand(n, 3, 1, 1, 2, generator=generator)
    width = 0.03 + 0.09 * torch.rand(n, 1, 1, generator=generator)
    near = []
    for start, end in ((points[:, 0], points[:, 1]), (points[:, 1], points[:, 2])):
        along = ((pixel - start) * (end - start)).sum(-1) / (end - start).square().sum(-1).clamp(min=1e-6)
        near.append((pixel - start - along.clamp(0, 1)[..., None] * (end - start)).norm(dim=-1) < width)
    return (near[0] | near[1]).float()
