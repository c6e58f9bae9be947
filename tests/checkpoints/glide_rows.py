"""GLIDE in one file: its text tower beside the original's forward pass, its pictures beside loops by hand."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from graph_nodes.binding import low_resolution
from graph_nodes.checkpoints.openai import OpenAIUNet, convert
from graph_nodes.checkpoints.tiny.glide import TEXT
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import Model, load_model
from graph_nodes.text import encode_text
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from graph_engine import TextEmbedding

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators
from .glide_tower import read_text

__all__: list[str] = []


def _open(bench: Bench, name: str) -> tuple[Model, TextEmbedding]:
    bench.path("glide")
    model = load_model(bench.context, f"glide/{name}.safetensors")
    return model, encode_text(bench.context, model.text_encoder, PROMPT)


def text_tower(bench: Bench) -> Mapping[str, Pair]:
    _, text = _open(bench, "base")
    tensors = load_file(bench.path("glide") / "base.safetensors")
    from transformers import GPT2Tokenizer

    tokenizer = GPT2Tokenizer.from_pretrained(bench.path("glide") / "base.configs" / "tokenizer")
    tokens, pooled = read_text(tensors, tokenizer(PROMPT).input_ids, TEXT.heads)
    null_tokens, null_pooled = read_text(tensors, [], TEXT.heads)
    return {
        "text": (text.tokens, tokens),
        "pooled text": (text.pooled, pooled),
        "empty text": (text.null_tokens, null_tokens),
        "empty pooled": (text.null_pooled, null_pooled),
    }


def _by_hand(bench: Bench, name: str, text: TextEmbedding, scale: float, small: Tensor | None = None) -> Tensor:
    """The original's loop over the class of diffusers: p_sample, with guidance on the mean alone."""
    from diffusers import DDPMScheduler, UNet2DConditionModel

    folder = bench.path("glide")
    configs = folder / f"{name}.configs"
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(configs / "unet")).eval()
    unet.load_state_dict(convert(OpenAIUNet.of(unet.config), load_file(folder / f"{name}.safetensors")))
    scheduler = DDPMScheduler.from_pretrained(configs / "scheduler")
    scheduler.set_timesteps(5)
    size, noise = unet.config.sample_size, generators(2)
    x = torch.cat([torch.randn(1, 3, size, size, generator=each) for each in noise])
    rows = [(text.null_tokens, text.null_pooled), (text.tokens, text.pooled)] if scale else [(text.tokens, text.pooled)]
    states, pooled = (
        torch.cat([row[k].repeat(2, 1, 1)[:2] if k == 0 else row[k].repeat(2, 1) for row in rows]) for k in (0, 1)
    )
    beside = [] if small is None else [functional.interpolate(small, size=(size, size), mode="bilinear")]
    with torch.no_grad():
        for t in scheduler.timesteps:
            given = torch.cat([x, *beside], dim=1).repeat(len(rows), 1, 1, 1)
            output = unet(given, t, encoder_hidden_states=states, class_labels=pooled).sample
            if scale:
                without, told = output.chunk(2)
                mean = without[:, :3] + scale * (told[:, :3] - without[:, :3])
                output = torch.cat([mean, told[:, 3:]], dim=1)
            x = scheduler.step(output, t, x, generator=noise).prev_sample
    return x


def base(bench: Bench) -> Mapping[str, Pair]:
    model, text = _open(bench, "base")
    guide = classifier_free_guidance(3.0)
    made = denoise(bench.context, model.denoiser, text, guide, steps=5, scheduler="published", count=2)
    return {"pixels": (made.samples, _by_hand(bench, "base", text, 3.0))}


def upsampler(bench: Bench) -> Mapping[str, Pair]:
    first, first_text = _open(bench, "base")
    small = denoise(bench.context, first.denoiser, first_text, steps=2, scheduler="published", count=2)
    model, text = _open(bench, "upsample")
    told = low_resolution(model.upsampler, small)
    made = denoise(bench.context, told, text, steps=5, scheduler="published", count=2)
    return {"pixels": (made.samples, _by_hand(bench, "upsample", text, 0.0, small.samples))}


PARITY += [
    Row("GLIDE, its text tower beside the original's", text_tower, 2e-5, "another order of the same products"),
    Row("GLIDE base, guidance 3, beside a loop by hand", base),
    Row("GLIDE upsampler, beside a loop by hand", upsampler),
]
