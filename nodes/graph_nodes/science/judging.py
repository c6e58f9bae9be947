"""Judging many pictures at once by their features: Frechet distance, precision and recall; all in float64."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["coverage", "frechet_distance", "moments", "precision_and_recall", "radii"]

CHUNK = 1024
"""Rows of a distance table that are made at once."""


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """(mean [d], unbiased covariance [d, d]) of features [n, d], n >= 2."""
    features = features.double()
    centred = features - features.mean(0)
    return features.mean(0), centred.T @ centred / (len(features) - 1)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|mu_a - mu_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of features [n, d] and [m, d] (Heusel et al. 2017, eq. 6).

    The trace of (C_a C_b)^(1/2) is the sum of the roots of the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is
    symmetric: there is nothing complex to drop and no singular covariance to shift, as a general root would need.
    """
    (mu_a, c_a), (mu_b, c_b) = moments(a), moments(b)
    values, vectors = torch.linalg.eigh(c_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    product = root @ c_b @ root
    cross = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()
    distance = (mu_a - mu_b).square().sum() + c_a.trace() + c_b.trace() - 2 * cross
    return max(float(distance), 0.0)


def precision_and_recall(features: Tensor, reference: Tensor, k: int) -> tuple[float, float]:
    """How many lie on the reference's manifold, and how much of that they cover (Kynkaanniemi et al. 2019, eq. 2-3)."""
    return coverage(reference, features, k), coverage(features, reference, k)


def coverage(manifold: Tensor, points: Tensor, k: int) -> float:
    """The share of points [m, d] that lie within the ball of some sample of the manifold [n, d], n > k."""
    radius = radii(manifold, k)
    inside = [(_distances(part, manifold) <= radius).any(dim=1) for part in torch.split(points.double(), CHUNK)]
    return float(torch.cat(inside).double().mean())


def radii(samples: Tensor, k: int) -> Tensor:
    """How far the k-th nearest other sample is from each of samples [n, d], n > k: [n]."""
    # The nearest of all is the sample itself, at distance 0.
    return torch.cat(
        [_distances(part, samples).kthvalue(k + 1).values for part in torch.split(samples.double(), CHUNK)]
    )


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean, exact: the fast form by products loses the digits that decide who is nearest."""
    return torch.cdist(a, b.double(), compute_mode="donot_use_mm_for_euclid_dist")
