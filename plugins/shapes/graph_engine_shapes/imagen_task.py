"""Recipe `imagen`: the GLIDE base learns to read a frozen text-only encoder (Saharia et al. 2022, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModelWithProjection, T5EncoderModel

from graph_engine_shapes import alignment, checkpoint, diffusion, generation, networks, t5_text_task, tokenizer
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import BaseTask
from graph_engine_shapes.scenes import random_scenes

TEXT_DROPPED = 0.1
FITTED_CAPTIONS = 4000


def affine(x: Tensor, y: Tensor, ridge: float = 1e-3) -> tuple[Tensor, Tensor]:
    """(W, b) that make x W^T + b nearest to y, x (N, d) and y (N, e), by ridge regression."""
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    x, y = x - x_mean, y - y_mean
    w = torch.linalg.solve(x.T @ x + ridge * len(x) * torch.eye(x.shape[1]), x.T @ y).T
    return w, y_mean - w @ x_mean


@torch.no_grad()
def read_as(net: UNet2DConditionModel, t5: T5EncoderModel, text: CLIPTextModelWithProjection) -> None:
    """Let a network that has learnt to read GLIDE's text tower begin by reading T5 in the same way.

    The projection of the states is fitted to the tower's states; the pooling begins as a mean, whose projection is
    fitted to the tower's pooled vector.
    """
    scenes = random_scenes(FITTED_CAPTIONS, torch.Generator().manual_seed(0), two=0.7)
    rng = seeded(0)
    captions = ["" if rng.random() < TEXT_DROPPED else caption for caption in random_captions(scenes, rng)]
    read = t5_text_task.encode(t5, captions)
    told = text(input_ids=tokenizer.encode(captions))
    add, project = net.add_embedding, net.encoder_hid_proj
    weight, bias = affine(read.flatten(0, 1), told.last_hidden_state.flatten(0, 1))
    project.weight.copy_(weight)
    project.bias.copy_(bias)
    zero(add.pool.k_proj.weight, add.pool.k_proj.bias, add.pool.v_proj.bias, add.pool.positional_embedding)
    add.pool.v_proj.weight.copy_(torch.eye(networks.TEXT_WIDTH))
    middle = told.text_embeds.mean(dim=0)
    weight, bias = affine(add.pool(add.norm1(read)), told.text_embeds - middle)
    add.proj.weight.copy_(weight)
    add.proj.bias.copy_(bias)
    add.norm2.weight.fill_(float((told.text_embeds - middle).std(dim=1).mean()))
    add.norm2.bias.copy_(middle)


@dataclass
class ImagenTask(BaseTask):
    """T5's states to 32x32. `text_folder` is that of `glide-text`, which the network it begins as could read."""

    t5_folder: Path = Path()
    base_folder: Path = Path()
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    one_object_pictures: int = 1

    @cached_property
    def t5(self) -> T5EncoderModel:
        """The frozen text-only encoder."""
        return t5_text_task.load_t5(self.t5_folder)

    def build(self) -> UNet2DConditionModel:
        """The base, reading T5."""
        net = networks.imagen_unet()
        copy_matching(net, checkpoint.averaged(self.base_folder)[0])
        read_as(net, self.t5, self.text)
        return net

    def shown(self, step: int, generator: torch.Generator, resolution: int) -> tuple[Tensor, Tensor]:
        """(pictures in [-1, 1], T5's states (B, T, 128)) of one batch, a tenth without caption."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        scenes = random_scenes(self.batch, generator, two=self.two)
        captions = ["" if rng.random() < TEXT_DROPPED else caption for caption in random_captions(scenes, rng)]
        return render(scenes, resolution) * 2 - 1, t5_text_task.encode(self.t5, captions)

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch."""
        pictures, states = self.shown(step, generator, networks.BASE_SIZE)
        x0 = functional.pixel_unshuffle(pictures, networks.BASE_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        x = x.contiguous(memory_format=torch.channels_last)
        predicted = model(x, t, encoder_hidden_states=states, return_dict=False)[0]
        return diffusion.v_loss(predicted, v, self.alpha_bars[t])


def imagen_task(text: Path, base: Path, t5: Path) -> ImagenTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return ImagenTask(text, t5_folder=t5, base_folder=base)


def draw(
    unet: UNet2DConditionModel, t5: T5EncoderModel, prompts: list[str], seeds: list[int], steps: int, scale: float
) -> Tensor:
    """(B, 3, 32, 32) pictures in [0, 1]."""
    asked = prompts if scale == 1 else [""] * len(prompts) + prompts
    predict = generation.told(unet, encoder_hidden_states=t5_text_task.encode(t5, asked))
    return generation.generate(predict, seeds, networks.BASE_SIZE, networks.BASE_UNSHUFFLE, steps, scale)


def load_imagen(folder: Path) -> tuple[UNet2DConditionModel, checkpoint.Counters]:
    """The averaged U-Net of the training `imagen`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.imagen_unet()
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


def look_imagen(folder: Path, n: int, steps: int = 12, scale: float = 3.0) -> alignment.Row:
    """What the averaged weights draw by now for fresh prompts."""
    unet, counters = load_imagen(folder)
    t5 = t5_text_task.load_t5(folder.parent / "imagen-text")
    seen = {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts = alignment.fresh_prompts(n, two, seed)
        made = draw(unet, t5, prompts, list(range(seed, seed + n)), steps, scale)
        seen[two] = alignment.verdicts(made, prompts)
    return alignment.picture_row(counters, seen[False], seen[True])
