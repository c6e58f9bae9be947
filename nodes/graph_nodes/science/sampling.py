"""The one sampler: from noise to a sample, for every space and every system.

The network is a callable, guidance is a wrapper on it, the scheduler is diffusers' own: the loop knows of no text, no
classes and no pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from graph_nodes.science.guidance import Guide, Step, clean_estimate
from graph_nodes.science.schedules import step_options

__all__ = [
    "Conditions",
    "Network",
    "OnStep",
    "Predict",
    "generators_for",
    "guided",
    "initial_noise",
    "noised",
    "sample",
]

Conditions = Mapping[str, Tensor]
"""What a network is told beside x_t, by name; each tensor has the batch as its first dimension."""
Network = Callable[[Tensor, Tensor, Conditions], Tensor]
"""(x_t [n, c, h, w], t, conditions) -> prediction [n, c or 2c, h, w]."""
Predict = Callable[[Step], Tensor]
"""A step -> what the scheduler is given."""
OnStep = Callable[[int, int, Callable[[], Tensor]], None]
"""(calls done, calls in all, the estimate of x_0 on demand); an exception from it ends the sampling."""


def generators_for(seed: int, count: int) -> list[torch.Generator]:
    """One CPU generator per picture: picture k of a batch has the noise of seed + k, on any device."""
    return [torch.Generator().manual_seed(seed + k) for k in range(count)]


def initial_noise(shape: Sequence[int], generators: Sequence[torch.Generator]) -> Tensor:
    """x_T ~ N(0, I), float32 [len(generators), *shape], each picture from its own generator."""
    return torch.cat([torch.randn((1, *shape), generator=generator) for generator in generators])


def noised(x_0: Tensor, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps (Ho et al. 2020, eq. 4); alpha_bar: one number per row."""
    alpha_bar = alpha_bar.view(-1, *(1,) * (x_0.ndim - 1))
    return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * eps


def guided(
    network: Network,
    guide: Guide,
    conditional: Conditions,
    unconditional: Conditions | None,
    *,
    channels: int,
    keep_variance: bool,
) -> Predict:
    """The network under guidance, as one function of the step.

    Where guidance needs both predictions the network is called once on [unconditional; conditional]. A learned
    variance (prediction of 2 x channels) is never guided: it is the conditional half's, and it is dropped when the
    scheduler does not take it (keep_variance False).
    """
    both = _doubled(unconditional, conditional) if unconditional is not None else None

    def predict(step: Step) -> Tensor:
        if both is not None and guide.wants_unconditional(step.index, step.total):
            output = network(torch.cat([step.x, step.x]), step.t, both)
            without, with_condition = output[:, :channels].chunk(2)
            variance = output[output.shape[0] // 2 :, channels:]
        else:
            output = network(step.x, step.t, conditional)
            without, with_condition, variance = None, output[:, :channels], output[:, channels:]
        prediction = guide(step, with_condition, without)
        return torch.cat([prediction, variance], dim=1) if keep_variance and variance.shape[1] else prediction

    return predict


def _doubled(unconditional: Conditions, conditional: Conditions) -> dict[str, Tensor]:
    return {name: torch.cat([unconditional[name], conditional[name]]) for name in conditional}


def sample(
    predict: Predict,
    scheduler: Any,
    x: Tensor,
    generators: Sequence[torch.Generator],
    *,
    eta: float = 0.0,
    on_step: OnStep | None = None,
) -> Tensor:
    """Denoise `x` along the scheduler's timesteps; returns x_0, float32 of x's shape.

    x: noise of unit variance [n, ...]; scheduler: fresh, its timesteps set; generators: one per row of x, for the
    noise that stochastic schedulers add; eta: DDIM's share of it (Song et al. 2020, eq. 16).
    """
    options = step_options(scheduler, generators, eta)
    timesteps = scheduler.timesteps
    total = len(timesteps)
    alpha_bars = scheduler.alphas_cumprod.tolist()
    x = x * scheduler.init_noise_sigma
    for index, t in enumerate(timesteps):
        x_t = scheduler.scale_model_input(x, t)
        alpha_bar = alpha_bars[min(round(float(t)), len(alpha_bars) - 1)]
        step = Step(index, total, t, x_t, alpha_bar, scheduler.config.prediction_type)
        output = predict(step)
        x = scheduler.step(output, t, x, **options, return_dict=False)[0]
        if on_step:
            on_step(index + 1, total, partial(_estimate, step, output))
    return x


def _estimate(step: Step, output: Tensor) -> Tensor:
    return clean_estimate(step, output[:, : step.x.shape[1]])
