"""Writing tokens one after the other: guidance on logits, temperature, top-k, top-p, draws that a batch cannot change.

The network is a callable with a cache; whether it is a decoder alone or reads its text through an encoder is its own
matter (`decoder_only`, `encoder_decoder`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = [
    "Codes",
    "Drawing",
    "Network",
    "Prompt",
    "choose",
    "decoder_only",
    "distribution",
    "encoder_decoder",
    "guided",
    "write",
]

MARGIN, TIE = 1e-6, 1e-4
"""A draw nearer than MARGIN to another token's share of 0..1, or the likeliest token with a second one within TIE of
its logit, is made again from its row alone: see `write`."""


@dataclass(frozen=True)
class Prompt:
    """What is written after: tokens [n, length, width] on the device; mask bool [n, length], or None for all of it."""

    tokens: Tensor
    mask: Tensor | None = None

    def row(self, k: int) -> Prompt:
        """Picture k alone."""
        return Prompt(self.tokens[k : k + 1], None if self.mask is None else self.mask[k : k + 1])

    def beside(self, other: Prompt) -> Prompt:
        """Both in one batch, this one first."""
        mask = None
        if self.mask is not None and other.mask is not None:
            mask = torch.cat([self.mask, other.mask])
        return Prompt(torch.cat([self.tokens, other.tokens]), mask)


@dataclass(frozen=True)
class Drawing:
    """How the next token is chosen. scale: guidance; temperature 0: the likeliest; top_k 0 and top_p 1: among all."""

    scale: float = 1.0
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


@dataclass(frozen=True)
class Codes:
    """Which tokens of a network are codes of pictures: `count` of them from `first` on; start: what is read before the
    first of a picture, if anything."""

    count: int
    first: int = 0
    start: int | None = None

    def begun(self, ids: Tensor) -> Tensor:
        """Codes [n, t] as the network's own tokens, behind the one that begins a picture."""
        own = ids + self.first
        return own if self.start is None else torch.cat([own.new_full((len(own), 1), self.start), own], dim=1)

    def of(self, logits: Tensor) -> Tensor:
        """The logits of the codes behind the last token: [n, t, tokens] -> [n, count]."""
        return logits[:, -1, self.first : self.first + self.count]


Network = Callable[[Prompt, Tensor, Any], tuple[Tensor, Any]]
"""(prompt, ids so far [n, t], cache of t - 1 or None) -> (logits of the next [n, vocabulary], cache of t)."""
Next = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""A network under guidance, with its prompt: (ids so far [n, t], cache) -> (logits float64 [n, vocabulary], cache)."""
OnToken = Callable[[int, int], None]
"""(tokens written, tokens in all); an exception from it ends the writing."""


def decoder_only(module: Any, codes: Codes, *, counted: bool = False) -> Network:
    """A causal language model that reads the prompt's vectors in front of the tokens (Ramesh et al. 2021).

    Other tokens than codes are never drawn. counted: places are counted from the first token that the mask keeps, as
    transformers does where padding stands in front of a text.
    """
    table = module.get_input_embeddings()

    def network(prompt: Prompt, ids: Tensor, cache: Any) -> tuple[Tensor, Any]:
        begun = codes.begun(ids)
        if cache is None:
            seen = torch.cat([prompt.tokens, table(begun).to(prompt.tokens.dtype)], dim=1)
        else:
            seen = table(begun[:, -1:])
        mask, places = None, {}
        if prompt.mask is not None:
            mask = torch.cat([prompt.mask.long(), prompt.mask.new_ones(begun.shape, dtype=torch.long)], dim=1)
            if counted:
                places["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -seen.shape[1] :]
        output = module(inputs_embeds=seen, attention_mask=mask, past_key_values=cache, use_cache=True, **places)
        return codes.of(output.logits), output.past_key_values

    return network


def encoder_decoder(module: Any, codes: Codes, *, own_encoder: bool = False) -> Network:
    """A decoder that looks at the prompt's vectors by cross-attention and begins with a token of its own (Yu 2022).

    own_encoder: it is one network with its encoder, whose states the prompt is.
    """
    from transformers.modeling_outputs import BaseModelOutput

    def network(prompt: Prompt, ids: Tensor, cache: Any) -> tuple[Tensor, Any]:
        begun = codes.begun(ids)
        mask = None if prompt.mask is None else prompt.mask.long()
        told = {"past_key_values": cache, "use_cache": True}
        seen = begun if cache is None else begun[:, -1:]
        if own_encoder:
            states = BaseModelOutput(last_hidden_state=prompt.tokens)
            output = module(encoder_outputs=states, attention_mask=mask, decoder_input_ids=seen, **told)
        else:
            output = module(input_ids=seen, encoder_hidden_states=prompt.tokens, encoder_attention_mask=mask, **told)
        return codes.of(output.logits), output.past_key_values

    return network


def guided(network: Network, conditional: Prompt, unconditional: Prompt | None, scale: float) -> Next:
    """Classifier-free guidance on logits: l_null + s (l_cond - l_null), in float64 (Yu et al. 2022, section 2.3).

    The network is called once on both halves; without an unconditional prompt on the condition alone.
    """
    prompt = conditional if unconditional is None else unconditional.beside(conditional)

    def logits_of(ids: Tensor, cache: Any) -> tuple[Tensor, Any]:
        logits, cache = network(prompt, ids if unconditional is None else torch.cat([ids, ids]), cache)
        logits = logits.cpu().double()
        if unconditional is None:
            return logits, cache
        null, given = logits.chunk(2)
        return null + scale * (given - null), cache

    return logits_of


def write(
    network: Network,
    conditional: Prompt,
    unconditional: Prompt | None,
    drawing: Drawing,
    length: int,
    generators: Sequence[torch.Generator],
    on_token: OnToken,
) -> Tensor:
    """Token ids int64 [n, length]; picture k draws from its own generator, one number for each token.

    The last bits of a logit depend on the batch that it is computed in (measured, 6 layers of 192: 2e-6 of a logit,
    3e-8 of a probability), and a draw beside another token's share would turn that into another picture: four
    pictures of 64 tokens in 100,000 were the figure. So such a draw, one in some hundreds, is made from its row alone.
    """
    uniform = torch.stack([torch.rand(length, dtype=torch.float64, generator=each) for each in generators])
    together, cache = guided(network, conditional, unconditional, drawing.scale), None
    ids = torch.empty((len(generators), 0), dtype=torch.long, device=conditional.tokens.device)
    for t in range(length):
        logits, cache = together(ids, cache)
        chosen, sure = choose(logits, drawing, uniform[:, t])
        for k in (~sure).nonzero()[:, 0].tolist():
            alone = None if unconditional is None else unconditional.row(k)
            logits, _ = guided(network, conditional.row(k), alone, drawing.scale)(ids[k : k + 1], None)
            chosen[k] = choose(logits, drawing, uniform[k : k + 1, t])[0]
        ids = torch.cat([ids, chosen[:, None].to(ids.device)], dim=1)
        on_token(t + 1, length)
    return ids.cpu()


def distribution(logits: Tensor, drawing: Drawing) -> Tensor:
    """Probabilities [n, vocabulary] after temperature (above 0), top-k and top-p (Holtzman et al. 2019, sec. 3.1)."""
    logits = logits / drawing.temperature
    if 0 < drawing.top_k < logits.shape[-1]:
        least = logits.topk(drawing.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    probabilities = logits.softmax(-1)
    if drawing.top_p < 1:
        # The nucleus: the fewest of the likeliest tokens whose mass reaches p; the first one always.
        ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ranked.cumsum(-1) - ranked
        out = before >= drawing.top_p
        out[:, 0] = False
        probabilities = probabilities.masked_fill(out.scatter(-1, order, out), 0)
        probabilities = probabilities / probabilities.sum(-1, keepdim=True)
    return probabilities


def choose(logits: Tensor, drawing: Drawing, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """(ids [n], whether rounding could not have chosen another [n]) for logits [n, vocabulary] and 0 <= u < 1 [n].

    The inverse of the cumulative distribution: a token of probability 0 is never drawn.
    """
    if drawing.temperature == 0:
        first, second = logits.topk(2).values.T
        return logits.argmax(-1), first - second > TIE
    ends = distribution(logits, drawing).cumsum(-1)
    ends = ends / ends[:, -1:]
    u = uniform[:, None].contiguous()
    ids = torch.searchsorted(ends, u, right=True)[:, 0]
    outer = (ends <= 0) | (ends >= 1)  # no other token lies beyond
    return ids, (outer | ((ends - u).abs() > MARGIN)).all(-1)
