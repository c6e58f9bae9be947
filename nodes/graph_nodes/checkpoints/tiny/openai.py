"""A tiny guided-diffusion U-Net in one file, under the names that OpenAI publishes, and those names for any size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from graph_nodes.checkpoints.openai import OpenAIUNet
from graph_nodes.checkpoints.tiny import networks
from graph_nodes.checkpoints.tiny.index import write_index

__all__ = ["Shapes", "adm_file", "published"]

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def _layer(name: str, *shape: int) -> Shapes:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def _resnet(name: str, given: int, made: int, time: int) -> Shapes:
    yield from _layer(f"{name}.in_layers.0", given)
    yield from _layer(f"{name}.in_layers.2", made, given, 3, 3)
    yield from _layer(f"{name}.emb_layers.1", 2 * made, time)
    yield from _layer(f"{name}.out_layers.0", made)
    yield from _layer(f"{name}.out_layers.3", made, made, 3, 3)
    if given != made:
        yield from _layer(f"{name}.skip_connection", made, given, 1, 1)


def _attention(name: str, width: int, text: int) -> Shapes:
    yield from _layer(f"{name}.norm", width)
    yield from _layer(f"{name}.qkv", 3 * width, width, 1)
    if text:
        yield from _layer(f"{name}.encoder_kv", 2 * width, text, 1)
    yield from _layer(f"{name}.proj_out", width, width, 1)


def published(unet: OpenAIUNet) -> Shapes:
    """The names and shapes of a published file, from the constructor of guided_diffusion/unet.py, line by line."""
    width, time, last = unet.width, 4 * unet.width, len(unet.multiples) - 1
    yield from _layer("time_embed.0", time, width)
    yield from _layer("time_embed.2", time, time)
    if unet.classes:
        yield "label_emb.weight", (unet.classes, time)
    yield from _layer("input_blocks.0.0", width * unet.multiples[0], unet.in_channels, 3, 3)
    here, skipped, number, size = width * unet.multiples[0], [width * unet.multiples[0]], 1, unet.size
    for level, multiple in enumerate(unet.multiples):
        for _ in range(unet.resnets):
            yield from _resnet(f"input_blocks.{number}.0", here, width * multiple, time)
            here = width * multiple
            if size in unet.attention:
                yield from _attention(f"input_blocks.{number}.1", here, unet.text)
            skipped.append(here)
            number += 1
        if level < last:
            yield from _resnet(f"input_blocks.{number}.0", here, here, time)
            skipped.append(here)
            number, size = number + 1, size // 2
    yield from _resnet("middle_block.0", here, here, time)
    yield from _attention("middle_block.1", here, unet.text)
    yield from _resnet("middle_block.2", here, here, time)
    number = 0
    for level, multiple in reversed(list(enumerate(unet.multiples))):
        for k in range(unet.resnets + 1):
            yield from _resnet(f"output_blocks.{number}.0", here + skipped.pop(), width * multiple, time)
            here, place = width * multiple, 1
            if size in unet.attention:
                yield from _attention(f"output_blocks.{number}.1", here, unet.text)
                place = 2
            if level and k == unet.resnets:
                yield from _resnet(f"output_blocks.{number}.{place}", here, here, time)
                size *= 2
            number += 1
    yield from _layer("out.0", here)
    yield from _layer("out.2", 6, here, 3, 3)


def adm_file(folder: Path) -> None:
    """`model.safetensors` and its configs in `model.configs`: pictures of 16 x 16 of a thousand classes."""
    import torch
    from safetensors.torch import save_file

    unet = OpenAIUNet(16, 32, (1, 2), 1, attention=(8,), head_width=16, classes=1000)
    tensors = {
        name: torch.randn(shape) * 0.05 + (1.0 if name.endswith("s.0.weight") and len(shape) == 1 else 0.0)
        for name, shape in published(unet)
    }
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    configs = folder / "model.configs"
    (configs / "unet").mkdir(parents=True)
    (configs / "unet" / "config.json").write_text(json.dumps(unet.config(), indent=2) + "\n", encoding="utf-8")
    networks.ancestral(configs / "scheduler", "linear")
    write_index(configs, "ADM")
