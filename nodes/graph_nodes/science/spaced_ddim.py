"""DDIM along timesteps of any spacing: diffusers' own steps by an equal stride, wherever its timesteps lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from graph_nodes.science.step import Step, clean_estimate

__all__ = ["SpacedDDIM"]


class SpacedDDIM(DDIMScheduler):
    """DDIM as OpenAI samples with it: each step leads to the timestep that follows in the list."""

    config: Any
    alphas_cumprod: Tensor
    final_alpha_cumprod: Tensor

    def set_timesteps(
        self, num_inference_steps: int = 0, device: Any = None, timesteps: Sequence[int] | None = None
    ) -> None:
        """So many timesteps in equal distances from the first to the last that was trained, or the given ones."""
        if timesteps is None:
            even = np.linspace(0, self.config.num_train_timesteps - 1, num_inference_steps).round()[::-1]
            timesteps = even.astype(np.int64).tolist()
        self.num_inference_steps = len(timesteps)
        self.timesteps = torch.tensor(timesteps, device=device)

    def step(
        self,
        model_output: Tensor,
        timestep: Tensor,
        sample: Tensor,
        eta: float = 0.0,
        generator: list[torch.Generator] | None = None,
        return_dict: bool = False,
    ) -> tuple[Tensor]:
        """x at the following timestep (Song et al. 2020, arXiv:2010.02502, eq. 12 and 16), its eps that of the clipped
        x_0, as in the papers' own code."""
        here = self.timesteps.tolist().index(int(timestep))
        bar, after = self.alphas_cumprod[int(timestep)], self.final_alpha_cumprod
        if here + 1 < len(self.timesteps):
            after = self.alphas_cumprod[int(self.timesteps[here + 1])]
        stand = Step(here, len(self.timesteps), timestep, sample, float(bar), self.config.prediction_type)
        x_0 = clean_estimate(stand, model_output)
        if self.config.clip_sample:
            x_0 = x_0.clamp(-self.config.clip_sample_range, self.config.clip_sample_range)
        eps = (sample - bar.sqrt() * x_0) / (1 - bar).sqrt()
        sigma = eta * ((1 - after) / (1 - bar)).sqrt() * (1 - bar / after).sqrt()
        x = after.sqrt() * x_0 + (1 - after - sigma**2).sqrt() * eps
        if eta > 0:
            x = x + sigma * randn_tensor(x.shape, generator=generator, device=x.device, dtype=x.dtype)
        return (x,)
