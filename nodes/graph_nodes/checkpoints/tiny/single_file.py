"""Tiny Stable Diffusions in one file, under the tensor names of their first publication (CompVis, Stability)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graph_nodes.checkpoints.tiny import flows, stable
from graph_nodes.checkpoints.tiny.flow_files import flux_file_names, sd3_names

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["sd3_file", "sd15_file", "sd21_file", "sd35_file", "sdxl_file", "vae_names"]

Renaming = Callable[[Mapping[str, "Tensor"]], Iterator[tuple[str, "Tensor"]]]

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
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


OPEN_CLIP = {
    "embeddings.position_embedding.weight": "positional_embedding",
    "embeddings.token_embedding": "token_embedding",
    "final_layer_norm": "ln_final",
}
OPEN_CLIP_LAYER = {
    "encoder.layers.": "transformer.resblocks.",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    ".fc1.": ".c_fc.",
    ".fc2.": ".c_proj.",
    ".self_attn": ".attn",
}


def sd15_file(folder: Path) -> None:
    """Stable Diffusion 1: `model.safetensors` and its configs in `model.configs`, which have no weights any more."""
    stable.sd15(folder / "model.configs")
    _in_one(folder, {"unet": _unet_names, "vae": vae_names, "text_encoder": _text_names})
    shutil.copytree(folder / "model.configs" / "tokenizer", folder / "tokenizers" / "clip")


def sd21_file(folder: Path) -> None:
    """Stable Diffusion 2, whose text tower is under OpenCLIP's names and brings a projection that nobody reads."""
    import torch

    def text_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        yield from _open_clip_names(tensors, "cond_stage_model.model.")
        yield "cond_stage_model.model.text_projection", torch.eye(32)
        yield "cond_stage_model.model.logit_scale", torch.tensor(1.0)

    stable.sd21(folder / "model.configs")
    _in_one(folder, {"unet": _unet_names, "vae": vae_names, "text_encoder": text_names})


def sd35_file(folder: Path) -> None:
    """The same of Stable Diffusion 3.5."""
    sd3_file(folder, flows.sd35)


def sd3_file(folder: Path, make: Callable[[Path, int], None] = flows.sd3) -> None:
    """Stable Diffusion 3 with its three text towers; the first CLIP's projection is the identity, as published."""

    def below(prefix: str) -> Renaming:
        return lambda tensors: ((f"{prefix}{name}", tensor) for name, tensor in tensors.items())

    make(folder / "model.configs", 64)
    first = "text_encoders.clip_l.transformer."
    maps: dict[str, Renaming] = {
        "transformer": sd3_names,
        "vae": vae_names,
        "text_encoder": lambda tensors: _text_names(_without_projection(tensors), first),
        "text_encoder_2": below("text_encoders.clip_g.transformer."),
        "text_encoder_3": below("text_encoders.t5xxl.transformer."),
    }
    _in_one(folder, maps)


def flux_schnell_file(folder: Path) -> None:
    """The same of Flux schnell, which was taught no guidance."""
    flux_file(folder, flows.flux_schnell)


def flux_file(folder: Path, make: Callable[[Path], None] = flows.flux_dev) -> None:
    """Flux dev's transformer alone, as it was published: the other parts are of another file or folder."""
    make(folder / "model.configs")
    _in_one(folder, {"transformer": flux_file_names})
    for weights in (folder / "model.configs").glob("*/*.safetensors"):
        weights.unlink()


def _without_projection(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != "text_projection.weight"}


def sdxl_file(folder: Path) -> None:
    """Stable Diffusion XL, whose second text tower is under OpenCLIP's names."""
    stable.sdxl(folder / "model.configs", second_width=64)
    first, second = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."
    maps: dict[str, Renaming] = {
        "unet": _unet_names,
        "vae": vae_names,
        "text_encoder": lambda tensors: _text_names(tensors, first),
        "text_encoder_2": lambda tensors: _open_clip_names(tensors, second),
    }
    _in_one(folder, maps)


def _in_one(folder: Path, maps: Mapping[str, Renaming]) -> None:
    """Take the weights out of the components' folders and put them into one file."""
    from safetensors.torch import load_file, save_file

    configs = folder / "model.configs"
    tensors: dict[str, Tensor] = {}
    for name, rename in maps.items():
        (file,) = (configs / name).glob("*.safetensors")
        tensors |= dict(rename(load_file(file)))
        file.unlink()
    whole = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    save_file(whole, folder / "model.safetensors")


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


def vae_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
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


def _text_names(
    tensors: Mapping[str, Tensor], prefix: str = "cond_stage_model.transformer."
) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        yield f"{prefix}text_model.{name.removeprefix('text_model.')}", tensor


def _open_clip_names(tensors: Mapping[str, Tensor], prefix: str) -> Iterator[tuple[str, Tensor]]:
    """OpenCLIP has queries, keys and values of a layer in one tensor, and the projection the other way round."""
    import torch

    plain = {name.removeprefix("text_model."): tensor for name, tensor in tensors.items()}
    for name, tensor in plain.items():
        if name == "text_projection.weight":
            yield f"{prefix}text_projection", tensor.T
        elif ".q_proj." in name:
            whole = torch.cat([plain[name.replace(".q_proj.", f".{kind}_proj.")] for kind in "qkv"])
            layer, kind = name.split(".")[2], name.rpartition(".")[2]
            yield f"{prefix}transformer.resblocks.{layer}.attn.in_proj_{kind}", whole
        elif ".k_proj." not in name and ".v_proj." not in name:
            yield prefix + _renamed(_inner_open_clip(name), OPEN_CLIP), tensor


def _inner_open_clip(name: str) -> str:
    for old, new in OPEN_CLIP_LAYER.items():
        name = name.replace(old, new)
    return name
