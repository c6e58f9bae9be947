"""Where the sampler stands at a step, and what a prediction says of the clean sample there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Step", "clean_estimate", "prediction_of"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the sampler stands.

    index of total network calls; t: the scheduler's timestep; x: what the network sees, x_t = sqrt(abar_t) x_0 +
    sqrt(1 - abar_t) eps, [n, c, h, w]; alpha_bar: abar_t; prediction_type: `epsilon`, `v_prediction` or `sample`.
    """

    index: int
    total: int
    t: Tensor
    x: Tensor
    alpha_bar: float
    prediction_type: str


def clean_estimate(step: Step, prediction: Tensor) -> Tensor:
    """The picture x_0 that a prediction stands for (Salimans and Ho 2022, arXiv:2202.00512, section 4)."""
    alpha, sigma = math.sqrt(step.alpha_bar), math.sqrt(1 - step.alpha_bar)
    if step.prediction_type == "epsilon":
        return (step.x - sigma * prediction) / alpha
    if step.prediction_type == "v_prediction":
        return alpha * step.x - sigma * prediction
    return prediction


def prediction_of(step: Step, x_0: Tensor) -> Tensor:
    """The prediction that stands for the picture `x_0`: the inverse of `clean_estimate`."""
    alpha, sigma = math.sqrt(step.alpha_bar), math.sqrt(1 - step.alpha_bar)
    if step.prediction_type == "epsilon":
        return (step.x - alpha * x_0) / sigma
    if step.prediction_type == "v_prediction":
        return (alpha * step.x - x_0) / sigma
    return x_0
