"""Points of CLIP's joint space: likeness, ways between them, and the directions that texts give."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["clip_scores", "cosines", "rotate", "slerp", "text_direction"]

PARALLEL = 1e-6
"""sin of an angle below which two directions count as one, and the straight line takes the place of the arc."""


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """cos(a_k, b_k) of each pair of rows [n, d], float64 [n]; one row stands for as many as the other has."""
    a, b = (functional.normalize(rows.double(), dim=-1) for rows in _paired(a, b))
    # Row by row, so that the bits of a row do not depend on how many there are.
    return torch.stack([torch.dot(row.contiguous(), other.contiguous()) for row, other in zip(a, b, strict=True)])


def _paired(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both with as many rows as the longer one has."""
    n = max(len(a), len(b))
    return a.expand(n, -1), b.expand(n, -1)


def clip_scores(cosine: Tensor, w: float = 2.5) -> Tensor:
    """CLIPScore: w * max(cos, 0) (Hessel et al. 2021, arXiv:2104.08718, section 3)."""
    return w * cosine.clamp(min=0)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Spherical interpolation between rows of a and b [n, d]: a at t = 0, b at t = 1 (Shoemake 1985).

    sin((1 - t) theta) / sin(theta) a + sin(t theta) / sin(theta) b of the unit vectors, theta the angle between them;
    the length goes evenly from that of a to that of b. Rows that are parallel, or zero, take the straight line. Rows
    that are opposite have no shortest way: the caller asks for none.
    """
    first, second = _paired(a.double(), b.double())
    lengths = first.norm(dim=-1, keepdim=True), second.norm(dim=-1, keepdim=True)
    unit = first / lengths[0].clamp(min=1e-300), second / lengths[1].clamp(min=1e-300)
    # The angle by both its sine and its cosine: acos alone is coarse near 0 and pi.
    theta = 2 * torch.atan2(
        (unit[0] - unit[1]).norm(dim=-1, keepdim=True), (unit[0] + unit[1]).norm(dim=-1, keepdim=True)
    )
    sine = torch.sin(theta)
    arc = (torch.sin((1 - t) * theta) * unit[0] + torch.sin(t * theta) * unit[1]) / sine.clamp(min=PARALLEL)
    length = (1 - t) * lengths[0] + t * lengths[1]
    line = (1 - t) * first + t * second
    straight = (sine < PARALLEL) | (lengths[0] == 0) | (lengths[1] == 0)
    return torch.where(straight, line, length * arc).to(a.dtype)


def text_direction(start: Tensor, target: Tensor) -> Tensor:
    """z_d = norm(z_t - z_t0), from a caption's embedding to another's (Ramesh et al. 2022, section 3.3)."""
    start, target = functional.normalize(start.double(), dim=-1), functional.normalize(target.double(), dim=-1)
    return functional.normalize(target - start, dim=-1).float()


def rotate(z_i: Tensor, z_d: Tensor, theta: float) -> Tensor:
    """slerp(z_i, z_d, theta): a picture's embedding turned towards a text direction, its length kept (section 3.3)."""
    return slerp(z_i, z_d * z_i.norm(dim=-1, keepdim=True), theta)
