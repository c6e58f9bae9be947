"""Networks of guided-diffusion (Dhariwal and Nichol 2021, arXiv:2105.05233) out of diffusers' UNet2DModel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import UNet2DModel
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["AdmUNet", "AttentionPool", "NoisedClassifier"]

OWN = ("heads", "time_width", "qkv_apart")
"""Settings that UNet2DModel does not know; the last is the converter's alone."""


class AdmUNet(UNet2DModel):
    """A U-Net whose heads are as many at each level, or whose timestep is wider than its first level.

    heads: how many, where UNet2DModel counts how wide each is; time_width: of the sines and cosines of the timestep,
    where UNet2DModel takes the first level's width.
    """

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The network that a config.json describes, its weights not set."""
        known = {name: value for name, value in config.items() if name not in OWN}
        module = super().from_config(known)  # type: ignore[no-untyped-call]
        if config.get("time_width"):
            _widen_time(module, int(config["time_width"]))
        if config.get("heads"):
            for attention in (each for each in module.modules() if isinstance(each, Attention)):
                _set_heads(attention, int(config["heads"]))
        return module


def _widen_time(module: Any, width: int) -> None:
    config = module.config
    module.time_proj = Timesteps(width, config.flip_sin_to_cos, config.freq_shift)
    module.time_embedding = TimestepEmbedding(width, module.time_embedding.linear_2.out_features)


def _set_heads(attention: Any, heads: int) -> None:
    attention.heads = attention.sliceable_head_dim = heads
    attention.scale = (attention.inner_dim / heads) ** -0.5


class NoisedClassifier(AdmUNet):
    """A classifier of noised pictures that is told the timestep: the first half of such a U-Net, pooled by attention.

    Called as a U-Net is, on x_t and t, it gives logits [n, classes] where that gives a picture.
    """

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """The classifier that a config.json describes, its weights not set."""
        levels, last = len(config["block_out_channels"]), config["block_out_channels"][-1]
        whole = {**config, "up_block_types": ["UpBlock2D"] * levels}
        module = super().from_config(whole)
        module.up_blocks = nn.ModuleList()
        module.conv_norm_out = nn.GroupNorm(config["norm_num_groups"], last, eps=config["norm_eps"])
        side, heads = config["sample_size"] >> (levels - 1), last // config["attention_head_dim"]
        module.conv_out = AttentionPool(last, side * side, heads, config["out_channels"])
        return module


class AttentionPool(nn.Module):
    """The mean of all places looks at all places, as in CLIP (Radford et al. 2021, arXiv:2103.00020, section 2.4).

    width: of the features; places: how many there are; classes: how many logits come out.
    """

    def __init__(self, width: int, places: int, heads: int, classes: int) -> None:
        super().__init__()
        self.heads = heads
        self.places = nn.Parameter(torch.empty(width, places + 1))
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits [n, classes] of features [n, width, h, w]."""
        x = features.flatten(2)
        x = torch.cat([x.mean(dim=-1, keepdim=True), x], dim=-1) + self.places
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x.mT).chunk(3, dim=-1))
        mean = functional.scaled_dot_product_attention(q[:, :, :1], k, v)
        logits: Tensor = self.projection(mean.transpose(1, 2).flatten(1))
        return logits
