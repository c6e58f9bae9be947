"""Recipes `prior` and `ar-prior`: CLIP's image embedding of a caption (Ramesh et al. 2022, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from diffusers import PriorTransformer
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, GPT2LMHeadModel

from graph_engine_shapes import checkpoint, networks, tokenizer
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import Scenes, random_scenes
from graph_engine_shapes.unclip_task import embed_pictures, load_clip

CAPTION_DROPPED = 0.1
MEASURED = 4000
"""Pictures that the embeddings' mean, deviation and principal components are measured on."""
POOLED = 24_000
"""Pictures that a training embeds once; captions and noise are drawn anew for every batch."""


@torch.no_grad()
def read_text(clip: CLIPModel, texts: list[str]) -> tuple[Tensor, Tensor]:
    """(states (B, 24, 128), points in the joint space (B, 128)) of captions, as CLIP's text tower gives them."""
    out = clip.text_model(input_ids=tokenizer.encode(texts))
    return out.last_hidden_state, clip.text_projection(out.pooler_output)


@torch.autocast("cpu", enabled=False)
def measured(clip: CLIPModel, n: int) -> Tensor:
    """Unit embeddings (n, 128) of random pictures, the same at every call: in full precision."""
    scenes = random_scenes(n, torch.Generator().manual_seed(11), two=0.65)
    return embed_pictures(clip, render(scenes, networks.BASE_SIZE) * 2 - 1)


def ordered(rows: int, width: int) -> Tensor:
    """(rows, width) cosines of rising frequency: rows that are near each other are alike, so that numbers can be read.

    As a table of outputs they let a transformer say "about here" from the start; with random rows it would first have
    to find out which buckets are neighbours.
    """
    place, order = (torch.arange(rows)[:, None] + 0.5) / rows, torch.arange(1, width + 1)
    return 0.3 * torch.cos(torch.pi * order * place) / order.sqrt() * (order < rows)


@dataclass
class PriorTask:
    """The diffusion prior: from a noised embedding and a caption to the clean one, L = |z_i - f(z_i^t, t, y)|^2."""

    clip_folder: Path
    batch: int = 128
    matrix_rate: float = 2e-3
    rest_rate: float = 1e-3
    average: float = 0.998

    @cached_property
    def clip(self) -> CLIPModel:
        """The frozen CLIP."""
        return load_clip(self.clip_folder)

    @cached_property
    def alpha_bars(self) -> Tensor:
        """Cumulative alphas of the noise schedule."""
        return networks.scheduler().alphas_cumprod

    @cached_property
    def pool(self) -> tuple[Scenes, Tensor]:
        """Random scenes, and the unit embedding (POOLED, 128) of a picture of each."""
        scenes = random_scenes(POOLED, torch.Generator().manual_seed(12), two=0.65)
        parts = torch.arange(POOLED).split(1000)
        pictures = (render(scenes.take(part), networks.BASE_SIZE) * 2 - 1 for part in parts)
        return scenes, torch.cat([embed_pictures(self.clip, some) for some in pictures])

    @cached_property
    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation (1, 128) of embeddings."""
        embeddings = measured(self.clip, MEASURED)
        return embeddings.mean(0, keepdim=True), embeddings.std(0, keepdim=True)

    def build(self) -> Any:
        """A fresh prior."""
        model = networks.prior()
        model.clip_mean.data.copy_(self.moments[0])
        model.clip_std.data.copy_(self.moments[1])
        model.clip_mean.requires_grad_(False)
        model.clip_std.requires_grad_(False)
        return model

    def told(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """(unit embeddings, text states, text points) of one batch, a tenth without caption."""
        rng = seeded(int(torch.randint(2**31, (), generator=generator)))
        scenes, embeddings = self.pool
        at = torch.randint(len(scenes), (self.batch,), generator=generator)
        told = random_captions(scenes.take(at), rng)
        texts = ["" if rng.random() < CAPTION_DROPPED else text for text in told]
        return embeddings[at], *read_text(self.clip, texts)

    def loss(self, model: PriorTransformer, step: int, generator: torch.Generator) -> Tensor:
        """Squared error on the clean, standardised embeddings of one batch."""
        embeddings, states, pooled = self.told(generator)
        mean, std = self.moments
        x0 = (embeddings - mean) / std
        t = torch.randint(0, 1000, (len(x0),), generator=generator)
        bar = self.alpha_bars[t][:, None]
        x = bar.sqrt() * x0 + (1 - bar).sqrt() * torch.randn(x0.shape, generator=generator)
        predicted = model(x, timestep=t, proj_embedding=pooled, encoder_hidden_states=states, return_dict=False)[0]
        return functional.mse_loss(predicted.float(), x0)


@dataclass
class ArPriorTask(PriorTask):
    """The autoregressive prior: principal components of the embedding, quantised, written one after the other."""

    batch: int = 64

    @cached_property
    @torch.autocast("cpu", enabled=False)
    def quantizer(self) -> dict[str, Tensor]:
        """mean (128,), components (K, 128) and levels (K, V): what each bucket of each component stands for."""
        embeddings = measured(self.clip, 2 * MEASURED)
        mean = embeddings.mean(0)
        components = torch.linalg.svd(embeddings - mean, full_matrices=False).Vh[: networks.PRIOR_TOKENS]
        along = (embeddings - mean) @ components.T
        shares = (torch.arange(networks.PRIOR_LEVELS) + 0.5) / networks.PRIOR_LEVELS
        return {
            "mean": mean,
            "components": components.contiguous(),
            "levels": along.quantile(shares, dim=0).T.contiguous(),
        }

    def build(self) -> Any:
        """A fresh transformer that knows the order of the buckets."""
        model = networks.ar_prior()
        table = model.get_input_embeddings().weight
        table.data.copy_(ordered(*table.shape))
        return model

    @torch.autocast("cpu", enabled=False)
    def quantised(self, embeddings: Tensor) -> Tensor:
        """(B, K) the nearest bucket of each component."""
        along = (embeddings - self.quantizer["mean"]) @ self.quantizer["components"].T
        return (along[:, :, None] - self.quantizer["levels"][None]).abs().argmin(dim=2)

    def loss(self, model: GPT2LMHeadModel, step: int, generator: torch.Generator) -> Tensor:  # type: ignore[override]
        """Cross-entropy of each component after the caption and the components before it."""
        embeddings, states, pooled = self.told(generator)
        ids = self.quantised(embeddings)
        prefix = torch.cat([states, pooled[:, None]], dim=1)
        inputs = torch.cat([prefix, model.get_input_embeddings()(ids[:, :-1])], dim=1)
        logits = model(inputs_embeds=inputs, use_cache=False).logits[:, prefix.shape[1] - 1 :]
        return functional.cross_entropy(logits.float().flatten(0, 1), ids.flatten())


def load_prior(folder: Path) -> tuple[PriorTransformer, checkpoint.Counters]:
    """The averaged diffusion prior of a training, its moments measured anew, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    model: Any = PriorTask(folder.parent / "clip").build()
    model.load_state_dict(weights, strict=False)
    return model.eval(), counters


def load_ar_prior(folder: Path) -> tuple[GPT2LMHeadModel, checkpoint.Counters]:
    """The averaged autoregressive prior of a training, and how far it had come."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.ar_prior()
    model.load_state_dict(weights, strict=False)
    return model.eval(), counters
