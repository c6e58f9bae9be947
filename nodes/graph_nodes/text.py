"""Nodes that turn text into what a denoiser understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from graph_engine import Context, Multiline, TextEmbedding, TextEncoder, node
from graph_nodes.tokenizing import token_ids
from graph_nodes.weights import module_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["encode_text"]


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


def _encode(context: Context, encoder: TextEncoder, prompt: str) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """(tokens [1, length, width], pooled [1, width] or None, mask [1, length] or None) of one prompt.

    One prompt at a time: the bits of an encoding depend on the batch that it is made in.
    """
    import torch

    ids = token_ids(context, encoder, prompt)
    module = module_of(context, encoder)
    mask = ids["attention_mask"].to(context.device) if encoder.facts.get("attention_mask") else None
    with torch.no_grad():
        output = module(ids["input_ids"].to(context.device), attention_mask=mask)
    pooled = _pooled(output).float().cpu() if encoder.facts.get("pooled") else None
    return output.last_hidden_state.float().cpu(), pooled, mask.bool().cpu() if mask is not None else None


def _pooled(output: Any) -> Tensor:
    projected: Tensor | None = getattr(output, "text_embeds", None)
    return projected if projected is not None else output.pooler_output
