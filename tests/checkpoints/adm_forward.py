"""The forward passes of guided-diffusion and GLIDE, written anew on a dictionary of the published tensors."""

from __future__ import annotations

import torch
from graph_nodes.checkpoints.openai import OpenAIUNet
from torch import Tensor
from torch.nn import functional

__all__ = ["classify", "predict"]

Tensors = dict[str, Tensor]


def _block(t: Tensors, name: str, x: Tensor, emb: Tensor, resample: str = "") -> Tensor:
    """ResBlock of guided-diffusion, with scale and shift, up or down inside."""

    def get(layer: str) -> tuple[Tensor, Tensor]:
        return t[f"{name}.{layer}.weight"], t[f"{name}.{layer}.bias"]

    def sized(h: Tensor) -> Tensor:
        if resample == "down":
            return functional.avg_pool2d(h, 2)
        return functional.interpolate(h, scale_factor=2, mode="nearest") if resample else h

    h = functional.silu(functional.group_norm(x, 32, *get("in_layers.0")))
    h, x = functional.conv2d(sized(h), *get("in_layers.2"), padding=1), sized(x)
    scale, shift = functional.linear(functional.silu(emb), *get("emb_layers.1"))[..., None, None].chunk(2, dim=1)
    h = functional.group_norm(h, 32, *get("out_layers.0")) * (1 + scale) + shift
    h = functional.conv2d(functional.silu(h), *get("out_layers.3"), padding=1)
    if f"{name}.skip_connection.weight" in t:
        x = functional.conv2d(x, *get("skip_connection"))
    return x + h


def _apart(qkv: Tensor, heads: int) -> Tensor:
    """QKVAttention: [n, (q k v) heads d, places], all queries first."""
    n, width, places = qkv.shape
    q, k, v = (part.reshape(n * heads, width // (3 * heads), places) for part in qkv.chunk(3, dim=1))
    weight = torch.einsum("bct,bcs->bts", q, k).div((width / (3 * heads)) ** 0.5).softmax(-1)
    return torch.einsum("bts,bcs->bct", weight, v).reshape(n, width // 3, places)


def _together(qkv: Tensor, heads: int, kv: Tensor | None) -> Tensor:
    """QKVAttentionLegacy: [n, heads (q k v) d, places], in GLIDE the text's keys and values before the picture's."""
    n, width, places = qkv.shape
    d = width // (3 * heads)
    q, k, v = qkv.reshape(n * heads, 3 * d, places).split(d, dim=1)
    if kv is not None:
        text_k, text_v = kv.reshape(n * heads, 2 * d, -1).split(d, dim=1)
        k, v = torch.cat([text_k, k], dim=-1), torch.cat([text_v, v], dim=-1)
    weight = torch.einsum("bct,bcs->bts", q, k).div(d**0.5).softmax(-1)
    return torch.einsum("bts,bcs->bct", weight, v).reshape(n, width // 3, places)


def _attend(unet: OpenAIUNet, t: Tensors, name: str, x: Tensor, text: Tensor | None) -> Tensor:
    """AttentionBlock: num_heads where the flags say so, else as many as num_head_channels gives."""
    n, c, *size = x.shape
    heads = unet.heads if unet.heads else c // unet.head_width
    flat = functional.group_norm(x, 32, t[f"{name}.norm.weight"], t[f"{name}.norm.bias"]).reshape(n, c, -1)
    qkv = functional.conv1d(flat, t[f"{name}.qkv.weight"], t[f"{name}.qkv.bias"])
    kv = None
    if text is not None:
        kv = functional.conv1d(text, t[f"{name}.encoder_kv.weight"], t[f"{name}.encoder_kv.bias"])
    a = _apart(qkv, heads) if unet.qkv_apart else _together(qkv, heads, kv)
    a = functional.conv1d(a, t[f"{name}.proj_out.weight"], t[f"{name}.proj_out.bias"])
    return x + a.reshape(n, c, *size)


def _first_half(
    unet: OpenAIUNet, t: Tensors, x: Tensor, step: Tensor, text: Tensor | None, extra: Tensor | float
) -> tuple[Tensor, list[Tensor], Tensor]:
    """(the features in the middle, those of each block before, the embedding of the timestep)."""
    frequencies = torch.exp(-torch.log(torch.tensor(10000.0)) * torch.arange(unet.width // 2) / (unet.width // 2))
    angles = step[:, None].float() * frequencies[None]
    emb = torch.cat([angles.cos(), angles.sin()], dim=-1)
    emb = functional.linear(emb, t["time_embed.0.weight"], t["time_embed.0.bias"])
    emb = functional.linear(functional.silu(emb), t["time_embed.2.weight"], t["time_embed.2.bias"]) + extra
    last, number = len(unet.multiples) - 1, 1
    h = functional.conv2d(x, t["input_blocks.0.0.weight"], t["input_blocks.0.0.bias"], padding=1)
    kept = [h]
    for level in range(len(unet.multiples)):
        attends = unet.size >> level in unet.attention
        for _ in range(unet.resnets):
            h = _block(t, f"input_blocks.{number}.0", h, emb)
            h = _attend(unet, t, f"input_blocks.{number}.1", h, text) if attends else h
            kept.append(h)
            number += 1
        if level < last:
            h = _block(t, f"input_blocks.{number}.0", h, emb, "down")
            kept.append(h)
            number += 1
    h = _block(t, "middle_block.0", h, emb)
    h = _block(t, "middle_block.2", _attend(unet, t, "middle_block.1", h, text), emb)
    return h, kept, emb


def predict(
    unet: OpenAIUNet, t: Tensors, x: Tensor, step: Tensor, text: Tensor | None = None, extra: Tensor | float = 0.0
) -> Tensor:
    """UNetModel.forward: extra joins the timestep's embedding (the class's, or the text's last state)."""
    h, kept, emb = _first_half(unet, t, x, step, text, extra)
    last, number = len(unet.multiples) - 1, 0
    for level in range(len(unet.multiples)):
        attends = unet.size >> (last - level) in unet.attention
        for k in range(unet.resnets + 1):
            h = _block(t, f"output_blocks.{number}.0", torch.cat([h, kept.pop()], dim=1), emb)
            h = _attend(unet, t, f"output_blocks.{number}.1", h, text) if attends else h
            if k == unet.resnets and level < last:
                h = _block(t, f"output_blocks.{number}.{1 + attends}", h, emb, "up")
            number += 1
    h = functional.silu(functional.group_norm(h, 32, t["out.0.weight"], t["out.0.bias"]))
    return functional.conv2d(h, t["out.2.weight"], t["out.2.bias"], padding=1)


def classify(unet: OpenAIUNet, t: Tensors, x: Tensor, step: Tensor) -> Tensor:
    """EncoderUNetModel.forward with AttentionPool2d: logits [n, classes]."""
    h = _first_half(unet, t, x, step, None, 0.0)[0]
    h = functional.silu(functional.group_norm(h, 32, t["out.0.weight"], t["out.0.bias"])).flatten(2)
    h = torch.cat([h.mean(dim=-1, keepdim=True), h], dim=-1) + t["out.2.positional_embedding"]
    qkv = functional.conv1d(h, t["out.2.qkv_proj.weight"], t["out.2.qkv_proj.bias"])
    h = _apart(qkv, h.shape[1] // unet.head_width)
    return functional.conv1d(h, t["out.2.c_proj.weight"], t["out.2.c_proj.bias"])[:, :, 0]
