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
from transformers import CLIPModel

from graph_engine_shapes import checkpoint, diffusion, networks, tokenizer
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.clip_task import ClipReader
from graph_engine_shapes.derived import copy_matching, zero
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import BaseTask
from graph_engine_shapes.scenes import Scenes, random_scenes

EMBEDDING_DROPPED = 0.1
CAPTION_DROPPED = 0.5


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


def decoder(base: dict[str, Tensor] | None = None) -> UNet2DConditionModel:
    """The decoder's network, begun as the GLIDE base when its weights are given."""
    net = networks.unclip_unet()
    if base is not None:
        copy_matching(net, base)
        projection = net.encoder_hid_proj
        with torch.no_grad():
            projection.text_proj.weight.copy_(torch.eye(networks.TEXT_WIDTH))
        zero(projection.text_proj.bias, projection.image_embeds.weight, projection.image_embeds.bias)
        zero(net.add_embedding.image_norm.weight, net.add_embedding.image_norm.bias)
    return net


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
        return decoder(checkpoint.averaged(self.base_folder)[0])

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
