"""Tiny networks of guided-diffusion, each in one file under the names that OpenAI publishes."""

from __future__ import annotations

import json
from pathlib import Path

from graph_nodes.checkpoints.openai import OpenAIUNet
from graph_nodes.checkpoints.openai_names import Shapes, published
from graph_nodes.checkpoints.tiny import networks
from graph_nodes.checkpoints.tiny.index import write_index

__all__ = ["CLASSIFIER", "UNET", "UPSAMPLE", "Shapes", "adm_file", "published"]

UNET = OpenAIUNet(16, 32, (1, 2), 1, attention=(8,), head_width=16, classes=1000)
UPSAMPLE = OpenAIUNet(64, 32, (1, 1, 2), 1, in_channels=6, attention=(16,), classes=1000, heads=2)
CLASSIFIER = OpenAIUNet(16, 64, (0.5, 1), 1, attention=(8,), head_width=16, classes=1000, pooled=True)


def adm_file(folder: Path) -> None:
    """`model` draws 16 x 16 of a thousand classes, `classifier` tells them, `upsample` enlarges to 64 x 64; the configs
    lie beside each."""
    folder.mkdir()
    _write(folder, "model", UNET, 0.05)
    _write(folder, "classifier", CLASSIFIER, 0.15)
    _write(folder, "upsample", UPSAMPLE, 0.05)


def _write(folder: Path, name: str, unet: OpenAIUNet, spread: float) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {
        key: torch.randn(shape) * spread + (1.0 if key.endswith("weight") and len(shape) == 1 else 0.0)
        for key, shape in published(unet)
    }
    save_file(tensors, folder / f"{name}.safetensors")
    configs = folder / f"{name}.configs"
    part = configs / ("classifier" if unet.pooled else "unet")
    part.mkdir(parents=True)
    (part / "config.json").write_text(json.dumps(unet.config(), indent=2) + "\n", encoding="utf-8")
    if not unet.pooled:
        networks.ancestral(configs / "scheduler", "linear", timestep_spacing="linspace")
    write_index(configs, "ADM")
