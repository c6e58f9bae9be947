"""GLIDE's noised CLIP as it was published: a file for each tower, their sizes, and their tensors by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_nodes.checkpoints.headers import Header, read_header
from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.stable import Parts
from graph_nodes.errors import ModelRefused

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "CLASS",
    "CLIP",
    "MARKS",
    "SUBFOLDER",
    "GlideClip",
    "ImageTower",
    "TextTower",
    "convert",
    "noised_clip",
    "towers_of",
]

CLASS = "GlideNoisedCLIP"
SUBFOLDER = "clip"
MARKS = {"image": "blocks.input.patch_proj", "text": "blocks.input.w_voc"}
"""Tower -> a tensor that only its file has."""
_OUTSIDE = {
    "input.w_voc": "token_embedding.weight",
    "input.w_t": "timestep_embedding.weight",
    "input.w_pos": "positional_embedding",
    "input.patch_proj": "patches.weight",
    "input.ln.g": "norm.weight",
    "input.ln.b": "norm.bias",
    "output.ln.g": "encoder.norm.weight",
    "output.ln.b": "encoder.norm.bias",
    "output.f.w": "projection.weight",
}
_LAYERS = {
    "f_attn.ln": "norm1",
    "f_attn.f_c": "self_attn.out_proj",
    "f_mlp.ln": "norm2",
    "f_mlp.f_1": "linear1",
    "f_mlp.f_2": "linear2",
}
_KINDS = {"w": "weight", "g": "weight", "b": "bias"}


@dataclass(frozen=True)
class TextTower:
    """vocabulary: rows of its table, more than CLIP's tokenizer has tokens."""

    vocabulary: int = 65536
    length: int = 77
    width: int = 512
    layers: int = 12
    heads: int = 8


@dataclass(frozen=True)
class ImageTower:
    """size, patch: in pixels; timesteps: each has a vector of its own."""

    size: int = 64
    patch: int = 4
    timesteps: int = 1000
    width: int = 768
    layers: int = 12
    heads: int = 12


@dataclass(frozen=True)
class GlideClip:
    """The sizes of both towers. projection: of the joint space; logit_scale: what its cosines are multiplied by, which
    is in neither file."""

    text: TextTower = field(default_factory=TextTower)
    image: ImageTower = field(default_factory=ImageTower)
    projection: int = 512
    logit_scale: float = 100.0

    @staticmethod
    def of(config: Mapping[str, Any]) -> GlideClip:
        """The CLIP whose config.json this is."""
        text, image = TextTower(**config["text"]), ImageTower(**config["image"])
        return GlideClip(text, image, int(config["projection"]), float(config["logit_scale"]))

    def config(self) -> dict[str, Any]:
        """What its config.json says."""
        return {"_class_name": CLASS, **asdict(self)}


CLIP = GlideClip()
"""The published one."""


def towers_of(path: Path, header: Header) -> tuple[Path, Path] | None:
    """(file of the image tower, file of the text tower) when a file is one of them, None for any other model.

    The other one lies beside it under the same name with the other word, as `clip_image_enc` and `clip_text_enc` were
    published; raises ModelRefused when it does not.
    """
    own = next((tower for tower, mark in MARKS.items() if mark in header.tensors), None)
    if own is None:
        return None
    other = "text" if own == "image" else "image"
    partner = path.with_name(path.name.replace(own, other))
    wanted = partner.name if own in path.name else f"clip_{other}_enc{path.suffix} (and this one clip_{own}_enc)"
    if own not in path.name or not partner.is_file():
        raise ModelRefused(
            f"{path.name} is the {own} tower of GLIDE's noised CLIP, which needs its {other} tower too: "
            f"no {wanted} lies beside it"
        )
    if MARKS[other] not in read_header(partner).tensors:
        raise ModelRefused(f"{partner.name} is not the {other} tower of GLIDE's noised CLIP that {path.name} needs")
    return (path, partner) if own == "image" else (partner, path)


def convert(tower: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of one published file under the names of GlideNoisedCLIP; tower: `image` or `text`."""
    import torch

    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        inner = name.removeprefix("blocks.")
        block, _, rest = inner.partition(".")
        layer, _, kind = rest.rpartition(".")
        place = f"{tower}.encoder.layers.{block.removeprefix('block_')}"
        if inner in _OUTSIDE:
            made[f"{tower}.{_OUTSIDE[inner]}"] = tensor
        elif layer in _LAYERS:
            made[f"{place}.{_LAYERS[layer]}.{_KINDS[kind]}"] = tensor
        elif layer == "f_attn.f_q":
            # torch has queries, keys and values in one tensor, and a bias for all three; here keys have none.
            q, v = tensor, tensors[f"blocks.{block}.f_attn.f_v.{kind}"]
            k = tensors[f"blocks.{block}.f_attn.f_k.w"] if kind == "w" else torch.zeros_like(q)
            made[f"{place}.self_attn.in_proj_{_KINDS[kind]}"] = torch.cat([q, k, v])
        elif layer not in ("f_attn.f_k", "f_attn.f_v"):
            raise KeyError(f"{name!r} is no tensor of the {tower} tower of GLIDE's noised CLIP")
    return made


def noised_clip(layout: Layout) -> Parts:
    """The CLIP that guides GLIDE's base; it was trained on every timestep, so that it sees clean pictures too."""
    try:
        clip = GlideClip.of(layout.config(SUBFOLDER))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(f"the config of {layout.name!r} describes no noised CLIP of GLIDE's: {error}") from None
    return {
        "clip": {
            "kind": "CLIP",
            "class": CLASS,
            "folder": SUBFOLDER,
            "tokenizer": "tokenizer",
            "attention_mask": True,
            "max_tokens": clip.text.length,
            "vocabulary": clip.text.vocabulary,
            "image_size": clip.image.size,
            "embedding_space": "glide-clip",
            "logit_scale": clip.logit_scale,
            "noised": True,
            "sees_clean": True,
            "full_precision": True,
        }
    }
