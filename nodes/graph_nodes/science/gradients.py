"""Guidance by the gradient of another model: a classifier or a CLIP that was trained on noised pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from graph_nodes.science.guidance import Rule
from graph_nodes.science.step import Step, clean_estimate, prediction_of

__all__ = [
    "Gradient",
    "LogDensity",
    "Sight",
    "classifier_log_probability",
    "clip_log_density",
    "gradient",
    "with_time",
    "with_time_plane",
]

LogDensity = Callable[[Tensor, float], Tensor]
"""(x_t [n, ...], t) -> log p(y | x_t) [n], up to a constant."""
Sight = Callable[[Tensor, float], Tensor]
"""(x_t [n, c, h, w], t) -> what a CLIP of noised pictures sees in it [n, d]."""
LEAST_SIGNAL = 1e-5
"""abar, a quarter of what the linear schedule ends with, below which nothing of the picture is left in x_t, and the
score form would only enlarge the model's errors."""


def gradient(log_density: LogDensity, x: Tensor, t: float) -> Tensor:
    """grad_x log p(y | x_t), of x's shape; x may be an inference tensor."""
    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().requires_grad_()
        found: Tensor = torch.autograd.grad(log_density(x, t).sum(), x)[0]
    return found.detach()


@dataclass
class Gradient(Rule):
    """Guidance towards what another model sees in x_t (Dhariwal and Nichol 2021, arXiv:2105.05233).

    of_mean: algorithm 1, mu + s Sigma grad log p(y | x_t), for the ancestral sampler, which asks `mean_shift`; else
    algorithm 2, eps - s sqrt(1 - abar_t) grad log p(y | x_t), for every other one, stated on x_0. clip: the bound of
    x_0 where the scheduler has one, 0 for none: as in the paper's own code (condition_score of guided-diffusion) it
    holds before the shift, and not after. With a CLIP in the classifier's place it is GLIDE's CLIP
    guidance (Nichol et al. 2021, arXiv:2112.10741, section 2.3).
    """

    log_density: LogDensity
    scale: float = 1.0
    start: float = 0.0
    stop: float = 1.0
    of_mean: bool = False
    clip: float = 0.0

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        shifts = not self.of_mean and step.alpha_bar >= LEAST_SIGNAL and self._active(step)
        if not shifts and not self.clip:
            return guided
        x_0 = clean_estimate(step, guided)
        if self.clip:
            x_0 = x_0.clamp(-self.clip, self.clip)
        if shifts:
            x_0 = x_0 + self.scale * (1 - step.alpha_bar) / math.sqrt(step.alpha_bar) * self._gradient(step)
        return prediction_of(step, x_0)

    def mean_shift(self, step: Step) -> Tensor | None:
        """s grad log p(y | x_t), which the ancestral sampler multiplies with its variance; None where not asked for."""
        return self.scale * self._gradient(step) if self.of_mean and self._active(step) else None

    def _active(self, step: Step) -> bool:
        return self.scale != 0 and self.start <= step.index / step.total < self.stop

    def _gradient(self, step: Step) -> Tensor:
        return gradient(self.log_density, step.x, float(step.t))


def with_time(x: Tensor, t: float, timesteps: int = 1000) -> Tensor:
    """x_t [n, c, h, w] with the plane t / timesteps as one more channel: how a vision model is told the timestep."""
    return torch.cat([x, torch.full_like(x[:, :1], t / timesteps)], dim=1)


def classifier_log_probability(module: Any, label: int, dtype: torch.dtype, *, told: bool = False) -> LogDensity:
    """log p(label | x_t) of an image classifier of transformers that reads x_t and its time plane.

    told: of one that is called as a U-Net is, on x_t and t, and gives logits.
    """

    def log_density(x: Tensor, t: float) -> Tensor:
        if told:
            logits: Tensor = module(x.to(dtype), x.new_full((len(x),), t), return_dict=False)[0]
        else:
            logits = module(pixel_values=with_time(x, t).to(dtype)).logits
        return logits.float().log_softmax(dim=-1)[:, label]

    return log_density


def with_time_plane(module: Any, dtype: torch.dtype) -> Sight:
    """The sight of an image tower of transformers that reads x_t and its time plane."""

    def see(x: Tensor, t: float) -> Tensor:
        seen: Tensor = module(pixel_values=with_time(x, t).to(dtype)).image_embeds
        return seen

    return see


def clip_log_density(see: Sight, target: Tensor, logit_scale: float) -> LogDensity:
    """logit_scale cos(f(x_t), g): CLIP's own logit for x_t beside the text (or picture) at `target` [1 or n, d]."""
    with torch.inference_mode(False):  # what is made in inference mode has no place in a gradient
        target = functional.normalize(target.float(), dim=-1)

    def log_density(x: Tensor, t: float) -> Tensor:
        seen = see(x, t)
        return logit_scale * (functional.normalize(seen.float(), dim=-1) * target.to(seen.device)).sum(dim=-1)

    return log_density
