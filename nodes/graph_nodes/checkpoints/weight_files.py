"""Which files of a component's folder hold its weights: safetensors, whole or in shards, one precision of many."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph_nodes.checkpoints.headers import Header, read_header
from graph_nodes.errors import ModelRefused

__all__ = ["WITH_WEIGHTS", "WeightFiles", "check_weights", "find_weights", "is_weights"]

WITH_WEIGHTS = ("folder", "folder_2", "folder_3", "text_folder", "last_folder", "projection", "quantizer")
"""Facts of a part that name a folder with weights in it."""
STEMS = ("diffusion_pytorch_model", "model")
VARIANTS = ("", "fp16", "bf16", "non_ema", "fp32")
"""Which precision is taken when several lie side by side, the first that is there; `` has no name of its own."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt")
OTHERS = (*PICKLES, ".msgpack", ".h5", ".onnx", ".onnx_data", ".xml", ".gguf", ".safetensors")
_QUANTISED = (".SCB", ".absmax", ".scale_weight", ".weight_scale", ".weight_scale_inv", ".qweight", "scaled_fp8")
"""How tensors are called beside quantised weights, without which these mean nothing."""


@dataclass(frozen=True)
class WeightFiles:
    """variant: the part of the file names that tells the precision; index: of shards, or None; files: what is read."""

    variant: str
    index: Path | None
    files: Sequence[Path]


def is_weights(path: Path) -> bool:
    """True for a file of weights in any format."""
    return path.name.endswith((*OTHERS, ".index.json"))


def find_weights(folder: Path) -> WeightFiles:
    """The weights in a component's folder; raises ModelRefused that says what lies there instead."""
    for variant in VARIANTS:
        dot = f".{variant}" if variant else ""
        for stem in STEMS:
            whole = folder / f"{stem}{dot}.safetensors"
            if whole.is_file():
                return WeightFiles(variant, None, (whole,))
            index = folder / f"{stem}.safetensors.index{dot}.json"
            if index.is_file():
                return WeightFiles(variant, index, _shards(index))
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise ModelRefused(
            f"{folder} holds no .safetensors file, only pickles such as {pickles[0]}, which can run code when they are "
            "loaded; convert them once with: graph-engine convert-model --allow-pickle"
        )
    raise ModelRefused(f"{folder} holds no .safetensors file; other weight formats are not read")


def check_weights(path: Path) -> Header:
    """The header of a file of weights; raises ModelRefused when it is broken, or when its weights are quantised: read
    as plain numbers they would give a picture of nothing, without a word."""
    header = read_header(path)
    for name, tensor in header.tensors.items():
        whole = tensor.dtype[0] in "IU" and name.endswith(".weight")
        if whole or name.endswith(_QUANTISED):
            raise ModelRefused(
                f"{path}: its weights are quantised ({name} is stored as {tensor.dtype}), which is not read; "
                "fetch the model in float16, bfloat16 or float32"
            )
    return header


def _shards(index: Path) -> tuple[Path, ...]:
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelRefused(f"{index} is no index of shards: {error}") from None
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise ModelRefused(f"{index} names a shard {name!r}, which is no file beside it")
        if not (index.parent / name).is_file():
            raise ModelRefused(f"{index.parent} has no {name}, which its index names; the download may be incomplete")
    return tuple(index.parent / name for name in names)
