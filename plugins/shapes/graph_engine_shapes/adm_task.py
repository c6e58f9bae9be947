"""Recipe `adm`: class-conditional diffusion, a class being a coloured shape (Dhariwal & Nichol 2021).

The network is the GLIDE base without its text. Its table of classes begins with what GLIDE's text tower makes of each
class's name, which joins the timestep embedding at the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import UNet2DModel
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import alignment, checkpoint, diffusion, generation, judging, networks, tokenizer, words
from graph_engine_shapes.captions import parse
from graph_engine_shapes.derived import copy_matching
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import Scenes, random_scenes

CLASSES = tuple(f"{colour} {shape}" for shape, colour in words.kinds())
NULL_CLASS = len(CLASSES)
CLASS_DROPPED = 0.15


def class_of(scenes: Scenes) -> Tensor:
    """(B,) the class of each scene's first object."""
    return scenes.shape[:, 0] * len(words.COLOURS) + scenes.colour[:, 0]


@dataclass
class AdmTask:
    """Class to 32x32: one object of any size, on any background."""

    text_folder: Path
    base_folder: Path
    batch: int = 64
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.998

    @cached_property
    def alpha_bars(self) -> Tensor:
        """Cumulative alphas of the noise schedule."""
        return networks.scheduler().alphas_cumprod

    def build(self) -> UNet2DModel:
        """The base, with the names of the classes for its captions."""
        net = networks.adm_unet(len(CLASSES))
        copy_matching(net, checkpoint.averaged(self.base_folder)[0])
        text: CLIPTextModelWithProjection = load_text(self.text_folder)
        with torch.no_grad():
            names = tokenizer.encode([*(f"a {name}" for name in CLASSES), ""])
            net.class_embedding.weight.copy_(text(input_ids=names).text_embeds)
        return net

    def loss(self, model: UNet2DModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch."""
        scenes = random_scenes(self.batch, generator, two=0.0)
        dropped = torch.rand(self.batch, generator=generator) < CLASS_DROPPED
        labels = torch.where(dropped, NULL_CLASS, class_of(scenes))
        x0 = functional.pixel_unshuffle(render(scenes, networks.BASE_SIZE) * 2 - 1, networks.BASE_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        x = x.contiguous(memory_format=torch.channels_last)
        predicted = model(x, t, class_labels=labels, return_dict=False)[0]
        return diffusion.v_loss(predicted, v, self.alpha_bars[t])


def draw(unet: UNet2DModel, labels: Tensor, seeds: list[int], steps: int = 20, scale: float = 1.0) -> Tensor:
    """(B, 3, 32, 32) pictures in [0, 1] of classes (B,); a scale other than 1 is classifier-free guidance."""
    told = labels if scale == 1 else torch.cat([torch.full_like(labels, NULL_CLASS), labels])
    predict = generation.told(unet, class_labels=told)
    return generation.generate(predict, seeds, networks.BASE_SIZE, networks.BASE_UNSHUFFLE, steps, scale)


def right(pictures: Tensor, labels: Tensor) -> float:
    """The share of pictures, 0 to 1, that show one object and of their class."""
    wanted = [parse(CLASSES[label]) for label in labels.tolist()]
    seen = judging.see(pictures)
    return alignment.mean([judging.judge(s, w) for s, w in zip(seen, wanted, strict=True)], "objects")


def load_adm(folder: Path) -> tuple[UNet2DModel, checkpoint.Counters]:
    """The averaged U-Net of the training `adm`, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.adm_unet(len(CLASSES))
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


def look_adm(folder: Path, n: int, steps: int = 12) -> alignment.Row:
    """How often the averaged weights draw the class by now, with classifier-free guidance 2 and without guidance."""
    unet, counters = load_adm(folder)
    generator = torch.Generator().manual_seed(counters.step)
    labels = torch.randint(NULL_CLASS, (2 * n,), generator=generator)
    seeds = [1000 * counters.step + i for i in range(2 * n)]
    row: alignment.Row = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    row["one_object"] = right(draw(unet, labels, seeds, steps, 2.0), labels)
    return row | {"unguided": right(draw(unet, labels, seeds, steps), labels)}
