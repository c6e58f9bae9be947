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
    sqrt(1 - abar_t) eps, [n, c, h, w]; alpha_bar: abar_t; prediction_type: `epsilon`, `v_prediction`, `sample` or
    `flow`: there x_t = (1 - sigma) x_0 + sigma eps, and the prediction is eps - x_0 (Lipman et al. 2022,
    arXiv:2210.02747; Esser et al. 2024, arXiv:2403.03206, section 2).
    """

    index: int
    total: int
    t: Tensor
    x: Tensor
    alpha_bar: float
    prediction_type: str
    sigma: float = 0.0


def clean_estimate(step: Step, prediction: Tensor) -> Tensor:
    """The picture x_0 that a prediction stands for (Salimans and Ho 2022, arXiv:2202.00512, section 4)."""
    if step.prediction_type == "flow":
        return step.x - step.sigma * prediction
    alpha, sigma = math.sqrt(step.alpha_bar), math.sqrt(1 - step.alpha_bar)
    if step.prediction_type == "epsilon":
        return (step.x - sigma * prediction) / alpha
    if step.prediction_type == "v_prediction":
        return alpha * step.x - sigma * prediction
    return prediction


def prediction_of(step: Step, x_0: Tensor) -> Tensor:
    """The prediction that stands for the picture `x_0`: the inverse of `clean_estimate`."""
    if step.prediction_type == "flow":
        return (step.x - x_0) / step.sigma
    alpha, sigma = math.sqrt(step.alpha_bar), math.sqrt(1 - step.alpha_bar)
    if step.prediction_type == "epsilon":
        return (step.x - alpha * x_0) / sigma
    if step.prediction_type == "v_prediction":
        return (alpha * step.x - x_0) / sigma
    return x_0
