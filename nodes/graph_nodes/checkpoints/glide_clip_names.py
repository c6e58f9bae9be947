"""The names and shapes in both files of GLIDE's noised CLIP, for one of any size, and what a file lacks of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graph_nodes.checkpoints.glide_clip import SUBFOLDER, GlideClip
from graph_nodes.checkpoints.headers import read_header
from graph_nodes.checkpoints.layout import read_json
from graph_nodes.checkpoints.openai_names import Shapes, check_tensors
from graph_nodes.errors import ModelRefused

__all__ = ["check_towers", "published_image_tower", "published_text_tower"]

MOST_LAYERS = 128
"""More than any tower has; a config that says so would keep whoever lists the models waiting."""


def check_towers(files: Sequence[Path], configs: Path) -> None:
    """Raise ModelRefused when one of (image tower, text tower) lacks tensors, or has others than its configs say."""
    path = configs / SUBFOLDER / "config.json"
    try:
        clip = GlideClip.of(read_json(configs.name, path))
        if max(clip.text.layers, clip.image.layers) > MOST_LAYERS:
            raise ValueError(f"{max(clip.text.layers, clip.image.layers)} layers")
        towers = {"image tower": dict(published_image_tower(clip)), "text tower": dict(published_text_tower(clip))}
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ModelRefused(f"{path} describes no noised CLIP of GLIDE's: {error}") from None
    for file, (tower, wanted) in zip(files, towers.items(), strict=True):
        check_tensors(file, read_header(file), wanted, tower)


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
