"""A tiny GLIDE, each of its models in one file under the published names, and those names for any size."""

from __future__ import annotations

import json
from pathlib import Path

from graph_nodes.checkpoints.glide import GlideText, published_schedule, published_text
from graph_nodes.checkpoints.openai import OpenAIUNet
from graph_nodes.checkpoints.openai_names import published
from graph_nodes.checkpoints.tiny import glide_clip
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.text import gpt2_tokenizer

__all__ = ["TEXT", "UNETS", "glide"]

UNETS = {
    "base": OpenAIUNet(16, 32, (1, 2), 1, attention=(8,), head_width=16, text=32),
    "upsample": OpenAIUNet(32, 32, (1, 2), 1, in_channels=6, attention=(16,), head_width=16, text=32),
    "base_inpaint": OpenAIUNet(64, 32, (1, 1, 1, 2), 1, in_channels=7, attention=(8,), head_width=16, text=32),
    "upsample_inpaint": OpenAIUNet(
        256, 32, (1, 1, 1, 1, 1, 2), 1, in_channels=10, attention=(8,), head_width=16, text=32
    ),
}
"""Name of a file -> its U-Net. The inpainting ones work on pictures as large as the published ones do, so that a
workflow that brings a picture to these sizes can be tried on them."""
TEXT = GlideText(vocabulary=257, length=64, width=32, layers=2, heads=4, projection=128)


def glide(folder: Path) -> None:
    """The four models and both towers of the noised CLIP, under the names that their files were published with.

    `base` draws 16 x 16, which `upsample` enlarges to 32 x 32; configs and words lie beside each.
    """
    folder.mkdir()
    for name, unet in UNETS.items():
        _write(folder, name, unet)
    glide_clip.glide_clip(folder)


def _write(folder: Path, name: str, unet: OpenAIUNet) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {
        key: torch.randn(shape) * 0.1 + (1.0 if key.endswith(".weight") and len(shape) == 1 else 0.0)
        for key, shape in (*published(unet), *published_text(TEXT))
    }
    for kind in ("weight", "bias"):  # a share of the variance that is far from -1..1, as no trained one is, blows x up
        tensors[f"out.2.{kind}"][3:] *= 0.2
    save_file(tensors, folder / f"{name}.safetensors")
    configs = folder / f"{name}.configs"
    for part, config in (("unet", unet.config()), ("text_encoder", TEXT.config())):
        (configs / part).mkdir(parents=True)
        (configs / part / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    gpt2_tokenizer(configs / "tokenizer")
    (configs / "scheduler").mkdir()
    schedule = json.dumps(published_schedule(unet), indent=2) + "\n"
    (configs / "scheduler" / "scheduler_config.json").write_text(schedule, encoding="utf-8")
    write_index(configs, "GLIDE")
