"""Recipe `unclip-decoder`: the GLIDE base is told the CLIP embedding of the picture beside the text.

Ramesh et al. 2022 (arXiv:2204.06125), section 2.1: the projected embedding joins the timestep embedding and stands as
extra tokens before the text's; it is nulled in 10 % of training and the caption dropped in 50 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, CLIPTextModelWithProjection

from graph_engine_shapes import checkpoint, diffusion, networks, tokenizer
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.clip_task import ClipReader
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import BaseTask
from graph_engine_shapes.scenes import Scenes, random_scenes

EMBEDDING_DROPPED = 0.1
CAPTION_DROPPED = 0.5
FITTED_SCENES = 6000


def load_clip(folder: Path) -> CLIPModel:
    """The frozen CLIP out of the training `clip`."""
    weights, _ = checkpoint.averaged(folder)
    reader = ClipReader()
    reader.load_state_dict(weights)
    return reader.clip.eval().requires_grad_(False)


@torch.no_grad()
def embed_pictures(clip: CLIPModel, pictures: Tensor) -> Tensor:
    """Unit embeddings (B, 128) of pictures (B, 3, 32, 32) in [-1, 1]."""
    return functional.normalize(clip.get_image_features(pixel_values=pictures).pooler_output.float(), dim=-1)


@torch.no_grad()
def begin_as_base(
    net: UNet2DConditionModel, base: dict[str, Tensor], text: CLIPTextModelWithProjection, clip: CLIPModel
) -> None:
    """Copy the GLIDE base into the decoder and let it read embeddings as it reads captions.

    The new projections are fitted by least squares, over random scenes, from the image embedding to what the text
    tower makes of the full caption (less what it makes of no caption), so that the base understands them from the
    first step on.
    """
    copy_matching(net, base)
    scenes = random_scenes(FITTED_SCENES, torch.Generator().manual_seed(0), two=0.7)
    embeddings = embed_pictures(clip, render(scenes, networks.BASE_SIZE) * 2 - 1) * networks.EMBEDDING_SCALE
    told = text(input_ids=tokenizer.encode(random_captions(scenes, seeded(0), keep=1.0)))
    null = text(input_ids=tokenizer.encode([""]))
    pooled = _fit(embeddings, told.text_embeds - null.text_embeds)
    last, null_last = told.last_hidden_state[:, -1], null.last_hidden_state[:, -1]
    add, project = net.add_embedding, net.encoder_hid_proj
    add.image_proj.weight.copy_(pooled.T)
    add.image_norm.weight.fill_(float((embeddings @ pooled).std(dim=1).mean()))
    zero(add.image_proj.bias, add.image_norm.bias, project.text_proj.bias)
    project.text_proj.weight.copy_(torch.eye(networks.TEXT_WIDTH))
    copies = project.num_image_text_embeds
    project.image_embeds.weight.copy_(_fit(embeddings, last - null_last).T.repeat(copies, 1))
    project.image_embeds.bias.copy_(null_last[0].repeat(copies))


def _fit(x: Tensor, y: Tensor, ridge: float = 1e-2) -> Tensor:
    """The matrix W that makes x W nearest to y."""
    return torch.linalg.solve(x.T @ x + ridge * len(x) * torch.eye(x.shape[1]), x.T @ y)


@dataclass
class DecoderTask(BaseTask):
    """Text and image embedding to 32x32."""

    base_folder: Path = Path()
    clip_folder: Path = Path()
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    one_object_pictures: int = 1
    two: float = 0.65

    @cached_property
    def clip(self) -> CLIPModel:
        """The frozen CLIP."""
        return load_clip(self.clip_folder)

    def build(self) -> UNet2DConditionModel:
        """The decoder, begun as the base."""
        net = networks.unclip_unet()
        begin_as_base(net, checkpoint.averaged(self.base_folder)[0], self.text, self.clip)
        return net

    def scenes(self, generator: torch.Generator) -> Scenes:
        """The scenes of one batch."""
        return random_scenes(self.batch, generator, two=self.two)

    def loss(self, model: UNet2DConditionModel, step: int, generator: torch.Generator) -> Tensor:
        """Weighted v-prediction error of one batch."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        scenes = self.scenes(generator)
        captions = ["" if rng.random() < CAPTION_DROPPED else text for text in random_captions(scenes, rng)]
        with torch.no_grad():
            text = self.text(input_ids=tokenizer.encode(captions))
        pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
        kept = (torch.rand(len(pictures), 1, generator=generator) >= EMBEDDING_DROPPED).float()
        embeddings = embed_pictures(self.clip, pictures) * kept * networks.EMBEDDING_SCALE
        x0 = functional.pixel_unshuffle(pictures, networks.BASE_UNSHUFFLE)
        t = diffusion.timesteps(len(x0), generator)
        x, v = diffusion.noisy(x0, torch.randn(x0.shape, generator=generator), self.alpha_bars[t])
        predicted = model(
            x.contiguous(memory_format=torch.channels_last),
            t,
            encoder_hidden_states=text.last_hidden_state,
            class_labels=text.text_embeds,
            added_cond_kwargs={"image_embeds": embeddings},
            return_dict=False,
        )[0]
        return diffusion.v_loss(predicted, v, self.alpha_bars[t])


def decoder_task(text: Path, base: Path, clip: Path) -> DecoderTask:
    """The recipe, from the folders of the trainings that it builds on."""
    return DecoderTask(text, base_folder=base, clip_folder=clip)
