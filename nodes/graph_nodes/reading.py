"""How a prompt becomes what text towers read: whole, with weights, and in as many chunks as it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_engine import Context, TextEncoder
from graph_nodes.science.prompts import parse_weights
from graph_nodes.tokenizing import token_ids
from graph_nodes.weights import tokenizer_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Chunk", "Reading", "chunks_of", "count_chunks"]


@dataclass(frozen=True)
class Reading:
    """clip_skip: how many of the last layers are left out; weights: whether brackets weigh words; chunks: how many
    stretches of the encoder's length are read, 0 for the one that the encoder reads at once."""

    clip_skip: int = 0
    weights: bool = False
    chunks: int = 0


@dataclass(frozen=True)
class Chunk:
    """ids, mask: int64 [1, length]; weights: float32 [length], or None where nothing is weighed."""

    ids: Tensor
    mask: Tensor
    weights: Tensor | None = None


def chunks_of(context: Context, encoder: TextEncoder, prompt: str, reading: Reading, suffix: str = "") -> list[Chunk]:
    """What one tower reads of a prompt; suffix says which (`_2` the second)."""
    if not reading.weights and not reading.chunks:
        found = token_ids(context, encoder, prompt, suffix)
        return [Chunk(found["input_ids"], found["attention_mask"])]
    tokenizer = tokenizer_of(context, encoder, "tokenizer" + suffix)
    ids, weights = _pieces(tokenizer, prompt, reading.weights)
    length: int = encoder.facts.get("max_tokens" + suffix, encoder.facts["max_tokens"])
    room = length - len(_around(tokenizer))
    if not reading.chunks and len(ids) > room:
        context.warn(
            f"the prompt has {len(ids)} tokens and the encoder reads {room}; not read: "
            f"'{tokenizer.decode(ids[room:]).strip()}'. With long_prompt it is read in chunks"
        )
    count = reading.chunks or 1
    return [
        _chunk(tokenizer, ids[k * room : (k + 1) * room], weights[k * room : (k + 1) * room], room)
        for k in range(count)
    ]


def count_chunks(context: Context, encoder: TextEncoder, prompt: str, weights: bool) -> int:
    """How many chunks a prompt takes in the first tower; the empty prompt takes one."""
    tokenizer = tokenizer_of(context, encoder)
    room: int = encoder.facts["max_tokens"] - len(_around(tokenizer))
    return max(1, math.ceil(len(_pieces(tokenizer, prompt, weights)[0]) / room))


def _pieces(tokenizer: Any, prompt: str, weigh: bool) -> tuple[list[int], list[float]]:
    """The ids of a prompt without those around it, and a weight for each."""
    ids: list[int] = []
    weights: list[float] = []
    for text, weight in parse_weights(prompt) if weigh else [(prompt, 1.0)]:
        found = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        ids += found
        weights += [weight] * len(found)
    return ids, weights


def _around(tokenizer: Any) -> list[int]:
    """The ids that stand around the empty prompt: the beginning and the end."""
    return list(tokenizer("").input_ids)


def _chunk(tokenizer: Any, ids: Sequence[int], weights: Sequence[float], room: int) -> Chunk:
    import torch

    around = _around(tokenizer)
    begin, end = around[:-1], around[-1:]
    padding = room - len(ids)
    row = [*begin, *ids, *end, *[tokenizer.pad_token_id] * padding]
    told = [1.0] * len(begin) + list(weights) + [1.0] * (len(end) + padding)
    mask = [1] * (len(row) - padding) + [0] * padding
    weighs = any(weight != 1 for weight in told)
    return Chunk(torch.tensor([row]), torch.tensor([mask]), torch.tensor(told) if weighs else None)
