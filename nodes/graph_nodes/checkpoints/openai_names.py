"""The names and shapes in the files that OpenAI published, for a network of any size, and what they tell it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from graph_nodes.checkpoints.glide import GlideText, published_text
from graph_nodes.checkpoints.headers import Header, TensorInfo
from graph_nodes.checkpoints.layout import read_json
from graph_nodes.checkpoints.openai import ADM, CLASSIFIERS, OpenAIUNet
from graph_nodes.errors import ModelRefused

__all__ = ["Shapes", "check_complete", "check_tensors", "find_published", "published"]

Shapes = Iterator[tuple[str, tuple[int, ...]]]
Signature = tuple[object, ...]
MOST_RESNETS = 64
"""More at one level than any network has; a config that says so would keep whoever lists the models waiting."""


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
    """The names and shapes of a published file, from the constructors of guided_diffusion/unet.py, line by line."""
    width, time, last = unet.width, 4 * unet.width, len(unet.multiples) - 1
    yield from _layer("time_embed.0", time, width)
    yield from _layer("time_embed.2", time, time)
    if unet.classes and not unet.pooled:
        yield "label_emb.weight", (unet.classes, time)
    here, number, size = unet.widths[0], 1, unet.size
    yield from _layer("input_blocks.0.0", here, unet.in_channels, 3, 3)
    skipped = [here]
    for level, made in enumerate(unet.widths):
        for _ in range(unet.resnets):
            yield from _resnet(f"input_blocks.{number}.0", here, made, time)
            here = made
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
    yield from _pool(unet, here, size) if unet.pooled else _second_half(unet, here, skipped, size)


def _pool(unet: OpenAIUNet, here: int, size: int) -> Shapes:
    yield from _layer("out.0", here)
    yield "out.2.positional_embedding", (here, size * size + 1)
    yield from _layer("out.2.qkv_proj", 3 * here, here, 1)
    yield from _layer("out.2.c_proj", unet.classes, here, 1)


def _second_half(unet: OpenAIUNet, here: int, skipped: list[int], size: int) -> Shapes:
    time, number = 4 * unet.width, 0
    for level, made in reversed(list(enumerate(unet.widths))):
        for k in range(unet.resnets + 1):
            yield from _resnet(f"output_blocks.{number}.0", here + skipped.pop(), made, time)
            here, place = made, 1
            if size in unet.attention:
                yield from _attention(f"output_blocks.{number}.1", here, unet.text)
                place = 2
            if level and k == unet.resnets:
                yield from _resnet(f"output_blocks.{number}.{place}", here, here, time)
                size *= 2
            number += 1
    yield from _layer("out.0", here)
    yield from _layer("out.2", 6, here, 3, 3)


def find_published(tensors: Mapping[str, TensorInfo]) -> str:
    """The published network of guided-diffusion that a file's names and shapes are those of; empty for none."""
    return _known().get(_signature({name: tensor.shape for name, tensor in tensors.items()}), "")


@cache
def _known() -> Mapping[Signature, str]:
    return {_signature(dict(published(unet))): name for name, unet in {**ADM, **CLASSIFIERS}.items()}


def _signature(shapes: Mapping[str, tuple[int, ...]]) -> Signature:
    """What tells the published networks apart, though a file may lack some of its tensors."""
    first = [name for name in shapes if name.startswith("input_blocks.")]
    blocks = frozenset(name.split(".")[1] for name in first)
    attending = frozenset(name.split(".")[1] for name in first if ".qkv." in name)
    telling = ("input_blocks.0.0.weight", "time_embed.0.weight", "label_emb.weight", "out.2.c_proj.weight")
    return blocks, attending, *(shapes.get(name) for name in telling)


def check_complete(path: Path, header: Header, configs: Path) -> None:
    """Raise ModelRefused when a file lacks tensors of the network that its configs describe, or has them otherwise."""
    for part in ("unet", "classifier"):
        config = configs / part / "config.json"
        if config.is_file():
            check_tensors(path, header, _wanted(config), part)
    config = configs / "text_encoder" / "config.json"
    if config.is_file():
        check_tensors(path, header, _wanted_text(config), "text_encoder")


def _wanted(config: Path) -> Mapping[str, tuple[int, ...]]:
    try:
        unet = OpenAIUNet.of(read_json(config.parents[1].name, config))
        if unet.resnets > MOST_RESNETS:
            raise ValueError(f"layers_per_block {unet.resnets}")
        return dict(published(unet))
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        raise ModelRefused(f"{config} describes no network of guided-diffusion or GLIDE: {error}") from None


def _wanted_text(config: Path) -> Mapping[str, tuple[int, ...]]:
    try:
        tower = GlideText.of(read_json(config.parents[1].name, config))
        if tower.layers > MOST_RESNETS:
            raise ValueError(f"{tower.layers} layers")
        return dict(published_text(tower))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(f"{config} describes no text tower of GLIDE: {error}") from None


def check_tensors(path: Path, header: Header, wanted: Mapping[str, tuple[int, ...]], part: str) -> None:
    """Raise ModelRefused unless a file has all tensors of a part, by their published names, in these shapes."""
    missing = [name for name in wanted if name not in header.tensors]
    if missing:
        raise ModelRefused(
            f"{path.name} lacks {len(missing)} of the {len(wanted)} tensors of its {part}, such as {missing[0]}; "
            "convert or fetch the file again"
        )
    for name, shape in wanted.items():
        found = header.tensors[name].shape
        if found != shape:
            raise ModelRefused(f"{path.name}: its {part} wants {name} of the shape {shape}, found {found}")
