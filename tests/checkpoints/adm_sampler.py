"""OpenAI's sampler written anew, with its tables in 64 bits: SpacedDiffusion of guided-diffusion, linear schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

__all__ = ["Network", "Spaced", "by_stride", "evenly"]

Network = Callable[[Tensor, Tensor], Tensor]
"""(x_t, the original timestep for each picture) -> the network's output, or a gradient."""


def evenly(steps: int) -> list[int]:
    """space_timesteps(1000, [steps]): from the first to the last."""
    stride, here, taken = 999 / (steps - 1), 0.0, []
    for _ in range(steps):
        taken.append(round(here))
        here += stride
    return taken


def by_stride(steps: int) -> list[int]:
    """space_timesteps(1000, f"ddim{steps}"): from the first in equal strides."""
    return list(range(0, 1000, 1000 // steps))


class Spaced:
    """A diffusion over some of a thousand timesteps, as if it had no others."""

    def __init__(self, taken: Sequence[int]) -> None:
        self.taken = list(taken)
        every = torch.cumprod(1 - torch.linspace(0.0001, 0.02, 1000, dtype=torch.float64), dim=0)
        self.bars = every[self.taken]
        self.previous = torch.cat([torch.ones(1, dtype=torch.float64), self.bars[:-1]])
        self.betas = 1 - self.bars / self.previous
        self.posterior = self.betas * (1 - self.previous) / (1 - self.bars)
        self.least = torch.cat([self.posterior[1:2], self.posterior[1:]]).log()

    def _clipped(self, i: int, x: Tensor, eps: Tensor) -> Tensor:
        bar = self.bars[i]
        return (x / bar.sqrt() - (1 / bar - 1).sqrt() * eps).clamp(-1, 1)

    def ancestral(
        self, network: Network, shape: Sequence[int], noise: list[Generator], slope: Network | None
    ) -> Tensor:
        """p_sample_loop with condition_mean: mu + Sigma grad, also at the last step, where Sigma is that of the last
        but one's interpolated with the betas."""
        x = torch.cat([torch.randn(1, *shape, generator=each) for each in noise])
        for i in reversed(range(len(self.taken))):
            t = torch.full((len(x),), self.taken[i])
            with torch.no_grad():
                eps, v = network(x, t).chunk(2, dim=1)
            share = (v.double() + 1) / 2
            log_variance = share * self.betas[i].log() + (1 - share) * self.least[i]
            bar, previous, beta = self.bars[i], self.previous[i], self.betas[i]
            mean = previous.sqrt() * beta / (1 - bar) * self._clipped(i, x, eps)
            mean = mean + (1 - previous) * (1 - beta).sqrt() / (1 - bar) * x
            if slope is not None:
                mean = mean + log_variance.exp() * slope(x, t)
            if i:
                z = torch.cat([torch.randn(1, *shape, generator=each) for each in noise])
                mean = mean + (0.5 * log_variance).exp() * z
            x = mean.float()
        return x

    def ddim(self, network: Network, shape: Sequence[int], noise: list[Generator], slope: Network) -> Tensor:
        """ddim_sample_loop with condition_score and eta 0: x_0 is clipped, then shifted by the score, and not clipped
        again."""
        x = torch.cat([torch.randn(1, *shape, generator=each) for each in noise])
        for i in reversed(range(len(self.taken))):
            t, bar, previous = torch.full((len(x),), self.taken[i]), self.bars[i], self.previous[i]
            with torch.no_grad():
                x_0 = self._clipped(i, x, network(x, t).chunk(2, dim=1)[0])
            eps = (x / bar.sqrt() - x_0) / (1 / bar - 1).sqrt()
            eps = eps - (1 - bar).sqrt() * slope(x, t)
            x_0 = x / bar.sqrt() - (1 / bar - 1).sqrt() * eps
            x = (previous.sqrt() * x_0 + (1 - previous).sqrt() * eps).float()
        return x
