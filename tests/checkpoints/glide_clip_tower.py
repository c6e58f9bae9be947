"""The noised CLIP on a dictionary of its published tensors, written anew from glide_text2im/clip/encoders.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["gradient", "read_text", "see"]

MEANS = (122.77093945, 116.74601272, 104.09373519)
STDS = (68.50053285, 66.63215831, 70.32316309)


def read_text(t: Mapping[str, Tensor], tokens: Sequence[int], heads: int) -> Tensor:
    """z [1, projection] of a prompt's tokens without its ends, padded with zeros: CLIPModel.encode_prompts and
    TextEncoder.forward. The two ends are the last words of the tokenizer, given as the first and last of `tokens`."""
    length = len(t["blocks.input.w_pos"])
    padded = torch.tensor([[*tokens, *[0] * (length - len(tokens))]])
    x = t["blocks.input.w_voc"][padded] + t["blocks.input.w_pos"]
    bias = torch.full((length, length), -1e10).triu(1)
    x = _blocks(t, x, heads, bias)[:, len(tokens) - 1]
    return _norm(t, "blocks.output.ln", x) @ t["blocks.output.f.w"].T


def see(t: Mapping[str, Tensor], x: Tensor, step: int, heads: int) -> Tensor:
    """z [n, projection] of x_t in -1..1 at a timestep: CLIPModel.image_embeddings and ImageEncoder.forward."""
    means, stds = (torch.tensor(numbers).view(3, 1, 1) for numbers in (MEANS, STDS))
    patches = t["blocks.input.patch_proj"]
    x = functional.conv2d(((x + 1) * 127.5 - means) / stds, patches, stride=patches.shape[-1])
    x = x.flatten(2).permute(0, 2, 1)
    start = t["blocks.input.w_t"][step].expand(len(x), 1, -1)
    x = _norm(t, "blocks.input.ln", torch.cat([start, x], dim=1) + t["blocks.input.w_pos"])
    x = _blocks(t, x, heads, torch.zeros(1))[:, 0]
    return _norm(t, "blocks.output.ln", x) @ t["blocks.output.f.w"].T


def gradient(t: Mapping[str, Tensor], target: Tensor, x: Tensor, step: int, heads: int) -> Tensor:
    """CLIPModel.cond_fn without its scale: the gradient of 100 cos(z_text, z_image), of x's shape."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        seen = see(t, x, step, heads)
        seen, target = (z / (z.norm(dim=-1, keepdim=True) + 1e-12) for z in (seen, target))
        return torch.autograd.grad(100.0 * (target * seen).sum(), x)[0]


def _blocks(t: Mapping[str, Tensor], x: Tensor, heads: int, bias: Tensor) -> Tensor:
    number = 0
    while f"blocks.block_{number}.f_mlp.f_1.w" in t:
        block = f"blocks.block_{number}"
        x = x + _attend(t, f"{block}.f_attn", _norm(t, f"{block}.f_attn.ln", x), heads, bias)
        inner = functional.gelu(_affine(t, f"{block}.f_mlp.f_1", _norm(t, f"{block}.f_mlp.ln", x)))
        x = x + _affine(t, f"{block}.f_mlp.f_2", inner)
        number += 1
    return x


def _affine(t: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.linear(x, t[f"{name}.w"], t.get(f"{name}.b"))


def _norm(t: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], t[f"{name}.g"], t[f"{name}.b"])


def _attend(t: Mapping[str, Tensor], name: str, x: Tensor, heads: int, bias: Tensor) -> Tensor:
    """Queries and keys are each scaled by the fourth root; a key has no bias."""
    n, length, width = x.shape
    assert f"{name}.f_k.b" not in t
    q, k, v = (
        _affine(t, f"{name}.{part}", x).view(n, length, heads, -1).transpose(1, 2) for part in ("f_q", "f_k", "f_v")
    )
    scale = (width // heads) ** -0.25
    weight = (torch.einsum("bhcd,bhkd->bhck", q * scale, k * scale) + bias).softmax(-1)
    return _affine(t, f"{name}.f_c", (weight @ v).transpose(1, 2).reshape(n, length, width))
