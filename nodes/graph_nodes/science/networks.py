"""Networks as the sampler calls them: (x_t, t, conditions) -> prediction, whatever the class behind."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from graph_nodes.science.sampling import Conditions, Network

__all__ = ["enlarge", "unet"]

_TEXT = {"tokens": "encoder_hidden_states", "mask": "encoder_attention_mask"}


def unet(module: Any, *, pixel_unshuffle: int = 1, pooled_to_class: bool = False, dtype: torch.dtype) -> Network:
    """A diffusers UNet2DConditionModel, or a UNet2DModel (which takes no text).

    conditions: `tokens` [n, length, width] with `mask` bool [n, length] to the cross-attention; `pooled` [n, width]
    to the timestep embedding when `pooled_to_class`; `low_resolution` [n, c, h, w] of x_t's size, concatenated after
    x_t (Nichol et al. 2021, section 4.3); `noise_level` [n] to the class embedding.
    pixel_unshuffle: fold r x r pixels into channels around the network (Shi et al. 2016, arXiv:1609.05158).
    """
    r = pixel_unshuffle

    def network(x: Tensor, t: Tensor, conditions: Conditions) -> Tensor:
        if "low_resolution" in conditions:
            x = torch.cat([x, conditions["low_resolution"]], dim=1)
        if r > 1:
            x = functional.pixel_unshuffle(x, r)
        labels = conditions.get("pooled") if pooled_to_class else conditions.get("noise_level")
        text = {keyword: conditions[name] for name, keyword in _TEXT.items() if name in conditions}
        output = module(x.to(dtype), t, class_labels=labels, return_dict=False, **text)[0].float()
        return functional.pixel_shuffle(output, r) if r > 1 else output

    return network


def enlarge(picture: Tensor, size: int) -> Tensor:
    """A low-resolution condition [n, c, h, w] at the network's size [n, c, size, size], bilinear as in GLIDE."""
    return functional.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False)
