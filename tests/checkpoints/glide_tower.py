"""GLIDE's text tower on a dictionary of the published tensors, written anew from the original's forward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["read_text"]


def read_text(t: Mapping[str, Tensor], tokens: Sequence[int], heads: int) -> tuple[Tensor, Tensor]:
    """(xf_out [1, length, width], xf_proj [1, projection]) of a prompt's tokens: Text2ImUNet.get_text_emb."""
    length, width = t["positional_embedding"].shape
    end = len(t["token_embedding.weight"]) - 1
    padded = torch.tensor([*tokens, *[end] * (length - len(tokens))])
    given = torch.tensor([True] * len(tokens) + [False] * (length - len(tokens)))
    x = t["token_embedding.weight"][padded] + t["positional_embedding"]
    x = torch.where(given[:, None], x, t["padding_embedding"])[None]
    number = 0
    while f"transformer.resblocks.{number}.ln_1.weight" in t:
        block = f"transformer.resblocks.{number}"
        x = x + _attend(t, f"{block}.attn", _norm(t, f"{block}.ln_1", x), heads)
        hidden = functional.gelu(_linear(t, f"{block}.mlp.c_fc", _norm(t, f"{block}.ln_2", x)))
        x = x + _linear(t, f"{block}.mlp.c_proj", hidden)
        number += 1
    x = _norm(t, "final_ln", x)
    assert x.shape == (1, length, width)
    return x, _linear(t, "transformer_proj", x[:, -1])


def _linear(t: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.linear(x, t[f"{name}.weight"], t[f"{name}.bias"])


def _norm(t: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], t[f"{name}.weight"], t[f"{name}.bias"])


def _attend(t: Mapping[str, Tensor], name: str, x: Tensor, heads: int) -> Tensor:
    """QKVMultiheadAttention: each head's queries, keys and values side by side, both scaled by the fourth root."""
    n, length, width = x.shape
    each = width // heads
    q, k, v = _linear(t, f"{name}.c_qkv", x).view(n, length, heads, 3 * each).split(each, dim=-1)
    weight = torch.einsum("bthc,bshc->bhts", q * each**-0.25, k * each**-0.25).softmax(-1)
    return _linear(t, f"{name}.c_proj", torch.einsum("bhts,bshc->bthc", weight, v).reshape(n, length, width))
