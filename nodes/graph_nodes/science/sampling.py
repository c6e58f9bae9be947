"""The one sampler: from noise to a sample, for every space and every system.

The network is a callable, guidance is a wrapper on it, the scheduler is diffusers' own: the loop knows of no text, no
classes and no pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from graph_nodes.science.guidance import Guide
from graph_nodes.science.schedules import ancestral_variance, is_flow, step_options, wants_next
from graph_nodes.science.step import Step, clean_estimate

__all__ = [
    "Conditions",
    "Known",
    "Network",
    "OnStep",
    "Predict",
    "begin_at",
    "generators_for",
    "guided",
    "initial_noise",
    "noised",
    "noised_to",
    "sample",
]

Conditions = Mapping[str, Tensor]
"""What a network is told beside x_t, by name; each tensor has the batch as its first dimension."""
Network = Callable[[Tensor, Tensor, Conditions], Tensor]
"""(x_t [n, c, h, w], t, conditions) -> prediction [n, c or 2c, h, w]."""
Predict = Callable[[Step], Tensor]
"""A step -> what the scheduler is given."""
Shift = Callable[[Step], "Tensor | None"]
"""A step -> what the ancestral sampler adds to its mean, in units of its variance."""
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


@dataclass(frozen=True)
class Known:
    """What must stay of a sample while the rest is made: inpainting with a model that knows nothing of masks.

    x_0, noise: [n, ...]; mask: [n, 1, h, w], 1 where the sample may change. At every step the known part is noised as
    far as the sample is and pasted in (Lugmayr et al. 2022, arXiv:2201.09865, eq. 8), at the end it is x_0 itself.
    clean: it is x_0 all along, as DeepFloyd IF has it.
    """

    x_0: Tensor
    noise: Tensor
    mask: Tensor
    clean: bool = False

    def hold(self, x: Tensor, scheduler: Any, t: Tensor | None) -> Tensor:
        """`x` with the known part at timestep `t`; t None: after the last step."""
        known = self.x_0 if t is None or self.clean else noised_to(scheduler, self.x_0, self.noise, t[None])
        return (1 - self.mask) * known + self.mask * x


def begin_at(scheduler: Any, steps: int, strength: float) -> int:
    """The index of the timestep from which image-to-image starts: the last `strength` of the steps are made.

    As in diffusers' image-to-image pipelines, which round one way for diffusion and another for flows; at least one
    step is made. The scheduler is told.
    """
    left = int(steps - steps * strength) if is_flow(scheduler) else steps - int(steps * strength)
    begin = min(max(left, 0), steps - 1) * int(scheduler.order)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    return begin


def sample(
    predict: Predict,
    scheduler: Any,
    x: Tensor,
    generators: Sequence[torch.Generator],
    *,
    eta: float = 0.0,
    begin: int = 0,
    end: int | None = None,
    known: Known | None = None,
    resample: int = 1,
    mean_shift: Shift | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Denoise `x` along the scheduler's timesteps from number `begin` on, up to number `end` where another model
    takes over; returns x_0 (or x_t where it ends before), float32 of x's shape.

    x: the sample at the first of these timesteps, at the start noise times init_noise_sigma; scheduler: fresh, its
    timesteps set; generators: one per row of x, for the noise that stochastic schedulers add; eta: DDIM's share of it
    (Song et al. 2020, eq. 16). known: what must stay; resample: each step is made so often, noised again in between
    (Lugmayr et al. 2022, algorithm 1; for schedulers in variance-preserving form without memory). mean_shift: what is
    added to each step in units of its variance (Dhariwal and Nichol 2021, algorithm 1; for the ancestral sampler).
    """
    options = step_options(scheduler, generators, eta)
    told_next = wants_next(scheduler)
    timesteps = scheduler.timesteps[begin:end]
    total = resample * (len(timesteps) - 1) + 1
    done = 0
    for k, t in enumerate(timesteps):
        following = timesteps[k + 1] if k + 1 < len(timesteps) else None
        repeats = resample if following is not None else 1
        for repeat in range(repeats):
            step = _stand(scheduler, x, t, done, total)
            output = predict(step)
            if told_next:
                options["prev_timestep"] = following
            x = scheduler.step(output, t, x, **options, return_dict=False)[0]
            shift = mean_shift(step) if mean_shift else None
            if shift is not None:
                x = x + ancestral_variance(scheduler, t, output[:, shift.shape[1] :]) * shift
            if known:
                x = known.hold(x, scheduler, following)
            done += 1
            if on_step:
                on_step(done, total, partial(_estimate, step, output))
            if repeat + 1 < repeats and following is not None:
                x = _noised_again(scheduler, x, t, following, generators)
    return x


def noised_to(scheduler: Any, x_0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_0 with as much noise as the scheduler has at timestep t [1]."""
    mixed: Tensor = scheduler.scale_noise(x_0, t, noise) if is_flow(scheduler) else scheduler.add_noise(x_0, noise, t)
    return mixed


def _stand(scheduler: Any, x: Tensor, t: Tensor, index: int, total: int) -> Step:
    if is_flow(scheduler):
        sigma = float(t) / scheduler.config.num_train_timesteps
        return Step(index, total, t, x, (1 - sigma) ** 2, "flow", sigma)
    alpha_bars = scheduler.alphas_cumprod
    alpha_bar = float(alpha_bars[min(round(float(t)), len(alpha_bars) - 1)])
    return Step(index, total, t, scheduler.scale_model_input(x, t), alpha_bar, scheduler.config.prediction_type)


def _noised_again(
    scheduler: Any, x: Tensor, t: Tensor, following: Tensor, generators: Sequence[torch.Generator]
) -> Tensor:
    """From the following timestep back to t, x_t ~ q(x_t | x_following)."""
    alpha_bars = scheduler.alphas_cumprod
    alpha = (alpha_bars[int(t)] / alpha_bars[int(following)]).expand(len(x))
    eps = initial_noise(x.shape[1:], generators).to(x.device)
    return noised(x, eps, alpha.to(x.device))


def _estimate(step: Step, output: Tensor) -> Tensor:
    return clean_estimate(step, output[:, : step.x.shape[1]])
