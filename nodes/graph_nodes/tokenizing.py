"""A prompt as the ids that a text tower reads, and a warning that names what did not fit."""

from __future__ import annotations

from typing import Any

from graph_engine import Context, ModelPart
from graph_nodes.weights import tokenizer_of

__all__ = ["padded_ids", "token_ids"]


def token_ids(context: Context, part: ModelPart, prompt: str, suffix: str = "") -> Any:
    """`input_ids` and `attention_mask` int64 [1, max_tokens] of one prompt, padded or cut to what the part reads.

    suffix: which of the part's towers (`_2` the second).
    """
    tokenizer = tokenizer_of(context, part, "tokenizer" + suffix)
    length = part.facts.get("max_tokens" + suffix, part.facts["max_tokens"])
    options = {"padding": "max_length", "max_length": length, "truncation": True, "return_tensors": "pt"}
    ids = tokenizer(prompt, **options)
    whole = tokenizer(prompt, verbose=False).input_ids  # what is too long is told below, and never read
    if len(whole) > length:
        kept = tokenizer.decode(ids.input_ids[0], skip_special_tokens=True).strip()
        full = tokenizer.decode(whole, skip_special_tokens=True).strip()
        lost = full.removeprefix(kept).strip()
        context.warn(f"the prompt has {len(whole)} tokens and the encoder reads {length}; not read: '{lost}'")
    return ids


def padded_ids(context: Context, part: ModelPart, prompt: str) -> tuple[Any, int]:
    """(ids int64 [1, max_tokens], how many of them are the prompt's) for a part that reads a prompt with no marks
    around it; the end of a text, which no prompt has, fills the rest."""
    import torch

    tokenizer = tokenizer_of(context, part)
    length: int = part.facts["max_tokens"]
    whole: list[int] = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
    if len(whole) > length:
        lost = tokenizer.decode(whole[length:]).strip()
        context.warn(f"the prompt has {len(whole)} tokens and the encoder reads {length}; not read: '{lost}'")
    kept = whole[:length]
    return torch.tensor([kept + [tokenizer.eos_token_id] * (length - len(kept))]), len(kept)
