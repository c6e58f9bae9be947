"""Recipes `imagen-upsampler` and `second-upsampler`: super-resolution of a small picture that may be noised.

Noise conditioning augmentation (Saharia et al. 2022, section 2.3): the small picture, enlarged, is noised to a level
of this model's own schedule, and the level is told to the network, so that it need not believe each pixel of what the
stage before it has made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel, UNet2DModel
from torch import Tensor, nn
from torch.nn import functional

from graph_engine_shapes import (
    alignment,
    captions,
    checkpoint,
    diffusion,
    generation,
    networks,
    t5_text_task,
    tokenizer,
)
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.imagen_task import ImagenTask, read_as
from graph_engine_shapes.picture_task import BaseTask
from graph_engine_shapes.scenes import random_scenes

LOOK_LEVEL = 100
"""The noise level at which a look measures: about what a cascade uses."""


def levels(n: int, generator: torch.Generator) -> Tensor:
    """(n,) training noise levels, timesteps of the schedule: half of them below a quarter of it."""
    return (torch.rand(n, generator=generator).square() * 1000).long().clamp(max=999)


def augmented(low: Tensor, size: int, alpha_bar: Tensor, noise: Tensor) -> Tensor:
    """Small pictures (B, 3, h, w) in [-1, 1], enlarged to (B, 3, size, size) and noised to alpha_bar (B,)."""
    large = functional.interpolate(low, size=(size, size), mode="bilinear", align_corners=False)
    return diffusion.noisy(large, noise, alpha_bar)[0]


def at_twice_the_size(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of an upsampler for pictures of twice the size, unshuffled twice as far.

    Each pixel of the smaller picture becomes four: their mean goes in, and four times the same comes out.
    """
    r = networks.UPSAMPLER_UNSHUFFLE

    def doubled(tensor: Tensor, dim: int) -> Tensor:
        split = tensor.unflatten(dim, (-1, r, r))
        return split.repeat_interleave(2, dim + 1).repeat_interleave(2, dim + 2).flatten(dim, dim + 2)

    out = {name: doubled(weights[name], 0) for name in ("conv_out.weight", "conv_out.bias")}
    return weights | out | {"conv_in.weight": doubled(weights["conv_in.weight"], 1) / 4}


@dataclass
class SecondUpsamplerTask(BaseTask):
    """64x64 to 128x128 without text, as unCLIP's and Imagen's last stages. Predicts the clean picture.

    `first_folder` is the training of the upsampler that it begins as.
    """

    first_folder: Path = Path()
    batch: int = 32
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    two: float = 0.6
    size: int = networks.SECOND_SIZE
    unshuffle: int = networks.SECOND_UNSHUFFLE

    def build(self) -> nn.Module:
        """The first upsampler at twice the size, told of no caption and not yet of noise."""
        net = networks.second_upsampler_unet()
        copy_matching(net, at_twice_the_size(checkpoint.averaged(self.first_folder)[0]))
        with torch.no_grad():
            net.class_embedding.linear_2.weight.zero_()
            net.class_embedding.linear_2.bias.copy_(self.text(input_ids=tokenizer.encode([""])).text_embeds[0])
        return net

    def loss(self, model: nn.Module, step: int, generator: torch.Generator) -> Tensor:
        """Squared error on the clean pictures of one batch."""
        scenes = random_scenes(self.batch, generator, two=self.two)
        return self.squared_error(model, render(scenes, self.size) * 2 - 1, generator)

    def squared_error(
        self, model: nn.Module, pictures: Tensor, generator: torch.Generator, **conditions: Tensor
    ) -> Tensor:
        """The network's error on pictures in [-1, 1], from themselves at half the size."""
        level = levels(len(pictures), generator)
        noise = torch.randn(pictures.shape, generator=generator)
        low = augmented(functional.avg_pool2d(pictures, 2), self.size, self.alpha_bars[level], noise)
        x0, low = functional.pixel_unshuffle(pictures, self.unshuffle), functional.pixel_unshuffle(low, self.unshuffle)
        t = diffusion.timesteps(len(x0), generator)
        x, _ = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        x = torch.cat([x, low], dim=1).contiguous(memory_format=torch.channels_last)
        predicted = model(x, t, class_labels=level, return_dict=False, **conditions)[0]
        return functional.mse_loss(predicted.float(), x0)


@dataclass
class ImagenUpsamplerTask(ImagenTask):
    """32x32 to 64x64 after T5's states; begins as GLIDE's upsampler, whose folder is `base_folder`."""

    batch: int = 48
    two: float = 0.6

    def build(self) -> UNet2DConditionModel:
        """GLIDE's upsampler, reading T5 and not yet told of noise."""
        net = networks.imagen_upsampler_unet()
        copy_matching(net, checkpoint.averaged(self.base_folder)[0])
        read_as(net, self.t5, self.text)
        zero(net.class_embedding.linear_2.weight, net.class_embedding.linear_2.bias)
        return net

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Squared error on the clean pictures of one batch."""
        pictures, states = self.shown(step, generator, networks.UPSAMPLED_SIZE)
        plain = SecondUpsamplerTask(
            self.text_folder, size=networks.UPSAMPLED_SIZE, unshuffle=networks.UPSAMPLER_UNSHUFFLE
        )
        return plain.squared_error(model, pictures, generator, encoder_hidden_states=states)


def second_upsampler_task(text: Path, first: Path) -> SecondUpsamplerTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return SecondUpsamplerTask(text, first_folder=first)


def imagen_upsampler_task(text: Path, upsampler: Path, t5: Path) -> ImagenUpsamplerTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return ImagenUpsamplerTask(text, t5_folder=t5, base_folder=upsampler)


def enlarge(
    unet: nn.Module,
    low: Tensor,
    seeds: list[int],
    level: int,
    unshuffle: int,
    steps: int = 10,
    **conditions: Tensor,
) -> Tensor:
    """(B, 3, 2h, 2w) pictures in [0, 1] from `low` (B, 3, h, w) in [0, 1], noised to the timestep `level`."""
    size = 2 * low.shape[-1]
    noise = torch.stack(
        [torch.randn(3, size, size, generator=torch.Generator().manual_seed(seed + 1)) for seed in seeds]
    )
    at = torch.full((len(low),), level)
    alpha_bars = networks.scheduler().alphas_cumprod
    beside = functional.pixel_unshuffle(augmented(low * 2 - 1, size, alpha_bars[at], noise), unshuffle)
    predict = generation.told(unet, beside, class_labels=at, **conditions)
    return generation.generate(predict, seeds, size, unshuffle, steps, prediction_type="sample")


def load_second(folder: Path) -> tuple[UNet2DModel, checkpoint.Counters]:
    """The averaged network of `second-upsampler`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.second_upsampler_unet()
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


def load_imagen_upsampler(folder: Path) -> tuple[UNet2DConditionModel, checkpoint.Counters]:
    """The averaged network of `imagen-upsampler`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.imagen_upsampler_unet()
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


def look_second_upsampler(folder: Path, n: int) -> alignment.Row:
    """What the judge reads after true pictures of 64x64 were noised and enlarged."""
    unet, counters = load_second(folder)
    seen = {}
    for two in (False, True):
        prompts, low, seeds = _true(n, two, 1000 * counters.step + two, networks.UPSAMPLED_SIZE)
        made = enlarge(unet, low, seeds, LOOK_LEVEL, networks.SECOND_UNSHUFFLE)
        seen[two] = alignment.verdicts(made, prompts)
    return alignment.picture_row(counters, seen[False], seen[True])


def look_imagen_upsampler(folder: Path, n: int) -> alignment.Row:
    """What the judge reads after true pictures of 32x32 were noised and enlarged."""
    unet, counters = load_imagen_upsampler(folder)
    t5 = t5_text_task.load_t5(folder.parent / "imagen-text")
    seen = {}
    for two in (False, True):
        prompts, low, seeds = _true(n, two, 1000 * counters.step + two, networks.BASE_SIZE)
        states = t5_text_task.encode(t5, prompts)
        made = enlarge(unet, low, seeds, LOOK_LEVEL, networks.UPSAMPLER_UNSHUFFLE, encoder_hidden_states=states)
        seen[two] = alignment.verdicts(made, prompts)
    return alignment.picture_row(counters, seen[False], seen[True])


def _true(n: int, two: bool, seed: int, size: int) -> tuple[list[str], Tensor, list[int]]:
    """Prompts that say every attribute, a true picture (n, 3, size, size) in [0, 1] of each, and seeds."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(two), held="any")
    prompts = captions.random_captions(scenes, captions.seeded(seed), keep=1.0)
    return prompts, render(scenes, size), list(range(seed, seed + n))
