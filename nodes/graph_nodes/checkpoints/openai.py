"""U-Nets of OpenAI's guided-diffusion and GLIDE as U-Nets of diffusers: their configs, and their tensors by name.

Dhariwal and Nichol 2021 (arXiv:2105.05233) and Nichol et al. 2021 (arXiv:2112.10741) publish one architecture: resnets
with scale and shift, up and down by a resnet too, attention at some levels, in GLIDE with the text's keys beside the
picture's. A noised classifier is the first half of one, pooled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ADM", "CLASSIFIERS", "GLIDE", "NOISED_CLASSIFIER", "UNET", "OpenAIUNet", "convert"]

UNET, NOISED_CLASSIFIER = "AdmUNet", "NoisedClassifier"
"""Classes of the project, for what diffusers' UNet2DModel has no setting for."""

RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
OUTER = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
    "label_emb": "class_embedding",
}
POOL = {
    "out.2.positional_embedding": "conv_out.places",
    "out.2.qkv_proj.weight": "conv_out.qkv.weight",
    "out.2.qkv_proj.bias": "conv_out.qkv.bias",
    "out.2.c_proj.weight": "conv_out.projection.weight",
    "out.2.c_proj.bias": "conv_out.projection.bias",
}
"""What stands in the place of the last convolution in a classifier."""


WITH_ATTENTION = ("AttnDownBlock2D", "SimpleCrossAttnDownBlock2D")


@dataclass(frozen=True)
class OpenAIUNet:
    """One published network. size: of its pictures; attention: the sizes at which it looks around; text: the width of
    the text's states, 0 for none; classes: 0 for none; in_channels: the picture's, and what stands beside it.

    heads: of every attention, 0 where each head is head_width wide. qkv_apart: all queries come before all keys, as in
    the U-Net of 64 pixels, where the others have each head's together. pooled: it is a classifier, without second half.
    """

    size: int
    width: int
    multiples: Sequence[float]
    resnets: int
    in_channels: int = 3
    attention: Sequence[int] = (32, 16, 8)
    head_width: int = 64
    text: int = 0
    classes: int = 0
    heads: int = 0
    qkv_apart: bool = False
    pooled: bool = False

    @property
    def levels(self) -> list[bool]:
        """For each level whether it has attention, the largest pictures first."""
        return [self.size >> level in self.attention for level in range(len(self.multiples))]

    @property
    def widths(self) -> list[int]:
        """The channels of each level."""
        return [round(self.width * multiple) for multiple in self.multiples]

    def heads_of(self, width: int) -> int:
        """How many heads an attention over so many channels has."""
        return self.heads or width // self.head_width

    @staticmethod
    def of(config: Mapping[str, Any]) -> OpenAIUNet:
        """The network whose settings in diffusers, or in the project's own classes, these are."""
        width, blocks = config.get("time_width") or config["block_out_channels"][0], config["down_block_types"]
        pooled = config.get("_class_name") == NOISED_CLASSIFIER
        return OpenAIUNet(
            size=config["sample_size"],
            width=width,
            multiples=[made / width for made in config["block_out_channels"]],
            resnets=config["layers_per_block"],
            in_channels=config["in_channels"],
            attention=[config["sample_size"] >> level for level, block in enumerate(blocks) if block in WITH_ATTENTION],
            head_width=config["attention_head_dim"] or 0,
            text=config.get("cross_attention_dim") or 0,
            classes=config["out_channels"] if pooled else config.get("num_class_embeds") or 0,
            heads=config.get("heads") or 0,
            qkv_apart=bool(config.get("qkv_apart")),
            pooled=pooled,
        )

    def config(self) -> dict[str, Any]:
        """The settings of the class of diffusers that is the same network."""
        shared = {
            "sample_size": self.size,
            "in_channels": self.in_channels,
            "out_channels": self.classes if self.pooled else 6,
            "block_out_channels": self.widths,
            "layers_per_block": self.resnets,
            "attention_head_dim": None if self.heads else self.head_width,
            "norm_num_groups": 32,
            "norm_eps": 1e-5,
            "resnet_time_scale_shift": "scale_shift",
            "flip_sin_to_cos": True,
            "freq_shift": 0,
            "act_fn": "silu",
        }
        return shared | (self._with_text() if self.text else self._with_classes())

    def _with_text(self) -> dict[str, Any]:
        down = ["SimpleCrossAttnDownBlock2D" if attends else "ResnetDownsampleBlock2D" for attends in self.levels]
        up = ["SimpleCrossAttnUpBlock2D" if attends else "ResnetUpsampleBlock2D" for attends in reversed(self.levels)]
        return {
            "_class_name": "UNet2DConditionModel",
            "down_block_types": down,
            "up_block_types": up,
            "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
            "cross_attention_dim": self.text,
            "class_embed_type": "identity",
        }

    def _with_classes(self) -> dict[str, Any]:
        own: dict[str, Any] = {"heads": self.heads} if self.heads else {}
        if self.widths[0] != self.width:
            own |= {"time_width": self.width, "time_embedding_dim": 4 * self.width}
        if self.qkv_apart:
            own |= {"qkv_apart": True}
        half = {
            "down_block_types": ["AttnDownBlock2D" if it else "ResnetDownsampleBlock2D" for it in self.levels],
            "downsample_type": "resnet",
            "attn_norm_num_groups": 32,
            **own,
        }
        if self.pooled:
            return {"_class_name": NOISED_CLASSIFIER, **half}
        return {
            "_class_name": UNET if own else "UNet2DModel",
            **half,
            "up_block_types": ["AttnUpBlock2D" if it else "ResnetUpsampleBlock2D" for it in reversed(self.levels)],
            "upsample_type": "resnet",
            "num_class_embeds": self.classes or None,
        }


FOUR, FIVE, SIX, SEVEN = (1, 2, 3, 4), (1, 1, 2, 3, 4), (1, 1, 2, 2, 4, 4), (0.5, 1, 1, 2, 2, 4, 4)
ADM: Mapping[str, OpenAIUNet] = {
    "adm-64": OpenAIUNet(64, 192, FOUR, 3, classes=1000, qkv_apart=True),
    "adm-128": OpenAIUNet(128, 256, FIVE, 2, classes=1000, heads=4),
    "adm-256": OpenAIUNet(256, 256, SIX, 2, classes=1000),
    "adm-256-uncond": OpenAIUNet(256, 256, SIX, 2),
    "adm-512": OpenAIUNet(512, 256, SEVEN, 2, classes=1000),
    "adm-64-256": OpenAIUNet(256, 192, SIX, 2, in_channels=6, classes=1000, heads=4),
    "adm-128-512": OpenAIUNet(512, 192, SIX, 2, in_channels=6, attention=(32, 16), classes=1000),
}
"""guided-diffusion's published models, by the flags of its README; the last two enlarge. Those of LSUN are built as the
unconditional one of 256 pixels."""
CLASSIFIERS: Mapping[str, OpenAIUNet] = {
    "adm-classifier-64": OpenAIUNet(64, 128, FOUR, 4, classes=1000, pooled=True),
    "adm-classifier-128": OpenAIUNet(128, 128, FIVE, 2, classes=1000, pooled=True),
    "adm-classifier-256": OpenAIUNet(256, 128, SIX, 2, classes=1000, pooled=True),
    "adm-classifier-512": OpenAIUNet(512, 128, SEVEN, 2, classes=1000, pooled=True),
}
"""The classifiers of noised pictures that were published beside them."""
GLIDE: Mapping[str, OpenAIUNet] = {
    "glide-base": OpenAIUNet(64, 192, FOUR, 3, text=512),
    "glide-inpaint": OpenAIUNet(64, 192, FOUR, 3, in_channels=7, text=512),
    "glide-upsample": OpenAIUNet(256, 192, SIX, 2, in_channels=6, text=512),
    "glide-upsample-inpaint": OpenAIUNet(256, 192, SIX, 2, in_channels=10, text=512),
}
"""GLIDE's four published checkpoints; each has its text tower beside the U-Net, in the same file."""
TEXT_TOWER = ("transformer.", "token_embedding.", "positional_embedding", "padding_embedding", "final_ln.")
TEXT_TOWER_END = ("transformer_proj.",)


def convert(unet: OpenAIUNet, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a published U-Net under the names of diffusers; those of a text tower in the file are left out."""
    places = dict(_places(unet))
    made: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not name.startswith((*TEXT_TOWER, *TEXT_TOWER_END)):
            made |= _converted(unet, places, name, tensor)
    return made


def _places(unet: OpenAIUNet) -> Iterator[tuple[str, str]]:
    """(where OpenAI has a block, where diffusers has it), such as (`input_blocks.1.0`, `down_blocks.0.resnets.0`)."""
    yield "middle_block.0", "mid_block.resnets.0"
    yield "middle_block.1", "mid_block.attentions.0"
    yield "middle_block.2", "mid_block.resnets.1"
    last, number = len(unet.multiples) - 1, 1
    for level, attends in enumerate(unet.levels):
        for k in range(unet.resnets):
            yield f"input_blocks.{number}.0", f"down_blocks.{level}.resnets.{k}"
            if attends:
                yield f"input_blocks.{number}.1", f"down_blocks.{level}.attentions.{k}"
            number += 1
        if level < last:
            yield f"input_blocks.{number}.0", f"down_blocks.{level}.downsamplers.0"
            number += 1
    if unet.pooled:
        return
    number = 0
    for level, attends in enumerate(reversed(unet.levels)):
        for k in range(unet.resnets + 1):
            yield f"output_blocks.{number}.0", f"up_blocks.{level}.resnets.{k}"
            if attends:
                yield f"output_blocks.{number}.1", f"up_blocks.{level}.attentions.{k}"
            if k == unet.resnets and level < last:
                yield f"output_blocks.{number}.{1 + attends}", f"up_blocks.{level}.upsamplers.0"
            number += 1


def _converted(unet: OpenAIUNet, places: Mapping[str, str], name: str, tensor: Tensor) -> dict[str, Tensor]:
    parts = name.split(".")
    for length in (2, 3):
        place = places.get(".".join(parts[:length]))
        if place is not None:
            return _in_block(unet, place, ".".join(parts[length:]), tensor)
    if unet.pooled and name in POOL:
        return {POOL[name]: tensor.squeeze(-1) if name.endswith("weight") else tensor}
    old = next((known for known in OUTER if name.startswith(f"{known}.")), None)
    if old is None:
        what = "classifier of guided-diffusion" if unet.pooled else "U-Net of guided-diffusion or GLIDE"
        raise KeyError(f"{name!r} is no tensor of a {what} of {unet.size} x {unet.size}")
    return {OUTER[old] + name[len(old) :]: tensor}


def _in_block(unet: OpenAIUNet, place: str, inner: str, tensor: Tensor) -> dict[str, Tensor]:
    if "attentions" not in place:
        layer, _, kind = inner.rpartition(".")
        return {f"{place}.{RESNET[layer]}.{kind}": tensor}
    layer, _, kind = inner.rpartition(".")
    if layer == "norm":
        return {f"{place}.group_norm.{kind}": tensor}
    flat = tensor.squeeze(-1) if kind == "weight" else tensor  # a convolution of one pixel is a matrix
    if layer == "proj_out":
        return {f"{place}.to_out.0.{kind}": flat}
    names = {"qkv": ("to_q", "to_k", "to_v"), "encoder_kv": ("add_k_proj", "add_v_proj")}[layer]
    if unet.qkv_apart:
        return {f"{place}.{projection}.{kind}": part for projection, part in zip(names, flat.chunk(3), strict=True)}
    # Each head has its queries, keys and values together: [heads, 3, width] in the first dimension.
    heads = unet.heads_of(len(flat) // len(names))
    rows = flat.reshape(heads, len(names), -1, *flat.shape[1:])
    return {
        f"{place}.{projection}.{kind}": rows[:, k].reshape(-1, *flat.shape[1:]) for k, projection in enumerate(names)
    }
