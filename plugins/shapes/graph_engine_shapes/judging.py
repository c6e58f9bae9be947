"""The judge: reads a picture of the shapes world back, without any weights.

Background from the border's median; objects as connected regions that differ from it; colour by the palette; shape by
soft overlap with each shape's rendering at the same area and centroid; size by the radius which that area implies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional

from graph_engine_shapes import words
from graph_engine_shapes.captions import Wanted, WantedObject, parse
from graph_engine_shapes.drawing import coverage

FOREGROUND = 0.22
"""RGB distance from the background at which a pixel belongs to an object."""
SMALLEST_AREA = 0.010
"""Regions under this part of the picture are specks, not objects."""
BETWEEN_SIZES = (words.SIZES["small"] * words.SIZES["large"]) ** 0.5


@dataclass(frozen=True)
class SeenObject:
    """One object as the judge sees it; positions and radius in fractions of the side."""

    shape: str
    colour: str
    size: str
    centre: tuple[float, float]
    radius: float
    overlap: float
    """Soft intersection over union with the ideal shape, 0 to 1."""


@dataclass(frozen=True)
class Seen:
    """What the judge sees in one picture: its background and its objects, largest first."""

    background: str
    objects: tuple[SeenObject, ...]


@cache
def _shape_facts() -> tuple[Tensor, Tensor]:
    """(area / radius^2, (centroid - centre) / radius) of each shape, measured once on a fine rendering."""
    index = torch.arange(len(words.SHAPES))
    fine, radius = 256, 0.4
    alpha = coverage(index, torch.full((len(index), 2), 0.5), torch.full((len(index),), radius), fine)
    mass, centroid = _moments(alpha)
    return mass / radius**2, (centroid - 0.5) / radius


def _moments(alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Area (N,) and centroid (N, 2) as fractions of the side, of soft masks (N, R, R)."""
    resolution = alpha.shape[-1]
    at = (torch.arange(resolution) + 0.5) / resolution
    mass = alpha.sum(dim=(1, 2)).clamp(min=1e-6)
    x, y = (alpha.sum(dim=1) * at).sum(1) / mass, (alpha.sum(dim=2) * at).sum(1) / mass
    return mass / resolution**2, torch.stack([x, y], dim=1)


def _nearest(colours: Tensor, palette: dict[str, tuple[float, float, float]]) -> Tensor:
    return torch.cdist(colours, torch.tensor(list(palette.values()))).argmin(dim=1)


def _border_median(pictures: Tensor) -> Tensor:
    """(B, 3) the median colour of the outermost ring of pixels."""
    ring = [pictures[:, :, 0], pictures[:, :, -1], pictures[:, :, :, 0], pictures[:, :, :, -1]]
    return torch.cat(ring, dim=2).median(dim=2).values


def regions(mask: Tensor) -> Tensor:
    """Connected regions of masks (B, R, R), 4-neighbours: 0 outside, else the region's highest pixel number."""
    _, height, width = mask.shape
    inside = mask.float()
    label = inside * torch.arange(1, height * width + 1).view(1, height, width)
    while True:
        wide = functional.max_pool2d(label[:, None], (1, 3), 1, (0, 1))[:, 0]
        tall = functional.max_pool2d(label[:, None], (3, 1), 1, (1, 0))[:, 0]
        spread = torch.maximum(wide, tall) * inside
        if torch.equal(spread, label):
            return label.long()
        label = spread


def see(pictures: Tensor) -> list[Seen]:
    """Read pictures (B, 3, R, R) in [0, 1] back."""
    pictures = pictures.detach().float().cpu().clamp(0, 1)
    border = _border_median(pictures)
    backgrounds = _nearest(border, words.BACKGROUNDS)
    away = (pictures - border[:, :, None, None]).norm(dim=1)
    labels = regions(away > FOREGROUND)
    owners, masks = [], []
    for i in range(len(pictures)):
        found, area = labels[i].unique(return_counts=True)
        least = SMALLEST_AREA * labels[i].numel()
        for label in found[(found > 0) & (area >= least)]:
            owners.append(i)
            masks.append(labels[i] == label)
    objects: list[list[SeenObject]] = [[] for _ in range(len(pictures))]
    if owners:
        owner = torch.tensor(owners)
        for i, seen in zip(owners, _describe(pictures[owner], border[owner], torch.stack(masks)), strict=True):
            objects[i].append(seen)
    return [
        Seen(words.BACKGROUND_NAMES[b], tuple(sorted(found, key=lambda o: -o.radius)))
        for b, found in zip(backgrounds.tolist(), objects, strict=True)
    ]


def _describe(pictures: Tensor, background: Tensor, masks: Tensor) -> list[SeenObject]:
    """One object for each mask (N, R, R) over its picture (N, 3, R, R) and background colour (N, 3)."""
    inner = (1 - functional.max_pool2d(1 - masks[:, None].float(), 3, 1, 1)) > 0.5
    inner = torch.where(inner.any(dim=(2, 3), keepdim=True), inner, masks[:, None])
    ink = torch.stack([p[:, m[0]].median(dim=1).values for p, m in zip(pictures, inner, strict=True)])
    colour = _nearest(ink, words.COLOURS)
    toward = (ink - background)[:, :, None, None]
    alpha = ((pictures - background[:, :, None, None]) * toward).sum(1) / toward.square().sum(1).clamp(min=1e-6)
    near = functional.max_pool2d(masks[:, None].float(), 3, 1, 1)[:, 0]
    alpha = alpha.clamp(0, 1) * near
    area, centroid = _moments(alpha)
    overlap, radius = _overlaps(alpha, area, centroid)
    best = overlap.argmax(dim=1)
    return [
        _seen(int(s), int(c), float(radius[n, s]), centroid[n], float(overlap[n, s]))
        for n, (s, c) in enumerate(zip(best.tolist(), colour.tolist(), strict=True))
    ]


def _overlaps(alpha: Tensor, area: Tensor, centroid: Tensor) -> tuple[Tensor, Tensor]:
    """(N, shapes) soft overlap with each shape at this area and centroid, and the radius that it would have."""
    n, shapes, resolution = len(alpha), len(words.SHAPES), alpha.shape[-1]
    area_factor, offset = _shape_facts()
    radius = (area[:, None] / area_factor).sqrt()
    centre = centroid[:, None] - offset * radius[:, :, None]
    index = torch.arange(shapes).repeat(n)
    ideal = coverage(index, centre.flatten(0, 1), radius.flatten(), resolution).view(n, shapes, resolution, resolution)
    seen = alpha[:, None]
    union = torch.maximum(seen, ideal).sum(dim=(2, 3))
    return torch.minimum(seen, ideal).sum(dim=(2, 3)) / union, radius


def _seen(shape: int, colour: int, radius: float, centre: Tensor, overlap: float) -> SeenObject:
    size = "small" if radius < BETWEEN_SIZES else "large"
    at = (round(float(centre[0]), 4), round(float(centre[1]), 4))
    return SeenObject(words.SHAPES[shape], words.COLOUR_NAMES[colour], size, at, round(radius, 4), round(overlap, 4))


def relation_of(first: SeenObject, second: SeenObject) -> str:
    """Where `first` lies as seen from `second`, along the axis in which they are further apart."""
    dx, dy = first.centre[0] - second.centre[0], first.centre[1] - second.centre[1]
    if abs(dy) > abs(dx):
        return "above" if dy < 0 else "below"
    return "left of" if dx < 0 else "right of"


@dataclass(frozen=True)
class Verdict:
    """What of a prompt came true; each part is the share of its attributes that are right (1.0 where none is asked)."""

    count: bool
    colour: float
    shape: float
    size: float
    relation: bool
    background: bool

    @property
    def objects(self) -> bool:
        """As many objects as asked for, each of the right shape and colour."""
        return self.count and self.colour == 1 and self.shape == 1

    @property
    def obeyed(self) -> bool:
        """Objects and background right: the figure for one-object prompts."""
        return self.objects and self.background

    @property
    def everything(self) -> bool:
        """Sizes and relation right as well."""
        return self.obeyed and self.size == 1 and self.relation


def judge(seen: Seen, prompt: str | Wanted) -> Verdict:
    """Hold what was seen against a prompt; of all ways to match the objects, the one with most attributes right."""
    wanted = parse(prompt) if isinstance(prompt, str) else prompt
    count = len(seen.objects) == len(wanted.objects)
    background = wanted.background in (None, seen.background)
    best = Verdict(count, 0.0, 0.0, 0.0, False, background)
    slots: list[SeenObject | None] = [*seen.objects, *([None] * (len(wanted.objects) - len(seen.objects)))]
    for order in permutations(slots, len(wanted.objects)):
        verdict = _match(order, wanted, count, background)
        best = max(best, verdict, key=lambda v: (v.objects, v.colour + v.shape, v.size + v.relation))
    return best


def _match(order: tuple[SeenObject | None, ...], wanted: Wanted, count: bool, background: bool) -> Verdict:
    pairs = list(zip(order, wanted.objects, strict=True))

    def share(name: str) -> float:
        return sum(_right(seen, want, name) for seen, want in pairs) / max(len(pairs), 1)

    relation = wanted.relation is None
    if not relation and order[0] is not None and order[1] is not None:
        relation = relation_of(order[0], order[1]) == wanted.relation
    return Verdict(count, share("colour"), share("shape"), share("size"), relation, background)


def _right(seen: SeenObject | None, want: WantedObject, name: str) -> bool:
    return seen is not None and getattr(want, name) in (None, getattr(seen, name))


def report(seen: Seen, verdict: Verdict) -> str:
    """One line on one picture: what it shows, and what of the prompt is missing."""
    objects = ", ".join(f"{o.size} {o.colour} {o.shape}" for o in seen.objects) or "nothing"
    relation = f", the first {relation_of(*seen.objects)} the second" if len(seen.objects) == 2 else ""
    facts = {
        name: float(getattr(verdict, name)) for name in ("count", "colour", "shape", "size", "relation", "background")
    }
    wrong = ", ".join(name for name, right in facts.items() if right < 1)
    return f"{objects}{relation}, on {seen.background}: " + (f"wrong: {wrong}" if wrong else "all right")
