"""A tiny Stable Diffusion 1 in one file, under the tensor names of its first publication (CompVis, 2022)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graph_nodes.checkpoints.tiny import stable

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["sd15_file"]

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
OUTER = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def sd15_file(folder: Path) -> None:
    """`model.safetensors` and its configs in `model.configs`, whose folders have no weights any more."""
    from safetensors.torch import load_file, save_file

    configs = folder / "model.configs"
    stable.sd15(configs)
    tensors: dict[str, Tensor] = {}
    maps = {"unet": _unet_names, "vae": _vae_names, "text_encoder": _text_names}
    for name, rename in maps.items():
        (file,) = (configs / name).glob("*.safetensors")
        tensors |= dict(rename(load_file(file)))
        file.unlink()
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, folder / "model.safetensors")
    shutil.copytree(configs / "tokenizer", folder / "tokenizers" / "clip")


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        if name == old or name.startswith(f"{old}."):
            return new + name[len(old) :]
    return name


def _unet_names(tensors: Mapping[str, Tensor], layers: int = 1) -> Iterator[tuple[str, Tensor]]:
    """layers: resnets in a block on the way down."""
    for name, tensor in tensors.items():
        yield f"model.diffusion_model.{_unet_name(name, layers)}", tensor


def _unet_name(name: str, layers: int) -> str:
    found = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    middle = re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.*)", name)
    if middle:
        kind, number, rest = middle.groups()
        place = 1 if kind == "attentions" else 2 * int(number)
        return f"middle_block.{place}.{_renamed(rest, RESNET) if kind == 'resnets' else rest}"
    if not found:
        return _renamed(name, OUTER)
    way, block, kind, number, rest = found.groups()
    if way == "down":
        at = 1 + int(block) * (layers + 1) + (layers if kind == "downsamplers" else int(number))
        side, many = "input_blocks", {"resnets": "0", "attentions": "1", "downsamplers": "0"}
    else:
        at = int(block) * (layers + 1) + (layers if kind == "upsamplers" else int(number))
        side, many = "output_blocks", {"resnets": "0", "attentions": "1", "upsamplers": "2" if block == "0" else "1"}
    if kind == "resnets":
        rest = _renamed(rest, RESNET)
    elif kind == "downsamplers":
        rest = rest.replace("conv.", "op.", 1)
    return f"{side}.{at}.{many[kind]}.{rest}"


def _vae_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    last = max(int(name.split(".")[2]) for name in tensors if name.startswith("decoder.up_blocks."))
    for name, tensor in tensors.items():
        new = re.sub(r"down_blocks\.(\d+)\.resnets\.(\d+)", r"down.\1.block.\2", name)
        new = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", new)
        new = re.sub(r"up_blocks\.(\d+)\.resnets\.(\d+)", lambda m: f"up.{last - int(m[1])}.block.{m[2]}", new)
        new = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", new)
        new = re.sub(r"mid_block\.resnets\.(\d+)", lambda m: f"mid.block_{int(m[1]) + 1}", new)
        attention = re.match(r"(\w+)\.mid_block\.attentions\.0\.(.*)", new)
        if attention:
            inner = _renamed(attention[2], ATTENTION)
            new = f"{attention[1]}.mid.attn_1.{inner}"
        is_matrix = attention is not None and tensor.ndim == 2  # a convolution of one pixel, as it was published
        new = new.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        yield f"first_stage_model.{new}", tensor[..., None, None] if is_matrix else tensor


def _text_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        yield f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}", tensor
