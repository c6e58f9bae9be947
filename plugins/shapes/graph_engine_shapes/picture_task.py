"""Recipes `glide` and `glide-upsampler`: text-conditional diffusion on 32x32 pixels, and from 32x32 to 64x64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import checkpoint, diffusion, networks, tokenizer
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import random_scenes

CAPTION_DROPPED = 0.2


def load_text(folder: Path) -> CLIPTextModelWithProjection:
    """The frozen text tower out of the training `glide-text`."""
    weights, _ = checkpoint.averaged(folder)
    encoder = networks.text_encoder()
    encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})
    return encoder.eval().requires_grad_(False)


def load_unet(folder: Path, upsampler: bool = False) -> tuple[UNet2DConditionModel, checkpoint.Counters]:
    """The averaged U-Net of the training `glide` or `glide-upsampler`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.upsampler_unet() if upsampler else networks.base_unet()
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


@dataclass
class BaseTask:
    """Text to 32x32. The curriculum begins with one object and then shows two in most pictures."""

    text_folder: Path
    batch: int = 64
    matrix_rate: float = 3e-3
    rest_rate: float = 1.5e-3
    average: float = 0.998
    one_object_pictures: int = 20_000
    two: float = 0.7

    @cached_property
    def text(self) -> CLIPTextModelWithProjection:
        """The frozen text tower."""
        return load_text(self.text_folder)

    @cached_property
    def alpha_bars(self) -> Tensor:
        """Cumulative alphas of the noise schedule."""
        return networks.scheduler().alphas_cumprod

    def build(self) -> UNet2DConditionModel:
        """A fresh U-Net."""
        return networks.base_unet()

    def captioned(self, step: int, generator: torch.Generator, resolution: int) -> tuple[Tensor, Tensor, Tensor]:
        """(pictures in [-1, 1], tokens' states (B, T, D), pooled text (B, P)) of one batch, a fifth without caption."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        two = self.two * min(1.0, 0.3 + step * self.batch / max(self.one_object_pictures, 1))
        scenes = random_scenes(self.batch, generator, two=two)
        captions = ["" if rng.random() < CAPTION_DROPPED else text for text in random_captions(scenes, rng)]
        with torch.no_grad():
            text = self.text(input_ids=tokenizer.encode(captions))
        pictures = render(scenes, resolution) * 2 - 1
        return pictures, text.last_hidden_state, text.text_embeds

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch."""
        pictures, states, pooled = self.captioned(step, generator, networks.BASE_SIZE)
        x0 = functional.pixel_unshuffle(pictures, networks.BASE_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        return diffusion.v_loss(self.predict(model, x, t, states, pooled), v, self.alpha_bars[t])

    def predict(self, model: UNet2DConditionModel, x: Tensor, t: Tensor, states: Tensor, pooled: Tensor) -> Tensor:
        """The network's output on its input x."""
        x = x.contiguous(memory_format=torch.channels_last)
        return model(x, t, encoder_hidden_states=states, class_labels=pooled, return_dict=False)[0]


@dataclass
class UpsamplerTask(BaseTask):
    """32x32 to 64x64, after the text as well; the low resolution is a true picture, with a little noise at times.

    It predicts the clean picture: the low resolution all but determines it, and few channels need carry no noise.
    """

    batch: int = 48
    one_object_pictures: int = 1
    two: float = 0.6
    shake: float = 0.08

    def build(self) -> UNet2DConditionModel:
        """A fresh U-Net."""
        return networks.upsampler_unet()

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Squared error on the clean pictures of one batch."""
        pictures, states, pooled = self.captioned(step, generator, networks.UPSAMPLED_SIZE)
        low = functional.avg_pool2d(pictures, 2)
        spread = self.shake * torch.rand(len(low), 1, 1, 1, generator=generator).square()
        low = (low + spread * torch.randn(low.shape, generator=generator)).clamp(-1, 1)
        x0 = functional.pixel_unshuffle(pictures, networks.UPSAMPLER_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, _ = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        predicted = self.predict(model, torch.cat([x, enlarged(low)], dim=1), t, states, pooled)
        return functional.mse_loss(predicted.float(), x0)


def enlarged(low: Tensor) -> Tensor:
    """The low-resolution picture as the upsampler wants it beside x: bilinear at 64x64, unshuffled."""
    size = networks.UPSAMPLED_SIZE
    large = functional.interpolate(low, size=(size, size), mode="bilinear", align_corners=False)
    return functional.pixel_unshuffle(large, networks.UPSAMPLER_UNSHUFFLE)
