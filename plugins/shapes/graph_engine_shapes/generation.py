"""Pictures from any of the pixel models by the plain loop, whatever it is told: to watch trainings and for figures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from graph_engine_shapes import diffusion, networks
from graph_engine_shapes.diffusion import Predict
from graph_engine_shapes.sampling import noise


def told(unet: nn.Module, beside: Tensor | None = None, **conditions: Any) -> Predict:
    """The network with its conditions (keywords of its forward); `beside` (B, C, h, w) is concatenated after x_t.

    For guidance the conditions are those of [unconditional; conditional].
    """

    def predict(x: Tensor, t: Tensor) -> Tensor:
        if beside is not None:
            x = torch.cat([x, beside.repeat(len(x) // len(beside), 1, 1, 1)], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            return unet(x, t, **conditions, return_dict=False)[0].float()

    return predict


@torch.no_grad()
def generate(
    predict: Predict,
    seeds: list[int],
    size: int,
    unshuffle: int,
    steps: int,
    scale: float = 1.0,
    prediction_type: str = "v_prediction",
) -> Tensor:
    """(B, 3, size, size) pictures in [0, 1]; guided unless the scale is 1 (see `told`)."""
    alpha_bars = networks.scheduler().alphas_cumprod
    steered = predict if scale == 1 else diffusion.guided(predict, scale)
    if prediction_type == "v_prediction":
        steered = diffusion.clean(steered, alpha_bars)
    x = functional.pixel_unshuffle(noise(seeds, 3, size, size), unshuffle)
    return functional.pixel_shuffle(diffusion.ddim(steered, x, alpha_bars, steps), unshuffle) / 2 + 0.5
