"""Nodes that turn text into what a denoiser understands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from graph_engine import Context, Multiline, TextEmbedding, TextEncoder, node
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.tokenizing import token_ids
from graph_nodes.weights import module_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["batch_text", "encode_text"]

STATES = ("last_hidden_state", "input_embeddings")
"""What the tokens of a TextEmbedding are: model.json may say so of its text encoder."""


@node(category="text")
def encode_text(
    context: Context,
    encoder: TextEncoder,
    prompt: Annotated[str, Multiline()],
    negative_prompt: str = "",
) -> TextEmbedding:
    """Encode a prompt for a denoiser, with the empty prompt beside it that guidance pushes away from.

    negative_prompt: what guidance pushes away from instead of the empty prompt. A prompt longer than the encoder can
    read is cut, with a warning that names what was lost.
    """
    tokens, pooled, mask = _encode(context, encoder, prompt)
    null_tokens, null_pooled, null_mask = _encode(context, encoder, negative_prompt)
    return TextEmbedding(
        tokens=tokens,
        space=encoder.facts["text_space"],
        prompts=(prompt,),
        pooled=pooled,
        mask=mask,
        null_tokens=null_tokens,
        null_pooled=null_pooled,
        null_mask=null_mask,
    )


@node(category="text")
def batch_text(texts: list[TextEmbedding]) -> TextEmbedding:
    """Put encoded prompts into one batch, so that one run of the sampler draws a picture for each.

    texts: by one encoder, and with the same negative prompt, which they share.
    """
    import torch

    first = texts[0]
    for text in texts[1:]:
        if text.space != first.space:
            raise Misfit(f"texts of one batch must be of one space, found {first.space!r} and {text.space!r}")
        if not _same(text.null_tokens, first.null_tokens):
            raise Misfit("texts of one batch share the negative prompt, found two that differ")

    def joined(name: str) -> Tensor | None:
        parts = [getattr(text, name) for text in texts]
        return None if parts[0] is None else torch.cat(parts)

    prompts = tuple(prompt for text in texts for prompt in text.prompts)
    tokens = torch.cat([text.tokens for text in texts])
    return replace(first, tokens=tokens, prompts=prompts, pooled=joined("pooled"), mask=joined("mask"))


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b or (a is not None and b is not None and bool(a.equal(b)))


def _encode(context: Context, encoder: TextEncoder, prompt: str) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """(tokens [1, length, width], pooled [1, width] or None, mask [1, length] or None) of one prompt.

    One prompt at a time: the bits of an encoding depend on the batch that it is made in.
    """
    import torch

    states = encoder.facts.get("states", STATES[0])
    if states not in STATES:
        raise ModelRefused(f"the encoder of {encoder.model!r}: states must be one of {', '.join(STATES)}")
    found = token_ids(context, encoder, prompt)
    module, ids = module_of(context, encoder), found["input_ids"].to(context.device)
    mask = found["attention_mask"].to(context.device) if encoder.facts.get("attention_mask") else None
    kept = mask.bool().cpu() if mask is not None else None
    with torch.no_grad():
        if states == "input_embeddings":
            return _rows_of_table(encoder, module, ids), None, kept
        output = module(ids, attention_mask=mask)
    pooled = _pooled(output).float().cpu() if encoder.facts.get("pooled") else None
    return output.last_hidden_state.float().cpu(), pooled, kept


def _rows_of_table(encoder: TextEncoder, module: Any, ids: Tensor) -> Tensor:
    """What a decoder-only model reads of its text: its own input embeddings, those of text behind those of images."""
    rows: Tensor = module.get_input_embeddings()(ids + encoder.facts.get("text_offset", 0))
    return rows.float().cpu()


def _pooled(output: Any) -> Tensor:
    projected: Tensor | None = getattr(output, "text_embeds", None)
    return projected if projected is not None else output.pooler_output
