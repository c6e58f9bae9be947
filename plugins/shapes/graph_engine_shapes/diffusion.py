"""Diffusion as plain functions on tensors: the training target, its weight, and a small DDIM loop to watch progress.

v-prediction is Salimans & Ho 2022 (appendix D): v = alpha * noise - sigma * x0.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Predict = Callable[[Tensor, Tensor], Tensor]
"""(x_t, t) -> v or x0, as (B, C, H, W); t is (B,)."""

HIGH_NOISE_BIAS = 0.75
"""Timesteps are drawn as u ** this: layout and binding are decided while the picture is mostly noise."""
SNR_CEILING = 4.0


def timesteps(n: int, generator: torch.Generator, steps: int = 1000) -> Tensor:
    """(n,) training timesteps, stratified over the batch."""
    u = (torch.randperm(n, generator=generator) + torch.rand(n, generator=generator)) / n
    return (u.pow(HIGH_NOISE_BIAS) * steps).long().clamp(max=steps - 1)


def noisy(x0: Tensor, noise: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """(x_t, v) at the given cumulative alphas (B,)."""
    alpha = alpha_bar.sqrt()[:, None, None, None]
    sigma = (1 - alpha_bar).sqrt()[:, None, None, None]
    return alpha * x0 + sigma * noise, alpha * noise - sigma * x0


def v_loss(predicted: Tensor, v: Tensor, alpha_bar: Tensor) -> Tensor:
    """Mean squared error on v, each picture weighted min(1, SNR_CEILING / SNR): clean pictures teach the least."""
    snr = alpha_bar / (1 - alpha_bar)
    error = functional.mse_loss(predicted.float(), v, reduction="none").mean(dim=(1, 2, 3))
    return (error * (SNR_CEILING / snr).clamp(max=1)).mean()


def guided(predict: Predict, scale: float) -> Predict:
    """Classifier-free guidance (Ho & Salimans 2022) over a predictor that takes [unconditional; conditional]."""

    def combine(x: Tensor, t: Tensor) -> Tensor:
        without, conditional = predict(torch.cat([x, x]), torch.cat([t, t])).chunk(2)
        return without + scale * (conditional - without)

    return combine


def clean(predict_v: Predict, alpha_bars: Tensor) -> Predict:
    """A predictor of x0 out of a predictor of v: x0 = alpha * x - sigma * v."""

    def predict(x: Tensor, t: Tensor) -> Tensor:
        alpha_bar = alpha_bars[t][:, None, None, None]
        return alpha_bar.sqrt() * x - (1 - alpha_bar).sqrt() * predict_v(x, t)

    return predict


@torch.no_grad()
def ddim(predict_x0: Predict, x: Tensor, alpha_bars: Tensor, steps: int, *, clip: bool = True) -> Tensor:
    """Sample x0, at last in [-1, 1] where `clip` says so, from noise `x` at trailing timesteps.

    DDIM: Song et al. 2020, eq. 12, with eta 0.
    """
    total = len(alpha_bars)
    times = torch.arange(total, 0, -total / steps).round().long() - 1
    for i, t in enumerate(times):
        x0 = predict_x0(x, t.expand(len(x)))
        alpha, sigma = alpha_bars[t].sqrt(), (1 - alpha_bars[t]).sqrt()
        noise = (x - alpha * x0) / sigma
        following = alpha_bars[times[i + 1]] if i + 1 < len(times) else torch.ones(())
        x = following.sqrt() * x0 + (1 - following).sqrt() * noise
    return x.clamp(-1, 1) if clip else x
