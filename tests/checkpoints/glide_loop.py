"""GLIDE's sampling loops, written anew from glide_text2im/gaussian_diffusion.py and respace.py.

What the nodes' scheduler and rules have to come to. Coefficients are made in double precision and applied in single, as
there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Loop", "fast27", "linear", "space", "squared_cosine"]


def linear() -> Tensor:
    """The upsamplers' betas."""
    return torch.linspace(1e-4, 2e-2, 1000, dtype=torch.float64)


def squared_cosine() -> Tensor:
    """The base models' betas (Nichol and Dhariwal 2021, eq. 17)."""
    bars = torch.cos((torch.arange(1001, dtype=torch.float64) / 1000 + 0.008) / 1.008 * torch.pi / 2) ** 2
    return (1 - bars[1:] / bars[:-1]).clamp(max=0.999)


def space(counts: Sequence[int], total: int = 1000) -> list[int]:
    """So many timesteps in each of equal sections, the earliest first: space_timesteps."""
    size, kept = total // len(counts), []
    for number, count in enumerate(counts):
        stride = (size - 1) / (count - 1)
        kept += [number * size + round(k * stride) for k in range(count)]
    return kept


def fast27() -> list[int]:
    """OpenAI's spacing for an upsampler."""
    return [*space([10, 10, 3, 2, 2])[:-1], 997]


@dataclass
class Loop:
    """A respaced diffusion. predict: (x, t) -> [n, 6, h, w]; pin: what is done to x_0's estimate; gradient: (x, t) ->
    what is added to the mean, in units of the variance."""

    betas: Tensor
    kept: Sequence[int]
    predict: Callable[[Tensor, int], Tensor]
    pin: Callable[[Tensor], Tensor] = lambda x_0: x_0
    gradient: Callable[[Tensor, int], Tensor] | None = None

    def __post_init__(self) -> None:
        bars = torch.cumprod(1 - self.betas, dim=0)[list(self.kept)]
        self.bars, self.before = bars, torch.cat([torch.ones(1, dtype=torch.float64), bars[:-1]])
        self.spaced = 1 - self.bars / self.before
        posterior = self.spaced * (1 - self.before) / (1 - self.bars)
        self.least = torch.cat([posterior[1:2], posterior[1:]]).log()

    def _clean(self, x: Tensor, eps: Tensor, i: int) -> Tensor:
        x_0 = float((1 / self.bars[i]).sqrt()) * x - float((1 / self.bars[i] - 1).sqrt()) * eps
        return self.pin(x_0).clamp(-1, 1)

    @torch.no_grad()
    def ancestral(self, x: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
        """p_sample_loop."""
        for i in reversed(range(len(self.kept))):
            eps, share = self.predict(x, self.kept[i]).split(3, dim=1)
            share = (share + 1) / 2
            log_variance = share * float(self.spaced[i].log()) + (1 - share) * float(self.least[i])
            towards = float(self.spaced[i] * self.before[i].sqrt() / (1 - self.bars[i])) * self._clean(x, eps, i)
            rest = float((1 - self.before[i]) * (1 - self.spaced[i]).sqrt() / (1 - self.bars[i])) * x
            mean = towards + rest
            if self.gradient:
                mean = mean + log_variance.exp() * self.gradient(x, self.kept[i])
            noise = torch.cat([torch.randn(1, *x.shape[1:], generator=each) for each in generators])
            x = mean + (0.5 * log_variance).exp() * noise if i else mean
        return x

    @torch.no_grad()
    def ddim(self, x: Tensor) -> Tensor:
        """ddim_sample_loop with eta 0."""
        for i in reversed(range(len(self.kept))):
            x_0 = self._clean(x, self.predict(x, self.kept[i])[:, :3], i)
            eps = (float((1 / self.bars[i]).sqrt()) * x - x_0) / float((1 / self.bars[i] - 1).sqrt())
            x = x_0 * float(self.before[i].sqrt()) + float((1 - self.before[i]).sqrt()) * eps
        return x
