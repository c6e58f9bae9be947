"""A tiny noised CLIP of GLIDE's, a file for each tower under the published names."""

from __future__ import annotations

import json
from pathlib import Path

from graph_nodes.checkpoints.glide_clip import SUBFOLDER, GlideClip, ImageTower, TextTower
from graph_nodes.checkpoints.glide_clip_names import published_image_tower, published_text_tower
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.text import LENGTH, WORDS, clip_tokenizer

__all__ = ["TINY_CLIP", "glide_clip"]

TINY_CLIP = GlideClip(
    TextTower(vocabulary=WORDS + 6, length=LENGTH, width=32, layers=2, heads=4),
    ImageTower(size=16, patch=4, width=48, layers=2, heads=3),
    projection=24,
)


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
