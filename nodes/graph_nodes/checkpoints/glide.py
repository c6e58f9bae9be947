"""GLIDE's text tower in the published files: its sizes, and its tensors by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.openai import OpenAIUNet
from graph_nodes.checkpoints.stable import Parts, schedule

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CLASS", "FAST27", "TOWER", "GlideText", "convert_text", "glide", "published_schedule", "published_text"]

CLASS = "GlideTextTower"
_OUTSIDE = {
    "token_embedding.weight": "token_embedding.weight",
    "positional_embedding": "positional_embedding",
    "padding_embedding": "padding_embedding",
    "final_ln.weight": "encoder.norm.weight",
    "final_ln.bias": "encoder.norm.bias",
    "transformer_proj.weight": "projection.weight",
    "transformer_proj.bias": "projection.bias",
}
_LAYERS = {
    "attn.c_proj": "self_attn.out_proj",
    "ln_1": "norm1",
    "ln_2": "norm2",
    "mlp.c_fc": "linear1",
    "mlp.c_proj": "linear2",
}
_BLOCKS = "transformer.resblocks."


@dataclass(frozen=True)
class GlideText:
    """The sizes of one text tower. projection: the width of the timestep embedding that it joins."""

    vocabulary: int = 50257
    length: int = 128
    width: int = 512
    layers: int = 16
    heads: int = 8
    projection: int = 768

    @staticmethod
    def of(config: Mapping[str, Any]) -> GlideText:
        """The tower whose config.json this is."""
        return GlideText(**{each.name: int(config[each.name]) for each in fields(GlideText)})

    def config(self) -> dict[str, Any]:
        """What its config.json says."""
        return {"_class_name": CLASS, **asdict(self)}


TOWER = GlideText()
"""The tower of all four published checkpoints; each has weights of its own."""


def convert_text(heads: int, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tower's tensors of a published file under the names of GlideTextTower; the U-Net's are left out."""
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in _OUTSIDE:
            made[_OUTSIDE[name]] = tensor
        elif name.startswith(_BLOCKS):
            number, _, inner = name.removeprefix(_BLOCKS).partition(".")
            layer, _, kind = inner.rpartition(".")
            place = f"encoder.layers.{number}"
            if layer == "attn.c_qkv":
                # Each head has its queries, keys and values together; torch has all queries, all keys, all values.
                rows = tensor.reshape(heads, 3, -1, *tensor.shape[1:]).transpose(0, 1)
                made[f"{place}.self_attn.in_proj_{kind}"] = rows.reshape(tensor.shape)
            elif layer in _LAYERS:
                made[f"{place}.{_LAYERS[layer]}.{kind}"] = tensor
            else:
                raise KeyError(f"{name!r} is no tensor of GLIDE's text tower")
    return made


def published_text(text: GlideText) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names and shapes of a tower in a published file, from glide_text2im/text2im_model.py and xf.py."""
    width = text.width
    for number in range(text.layers):
        block = f"transformer.resblocks.{number}"
        for name, shape in (
            ("attn.c_qkv", (3 * width, width)),
            ("attn.c_proj", (width, width)),
            ("ln_1", (width,)),
            ("mlp.c_fc", (4 * width, width)),
            ("mlp.c_proj", (width, 4 * width)),
            ("ln_2", (width,)),
        ):
            yield f"{block}.{name}.weight", shape
            yield f"{block}.{name}.bias", shape[:1]
    yield "final_ln.weight", (width,)
    yield "final_ln.bias", (width,)
    yield "token_embedding.weight", (text.vocabulary, width)
    yield "positional_embedding", (text.length, width)
    yield "padding_embedding", (text.length, width)
    yield "transformer_proj.weight", (text.projection, width)
    yield "transformer_proj.bias", (text.projection,)


FAST27 = (
    *(997, 800, 799, 600, 599, 500, 400, 399, 377, 355, 333, 311, 288, 266, 244, 222, 200),
    *(199, 177, 155, 133, 111, 88, 66, 44, 22, 0),
)
"""OpenAI's 27 timesteps for an upsampler: a large picture needs few steps while it is noise, and many at the end."""


def published_schedule(unet: OpenAIUNet) -> dict[str, Any]:
    """The scheduler_config.json of one of the four: how OpenAI's own notebooks sample from it.

    Base models by DDPM, the upsampler by DDIM, the one that repaints by DDPM again; an upsampler begins with a little
    less noise than there is, which makes it less grainy.
    """
    enlarges = unet.in_channels in (6, 10)
    return {
        "_class_name": "DDIMScheduler" if unet.in_channels == 6 else "DDPMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.0001,
        "beta_end": 0.02,
        "beta_schedule": "linear" if enlarges else "squaredcos_cap_v2",
        "clip_sample": True,
        "prediction_type": "epsilon",
        "variance_type": "learned_range",
        "timestep_spacing": "linspace",
        **({"spaced_timesteps": list(FAST27), "noise_temperature": 0.997} if enlarges else {}),
    }


def glide(layout: Layout) -> Parts:
    """Nichol et al. 2021 (arXiv:2112.10741): a tower and a U-Net that were trained together, and fit no other."""
    channels = int(layout.setting("unet", "in_channels", 3))
    enlarges, repaints = channels in (6, 10), channels in (7, 10)
    size = int(layout.setting("unet", "sample_size", 64))
    space = f"glide-{size}" + ("-inpaint" if repaints else "")
    encoder = {
        "kind": "TextEncoder",
        "class": CLASS,
        "folder": "text_encoder",
        "tokenizer": "tokenizer",
        "text_space": space,
        "max_tokens": int(layout.setting("text_encoder", "length", TOWER.length)),
        "recipe": "glide",
    }
    unet = {
        "kind": "Denoiser",
        "class": layout.class_of("unet"),
        "folder": "unet",
        **schedule(layout),
        "space": "pixel",
        "channels": 3,
        "size": size,
        "text_space": space,
        "pooled_to_class": True,
        "conditions": ["text", *(["low_resolution"] if enlarges else []), *(["inpaint"] if repaints else [])],
        "beside": ["masked_image", "known", "low_resolution"],
        **({"low_resolution_rounded": True} if enlarges else {}),
        **({"keeps_known": True} if repaints else {}),
    }
    return {"text_encoder": encoder, "upsampler" if enlarges else "denoiser": unet}
