"""The transformers of Stable Diffusion 3 and Flux under the tensor names of their first publication."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from graph_nodes.checkpoints import flux_names

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["flux_file_names", "sd3_names"]

PREFIX = "model.diffusion_model."
OUTER = {
    "pos_embed.pos_embed": "pos_embed",
    "pos_embed.proj": "x_embedder.proj",
    "context_embedder": "context_embedder",
    "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
    "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
    "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
    "norm_out.linear": "final_layer.adaLN_modulation.1",
    "proj_out": "final_layer.linear",
}
INNER = {
    "norm1.linear": "x_block.adaLN_modulation.1",
    "norm1_context.linear": "context_block.adaLN_modulation.1",
    "attn.to_out.0": "x_block.attn.proj",
    "attn.to_add_out": "context_block.attn.proj",
    "attn.norm_q": "x_block.attn.ln_q",
    "attn.norm_k": "x_block.attn.ln_k",
    "attn.norm_added_q": "context_block.attn.ln_q",
    "attn.norm_added_k": "context_block.attn.ln_k",
    "attn2.norm_q": "x_block.attn2.ln_q",
    "attn2.norm_k": "x_block.attn2.ln_k",
    "attn2.to_out.0": "x_block.attn2.proj",
    "ff.net.0.proj": "x_block.mlp.fc1",
    "ff.net.2": "x_block.mlp.fc2",
    "ff_context.net.0.proj": "context_block.mlp.fc1",
    "ff_context.net.2": "context_block.mlp.fc2",
}
TOGETHER = {
    "attn.to_q": ("x_block.attn.qkv", ("attn.to_q", "attn.to_k", "attn.to_v")),
    "attn.add_q_proj": ("context_block.attn.qkv", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
    "attn2.to_q": ("x_block.attn2.qkv", ("attn2.to_q", "attn2.to_k", "attn2.to_v")),
}
"""Queries, keys and values, which the publication has in one tensor."""
ELSEWHERE = {name for _, names in TOGETHER.values() for name in names[1:]}


def sd3_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Where diffusers has a scale before a shift, in the last norms, the publication has them the other way round."""
    import torch

    blocks = {int(name.split(".")[1]) for name in tensors if name.startswith("transformer_blocks.")}
    swapped = ("norm_out.linear", f"transformer_blocks.{max(blocks)}.norm1_context.linear")
    for name, tensor in tensors.items():
        whole, kind = _parted(name)
        block = re.fullmatch(r"transformer_blocks\.(\d+)\.(.*)", whole)
        published = torch.cat(list(reversed(tensor.chunk(2)))) if whole in swapped else tensor
        if block is None:
            yield f"{PREFIX}{OUTER[whole]}{kind}", published
        elif block[2] in TOGETHER:
            place, parts = TOGETHER[block[2]]
            joined = torch.cat([tensors[f"transformer_blocks.{block[1]}.{part}{kind}"] for part in parts])
            yield f"{PREFIX}joint_blocks.{block[1]}.{place}{kind}", joined
        elif block[2] not in ELSEWHERE:
            yield f"{PREFIX}joint_blocks.{block[1]}.{INNER[block[2]]}{kind}", published


def flux_file_names(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Flux's names, with no prefix, as flux1-dev.safetensors has them."""
    import torch

    outer = {there: here for here, there in flux_names.OUTER.items()}
    for name, tensor in tensors.items():
        whole, kind = _parted(name)
        block = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.(.*)", whole)
        if block is None:
            swaps = whole == "norm_out.linear"
            yield f"{outer[whole]}{kind}", torch.cat(list(reversed(tensor.chunk(2)))) if swaps else tensor
            continue
        place = f"{'single' if block[1] else 'double'}_blocks.{block[2]}"
        table = flux_names.SINGLE if block[1] else flux_names.DOUBLE
        inner = {there: here for here, there in table.items()}
        together = ("linear1",) if block[1] else ("img_attn.qkv", "txt_attn.qkv")
        first = {flux_names.TOGETHER[key][0]: key for key in together}
        if block[3] in first:
            parts = flux_names.TOGETHER[first[block[3]]]
            stem = whole.removesuffix(block[3])
            yield f"{place}.{first[block[3]]}{kind}", torch.cat([tensors[f"{stem}{part}{kind}"] for part in parts])
        elif block[3] in inner:
            yield f"{place}.{inner[block[3]]}{'.scale' if '.norm_' in block[3] else kind}", tensor


def _parted(name: str) -> tuple[str, str]:
    """A layer, and which of its tensors."""
    whole, _, kind = name.rpartition(".")
    return (whole, f".{kind}") if kind in ("weight", "bias") else (name, "")
