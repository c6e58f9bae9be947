"""A tiny GLIDE, base and upsampler each in one file under the published names, and those names for any size."""

from __future__ import annotations

import json
from pathlib import Path

from graph_nodes.checkpoints.glide import GlideText
from graph_nodes.checkpoints.openai import OpenAIUNet
from graph_nodes.checkpoints.tiny import networks
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.openai import Shapes, published
from graph_nodes.checkpoints.tiny.text import gpt2_tokenizer

__all__ = ["BASE", "TEXT", "UPSAMPLE", "glide", "published_text"]

BASE = OpenAIUNet(16, 32, (1, 2), 1, attention=(8,), head_width=16, text=32)
UPSAMPLE = OpenAIUNet(32, 32, (1, 2), 1, in_channels=6, attention=(16,), head_width=16, text=32)
TEXT = GlideText(vocabulary=257, length=64, width=32, layers=2, heads=4, projection=128)


def published_text(text: GlideText) -> Shapes:
    """The names and shapes of a tower in a published file, from glide_text2im/text2im_model.py and xf.py."""
    width = text.width
    for number in range(text.layers):
        block = f"transformer.resblocks.{number}"
        for name, shape in (
            ("attn.c_qkv", (3 * width, width)),
            ("attn.c_proj", (width, width)),
            ("ln_1", (width,)),
            ("mlp.c_fc", (4 * width, width)),
            ("mlp.c_proj", (width, 4 * width)),
            ("ln_2", (width,)),
        ):
            yield f"{block}.{name}.weight", shape
            yield f"{block}.{name}.bias", shape[:1]
    yield "final_ln.weight", (width,)
    yield "final_ln.bias", (width,)
    yield "token_embedding.weight", (text.vocabulary, width)
    yield "positional_embedding", (text.length, width)
    yield "padding_embedding", (text.length, width)
    yield "transformer_proj.weight", (text.projection, width)
    yield "transformer_proj.bias", (text.projection,)


def glide(folder: Path) -> None:
    """`base.safetensors` draws 16 x 16, `upsample.safetensors` enlarges to 32 x 32; configs and words beside each."""
    folder.mkdir()
    _write(folder, "base", BASE, "squaredcos_cap_v2")
    _write(folder, "upsample", UPSAMPLE, "linear")


def _write(folder: Path, name: str, unet: OpenAIUNet, betas: str) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {
        key: torch.randn(shape) * 0.1 + (1.0 if key.endswith(".weight") and len(shape) == 1 else 0.0)
        for key, shape in (*published(unet), *published_text(TEXT))
    }
    save_file(tensors, folder / f"{name}.safetensors")
    configs = folder / f"{name}.configs"
    for part, config in (("unet", unet.config()), ("text_encoder", TEXT.config())):
        (configs / part).mkdir(parents=True)
        (configs / part / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    gpt2_tokenizer(configs / "tokenizer")
    networks.ancestral(configs / "scheduler", betas)
    write_index(configs, "GLIDE")
