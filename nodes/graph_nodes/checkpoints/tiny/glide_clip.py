"""A tiny noised CLIP of GLIDE's, a file for each tower under the published names, and those names for any size."""

from __future__ import annotations

import json
from pathlib import Path

from graph_nodes.checkpoints.glide_clip import SUBFOLDER, GlideClip, ImageTower, TextTower
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.openai import Shapes
from graph_nodes.checkpoints.tiny.text import LENGTH, WORDS, clip_tokenizer

__all__ = ["TINY_CLIP", "glide_clip", "published_image_tower", "published_text_tower"]

TINY_CLIP = GlideClip(
    TextTower(vocabulary=WORDS + 6, length=LENGTH, width=32, layers=2, heads=4),
    ImageTower(size=16, patch=4, width=48, layers=2, heads=3),
    projection=24,
)


def published_text_tower(clip: GlideClip) -> Shapes:
    """The names and shapes of clip_text_enc.pt, from glide_text2im/clip/encoders.py."""
    text = clip.text
    yield "blocks.input.w_voc", (text.vocabulary, text.width)
    yield "blocks.input.w_pos", (text.length, text.width)
    yield from _blocks(text.layers, text.width, clip.projection)


def published_image_tower(clip: GlideClip) -> Shapes:
    """The names and shapes of clip_image_enc.pt, from the same file."""
    image = clip.image
    yield "blocks.input.w_t", (image.timesteps, image.width)
    yield "blocks.input.patch_proj", (image.width, 3, image.patch, image.patch)
    yield "blocks.input.w_pos", (1 + (image.size // image.patch) ** 2, image.width)
    yield from _norm("blocks.input.ln", image.width)
    yield from _blocks(image.layers, image.width, clip.projection)


def _blocks(layers: int, width: int, projection: int) -> Shapes:
    for number in range(layers):
        block = f"blocks.block_{number}"
        yield from _norm(f"{block}.f_attn.ln", width)
        for name in ("f_q", "f_k", "f_v", "f_c"):
            yield f"{block}.f_attn.{name}.w", (width, width)
            if name != "f_k":
                yield f"{block}.f_attn.{name}.b", (width,)
        yield from _norm(f"{block}.f_mlp.ln", width)
        yield f"{block}.f_mlp.f_1.w", (4 * width, width)
        yield f"{block}.f_mlp.f_1.b", (4 * width,)
        yield f"{block}.f_mlp.f_2.w", (width, 4 * width)
        yield f"{block}.f_mlp.f_2.b", (width,)
    yield from _norm("blocks.output.ln", width)
    yield "blocks.output.f.w", (projection, width)


def _norm(name: str, width: int) -> Shapes:
    yield f"{name}.g", (width,)
    yield f"{name}.b", (width,)


def glide_clip(folder: Path) -> None:
    """`clip_image_enc.safetensors` and `clip_text_enc.safetensors` into a folder that is there, configs beside them."""
    import torch
    from safetensors.torch import save_file

    for name, shapes in (
        ("clip_image_enc", published_image_tower(TINY_CLIP)),
        ("clip_text_enc", published_text_tower(TINY_CLIP)),
    ):
        tensors = {key: torch.randn(shape) * 0.2 + (1.0 if key.endswith(".g") else 0.0) for key, shape in shapes}
        save_file(tensors, folder / f"{name}.safetensors")
    configs = folder / "clip_image_enc.configs"
    (configs / SUBFOLDER).mkdir(parents=True)
    config = json.dumps(TINY_CLIP.config(), indent=2) + "\n"
    (configs / SUBFOLDER / "config.json").write_text(config, encoding="utf-8")
    clip_tokenizer(configs / "tokenizer")
    write_index(configs, "GLIDENoisedCLIP")
