"""Pictures from prompts by the plain loop, to watch a training and for the final figures; the engine has its own."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import diffusion, networks, tokenizer
from graph_engine_shapes.picture_task import enlarged


def noise(seeds: list[int], *shape: int) -> Tensor:
    """(B, *shape) noise, each picture's from a generator of its own."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


@torch.no_grad()
def _sample(
    unet: UNet2DConditionModel,
    text: CLIPTextModelWithProjection,
    prompts: list[str],
    x: Tensor,
    beside: Tensor | None,
    steps: int,
    scale: float,
) -> Tensor:
    """x0 (unshuffled, in [-1, 1]) for `prompts` from noise x."""
    asked = prompts if scale == 1 else [""] * len(prompts) + prompts
    out = text(input_ids=tokenizer.encode(asked))
    states, pooled = out.last_hidden_state, out.text_embeds

    def predict(x: Tensor, t: Tensor) -> Tensor:
        if beside is not None:
            x = torch.cat([x, beside.repeat(len(x) // len(beside), 1, 1, 1)], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            return unet(x, t, encoder_hidden_states=states, class_labels=pooled, return_dict=False)[0].float()

    alpha_bars = networks.scheduler().alphas_cumprod
    steered = predict if scale == 1 else diffusion.guided(predict, scale)
    return diffusion.ddim(diffusion.clean(steered, alpha_bars) if beside is None else steered, x, alpha_bars, steps)


def generate(
    unet: UNet2DConditionModel,
    text: CLIPTextModelWithProjection,
    prompts: list[str],
    seeds: list[int],
    steps: int = 20,
    scale: float = 3.0,
) -> Tensor:
    """(B, 3, 32, 32) pictures in [0, 1]."""
    size = networks.BASE_SIZE
    x = functional.pixel_unshuffle(noise(seeds, 3, size, size), networks.BASE_UNSHUFFLE)
    x0 = _sample(unet, text, prompts, x, None, steps, scale)
    return functional.pixel_shuffle(x0, networks.BASE_UNSHUFFLE) / 2 + 0.5


def upsample(
    unet: UNet2DConditionModel,
    text: CLIPTextModelWithProjection,
    prompts: list[str],
    seeds: list[int],
    low: Tensor,
    steps: int = 10,
    scale: float = 1.0,
) -> Tensor:
    """(B, 3, 64, 64) pictures in [0, 1] from `low` (B, 3, 32, 32) in [0, 1]."""
    size = networks.UPSAMPLED_SIZE
    x = functional.pixel_unshuffle(noise(seeds, 3, size, size), networks.UPSAMPLER_UNSHUFFLE)
    x0 = _sample(unet, text, prompts, x, enlarged(low * 2 - 1), steps, scale)
    return functional.pixel_shuffle(x0, networks.UPSAMPLER_UNSHUFFLE) / 2 + 0.5
