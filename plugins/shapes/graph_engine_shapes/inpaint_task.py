"""Recipe `glide-inpaint`: the GLIDE base learns to draw into erased regions (Nichol et al. 2021, section 2.4).

Beside x_t stand the picture without its erased pixels and a mask of what is known; their weights start at zero, so
that the training begins as the base.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional

from graph_engine_shapes import checkpoint, diffusion, networks, tokenizer
from graph_engine_shapes.captions import Wanted, caption, describe, seeded
from graph_engine_shapes.derived import copy_matching
from graph_engine_shapes.drawing import render
from graph_engine_shapes.erasing import hidden, random_masks
from graph_engine_shapes.picture_task import CAPTION_DROPPED, BaseTask
from graph_engine_shapes.scenes import Scenes, random_scenes

OBJECT_ALONE = 0.5
"""How often the caption names only the erased object, where one object is erased and the other can be seen."""


def beside(pictures: Tensor, masks: Tensor) -> Tensor:
    """What stands beside x_t: pictures (B, 3, R, R) in [-1, 1] without their erased pixels, and 1 where known."""
    known = 1 - masks
    return functional.pixel_unshuffle(torch.cat([pictures * known, known], dim=1), networks.BASE_UNSHUFFLE)


def captions_of(scenes: Scenes, masks: Tensor, rng: random.Random) -> list[str]:
    """Captions of the whole pictures, or of the erased object alone, as people ask for an edit; some are empty."""
    gone = hidden(scenes, masks)
    said = []
    for i, (first, second) in enumerate(gone.tolist()):
        wanted = describe(scenes, i, rng, keep=0.85)
        one_gone = len(wanted.objects) == 2 and max(first, second) > 0.99 and min(first, second) < 0.05
        if one_gone and rng.random() < OBJECT_ALONE:
            wanted = Wanted((wanted.objects[int(second > first)],), None, wanted.background)
        said.append("" if rng.random() < CAPTION_DROPPED else caption(wanted, rng))
    return said


@dataclass
class InpaintTask(BaseTask):
    """Text, known pixels and their mask to 32x32."""

    base_folder: Path = Path()
    matrix_rate: float = 1.5e-3
    rest_rate: float = 7e-4

    def build(self) -> UNet2DConditionModel:
        """The base with more inputs."""
        net = networks.inpaint_unet()
        copy_matching(net, checkpoint.averaged(self.base_folder)[0])
        return net

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch, over known and erased pixels alike."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        scenes = random_scenes(self.batch, generator, two=self.two)
        masks = random_masks(scenes, generator, networks.BASE_SIZE)
        with torch.no_grad():
            text = self.text(input_ids=tokenizer.encode(captions_of(scenes, masks, rng)))
        pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
        x0 = functional.pixel_unshuffle(pictures, networks.BASE_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        x = torch.cat([x, beside(pictures, masks)], dim=1)
        predicted = self.predict(model, x, t, text.last_hidden_state, text.text_embeds)
        return diffusion.v_loss(predicted, v, self.alpha_bars[t])


def inpaint_task(text: Path, base: Path) -> InpaintTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return InpaintTask(text, base_folder=base)
