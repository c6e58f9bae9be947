"""Random scenes of the shapes world, as tensors: one or two objects and a background, laid out without overlap.

Units: positions and radii are fractions of the picture's side, x to the right and y down.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from graph_engine_shapes import words
from graph_engine_shapes.captions import Wanted

HeldOut = Literal["exclude", "only", "any"]
EXTENT = 1.13
"""No shape reaches further from its centre along x or y than this times its radius."""
GAP = 0.055
MARGIN = 0.010
RADIUS_JITTER = 0.03


@dataclass(frozen=True)
class Scenes:
    """A batch of B scenes; indices point into the tuples of `words`. Object 1 is meaningless where count is 1."""

    count: Tensor
    """(B,) 1 or 2."""
    shape: Tensor
    """(B, 2)"""
    colour: Tensor
    """(B, 2)"""
    size: Tensor
    """(B, 2)"""
    background: Tensor
    """(B,)"""
    relation: Tensor
    """(B,) where object 0 lies as seen from object 1; meaningless where count is 1."""
    centre: Tensor
    """(B, 2, 2) object, then (x, y)."""
    radius: Tensor
    """(B, 2)"""

    def __len__(self) -> int:
        return len(self.count)

    def take(self, index: Tensor) -> Scenes:
        """The scenes at `index` (integers or a mask)."""
        return Scenes(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def join(parts: list[Scenes]) -> Scenes:
        """All scenes of `parts`, in order."""
        return Scenes(**{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Scenes)})


@cache
def _held_out_tables() -> tuple[Tensor, Tensor]:
    """Masks over (kind, background) and (kind, kind), a kind being shape * colours + colour."""
    kinds, ones, pairs = words.kinds(), words.held_out_ones(), words.held_out_pairs()
    one = [[(*kind, b) in ones for b in words.BACKGROUNDS] for kind in kinds]
    pair = [[(*a, *b) in pairs or (*b, *a) in pairs for b in kinds] for a in kinds]
    return torch.tensor(one), torch.tensor(pair)


def held_out(scenes: Scenes) -> Tensor:
    """(B,) whether any combination in the scene is kept out of training."""
    one, pair = _held_out_tables()
    kind = scenes.shape * len(words.COLOURS) + scenes.colour
    first, second = one[kind[:, 0], scenes.background], one[kind[:, 1], scenes.background]
    return first | ((scenes.count == 2) & (second | pair[kind[:, 0], kind[:, 1]]))


def random_scenes(n: int, generator: torch.Generator, two: float = 0.5, held: HeldOut = "exclude") -> Scenes:
    """Draw `n` scenes, each with two objects at probability `two`; `held` says what to do with held-out combinations.

    "exclude" is for training, "only" for the held-out evaluation.
    """
    parts: list[Scenes] = []
    have = 0
    while have < n:
        drawn = _draw(max(64, (n - have) * (12 if held == "only" else 2)), generator, two)
        keep = (drawn.count == 1) | ~_same_kind(drawn)
        if held != "any":
            keep &= held_out(drawn) == (held == "only")
        drawn = drawn.take(keep)
        parts.append(drawn)
        have += len(drawn)
    return Scenes.join(parts).take(torch.arange(n))


def _same_kind(scenes: Scenes) -> Tensor:
    return (scenes.shape[:, 0] == scenes.shape[:, 1]) & (scenes.colour[:, 0] == scenes.colour[:, 1])


def scenes_of(wanted: Wanted, n: int, generator: torch.Generator) -> Scenes:
    """Draw `n` scenes that show what a caption asks for, the rest at random; an object at least must be asked for."""
    if not 1 <= len(wanted.objects) <= 2:
        raise ValueError(f"the shapes world draws one or two objects, and the prompt names {len(wanted.objects)}")
    drawn = _draw(n, generator, two=float(len(wanted.objects) == 2))
    for k, asked in enumerate(wanted.objects):
        drawn.shape[:, k] = words.SHAPES.index(asked.shape)
        if asked.colour:
            drawn.colour[:, k] = words.COLOUR_NAMES.index(asked.colour)
        if asked.size:
            drawn.size[:, k] = words.SIZE_NAMES.index(asked.size)
    if wanted.background:
        drawn.background[:] = words.BACKGROUND_NAMES.index(wanted.background)
    if wanted.relation:
        drawn.relation[:] = words.RELATIONS.index(wanted.relation)
    return _laid_out(drawn, generator)


def _draw(n: int, generator: torch.Generator, two: float) -> Scenes:
    def pick(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=generator)

    count = 1 + (torch.rand(n, generator=generator) < two).long()
    size, relation = pick(len(words.SIZES), n, 2), pick(len(words.RELATIONS), n)
    shape, colour = pick(len(words.SHAPES), n, 2), pick(len(words.COLOURS), n, 2)
    background = pick(len(words.BACKGROUNDS), n)
    nowhere = torch.zeros(n, 2, 2)
    return _laid_out(Scenes(count, shape, colour, size, background, relation, nowhere, nowhere[:, 0]), generator)


def _laid_out(scenes: Scenes, generator: torch.Generator) -> Scenes:
    """The same scenes with radii after the sizes and centres after the relation."""
    jitter = 1 + RADIUS_JITTER * (2 * torch.rand(len(scenes), 2, generator=generator) - 1)
    radius = torch.tensor(list(words.SIZES.values()))[scenes.size] * jitter
    apart = _lay_out_two(radius, scenes.relation, generator)
    centre = torch.where((scenes.count == 2)[:, None, None], apart, _lay_out_one(radius, generator))
    return replace(scenes, radius=radius, centre=centre)


def _between(low: Tensor, high: Tensor, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(low.shape, generator=generator)


def _lay_out_one(radius: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 2, 2) centres: anywhere that keeps the object inside and not far from the middle."""
    edge = (radius * EXTENT + MARGIN).clamp(min=0.32)[:, :, None].expand(-1, -1, 2)
    return _between(edge, 1 - edge, generator)


def _lay_out_two(radius: Tensor, relation: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 2, 2) centres: apart along the relation's axis, about level along the other."""
    near_first = (relation == 0) | (relation == 2)
    extent = radius * EXTENT
    near, far = torch.where(near_first, extent[:, 0], extent[:, 1]), torch.where(near_first, extent[:, 1], extent[:, 0])
    free = (1 - 2 * MARGIN - GAP - 2 * (near + far)).clamp(min=0)
    cuts = torch.rand(len(radius), 2, generator=generator).sort(dim=1).values * free[:, None]
    near_at = MARGIN + cuts[:, 0] + near
    far_at = MARGIN + cuts[:, 1] + 2 * near + GAP + far
    along = torch.stack([torch.where(near_first, near_at, far_at), torch.where(near_first, far_at, near_at)], dim=1)
    edge = (extent + MARGIN).clamp(min=0.40)
    across = _between(edge, 1 - edge, generator)
    vertical = (relation < 2)[:, None]
    return torch.stack([torch.where(vertical, across, along), torch.where(vertical, along, across)], dim=2)
