"""Flux's transformer under the names of its publication (black-forest-labs/flux) as diffusers has it, of any width.

The map of diffusers itself knows the published width alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MARK", "PREFIX", "convert"]

PREFIX = "model.diffusion_model."
"""How the names begin in files that hold other parts too."""
MARK = "double_blocks.0.img_attn.norm.key_norm.scale"
"""A tensor by which a file is known."""
OUTER = {
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "time_in.out_layer": "time_text_embed.timestep_embedder.linear_2",
    "vector_in.in_layer": "time_text_embed.text_embedder.linear_1",
    "vector_in.out_layer": "time_text_embed.text_embedder.linear_2",
    "guidance_in.in_layer": "time_text_embed.guidance_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
    "final_layer.adaLN_modulation.1": "norm_out.linear",
}
SINGLE = {
    "modulation.lin": "norm.linear",
    "norm.query_norm": "attn.norm_q",
    "norm.key_norm": "attn.norm_k",
    "linear2": "proj_out",
}
DOUBLE = {
    "img_mod.lin": "norm1.linear",
    "txt_mod.lin": "norm1_context.linear",
    "img_attn.norm.query_norm": "attn.norm_q",
    "img_attn.norm.key_norm": "attn.norm_k",
    "txt_attn.norm.query_norm": "attn.norm_added_q",
    "txt_attn.norm.key_norm": "attn.norm_added_k",
    "img_attn.proj": "attn.to_out.0",
    "txt_attn.proj": "attn.to_add_out",
    "img_mlp.0": "ff.net.0.proj",
    "img_mlp.2": "ff.net.2",
    "txt_mlp.0": "ff_context.net.0.proj",
    "txt_mlp.2": "ff_context.net.2",
}
TOGETHER = {
    "img_attn.qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "txt_attn.qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "linear1": ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"),
}
"""What the publication has in one tensor; the last of four is as tall as is left."""


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The transformer's tensors by diffusers' names; raises KeyError for a name that is not Flux's."""
    return dict(pair for name, tensor in tensors.items() for pair in _converted(name.removeprefix(PREFIX), tensor))


def _converted(name: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    import torch

    layer, _, kind = name.rpartition(".")
    kind = "weight" if kind == "scale" else kind
    found = re.fullmatch(r"(double|single)_blocks\.(\d+)\.(.*)", layer)
    if found is None:
        # The publication has the last norm's shift before its scale.
        is_swapped = OUTER[layer] == "norm_out.linear"
        yield f"{OUTER[layer]}.{kind}", torch.cat(tensor.chunk(2)[::-1]) if is_swapped else tensor
        return
    way, number, inner = found.groups()
    block = f"{'single_' if way == 'single' else ''}transformer_blocks.{number}"
    if inner in TOGETHER:
        parts = TOGETHER[inner]
        width = tensor.shape[0] // (7 if len(parts) == 4 else 3)  # the fourth is four times as tall
        tall = [width] * 3 + ([tensor.shape[0] - 3 * width] if len(parts) == 4 else [])
        for part, rows in zip(parts, torch.split_with_sizes(tensor, tall), strict=True):
            yield f"{block}.{part}.{kind}", rows
    else:
        yield f"{block}.{(DOUBLE if way == 'double' else SINGLE)[inner]}.{kind}", tensor
