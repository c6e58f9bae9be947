"""Nodes that turn text into what a denoiser understands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from graph_engine import Context, Multiline, Slider, TextEmbedding, TextEncoder, node
from graph_nodes.encoding import encode
from graph_nodes.errors import Misfit
from graph_nodes.reading import Reading, count_chunks

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["batch_text", "encode_text"]


@node(category="text", version=2)
def encode_text(
    context: Context,
    encoder: TextEncoder,
    prompt: Annotated[str, Multiline()],
    negative_prompt: str = "",
    clip_skip: Annotated[int, Slider(0, 12)] = 0,
    weights: bool = False,
    long_prompt: bool = False,
) -> TextEmbedding:
    """Encode a prompt for a denoiser, with the empty prompt beside it that guidance pushes away from.

    negative_prompt: what guidance pushes away from instead of the empty prompt; a model that was taught guidance, as
    Flux was, has no empty prompt beside it. A prompt longer than the encoder can
    read is cut, with a warning that names what was lost. clip_skip: how many of CLIP's last layers the prompt leaves
    out, for models that were trained so. weights: `(word:1.2)` weighs a word more, `(word)` 1.1 times, `[word]` less;
    a backslash keeps a bracket. long_prompt: read a prompt of any length, in chunks of what CLIP reads at once.
    """
    count = 0
    if long_prompt:
        _check_chunks(encoder)
        count = max(count_chunks(context, encoder, text, weights) for text in (prompt, negative_prompt))
    tokens, pooled, mask = encode(context, encoder, prompt, Reading(clip_skip, weights, count))
    if encoder.facts.get("guidance_embedded") and not negative_prompt:
        return TextEmbedding(tokens, encoder.facts["text_space"], (prompt,), pooled, mask)
    null_tokens, null_pooled, null_mask = encode(context, encoder, negative_prompt, Reading(0, weights, count))
    if encoder.facts.get("zero_negative") and not negative_prompt:
        null_tokens, null_pooled = null_tokens * 0, None if null_pooled is None else null_pooled * 0
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


def _check_chunks(encoder: TextEncoder) -> None:
    if encoder.facts.get("recipe") not in ("clip", "xl"):
        raise Misfit(
            f"the encoder of {encoder.model!r} cannot read a prompt in chunks, only CLIP's can; leave long_prompt off"
        )


@encode_text.upgrade(1)
def _as_encoded(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 masks the words of a weighted prompt without its brackets; the values are the same."""
    return values


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
