"""What text encoders make of a prompt: one recipe for each way in which published models put their towers together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from graph_engine import Context, TextEncoder
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.finite import check_finite
from graph_nodes.reading import Chunk, Reading, chunks_of
from graph_nodes.tokenizing import padded_ids
from graph_nodes.weights import module_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Encoded", "encode"]


class Encoded(NamedTuple):
    """One prompt, on the CPU. tokens: [1, length, width]; pooled: [1, width]; mask: bool [1, length], which tokens
    count."""

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None


STATES = ("last_hidden_state", "input_embeddings", "encoder")
"""What the tokens of a TextEmbedding are: model.json may say so of its text encoder."""
SWITCHES = ("weights", "clip_skip")


def encode(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """One prompt by the recipe of its encoder.

    One prompt at a time: the bits of an encoding depend on the batch that it is made in.
    """
    name = encoder.facts.get("recipe", "plain")
    if name not in RECIPES:
        raise ModelRefused(f"the encoder of {encoder.model!r}: the recipe must be one of {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    _check_switches(encoder, recipe.knows, reading)
    encoded = recipe.encode(_warning_once(context), encoder, prompt, reading)
    for made in (encoded.tokens, encoded.pooled):
        if made is not None:
            check_finite(context, encoder, made)
    return encoded


def _check_switches(encoder: TextEncoder, known: Sequence[str], reading: Reading) -> None:
    """Raise Misfit for a switch that would mean nothing to an encoder."""
    unknown = [name for name in SWITCHES if name not in known]
    if not any(getattr(reading, name) for name in unknown):
        return
    if len(unknown) > 1:
        raise Misfit(f"the encoder of {encoder.model!r} knows neither weights nor clip_skip; leave both off")
    raise Misfit(f"the encoder of {encoder.model!r} knows no {unknown[0]}; leave it off")


def _warning_once(context: Context) -> Context:
    """The context with ears for each warning once: several towers lose the same words of a prompt."""
    told: set[str] = set()

    def warn(message: str) -> None:
        if message not in told:
            told.add(message)
            context.warn(message)

    return replace(context, on_warning=warn)


def _plain(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """One tower, whose last states the denoiser reads: the shapes world's, and T5 alone."""
    import torch

    states = encoder.facts.get("states", STATES[0])
    if states not in STATES:
        raise ModelRefused(f"the encoder of {encoder.model!r}: states must be one of {', '.join(STATES)}")
    (chunk,) = chunks_of(context, encoder, prompt, reading)
    _check_words(encoder, chunk.ids)
    module, ids = module_of(context, encoder), chunk.ids.to(context.device)
    module = module.get_encoder() if states == "encoder" else module
    mask = chunk.mask.to(context.device) if encoder.facts.get("attention_mask") else None
    kept = mask.bool().cpu() if mask is not None else None
    with torch.no_grad():
        if states == "input_embeddings":
            return Encoded(_rows_of_table(encoder, module, ids), None, kept)
        output = module(ids, attention_mask=mask)
    pooled = _pooled(output).float().cpu() if encoder.facts.get("pooled") else None
    return Encoded(output.last_hidden_state.float().cpu(), pooled, kept)


def _check_words(encoder: TextEncoder, ids: Tensor) -> None:
    """Raise ModelRefused when a tokenizer has words that its model does not know as text."""
    known = encoder.facts.get("text_vocabulary")
    if known is not None and int(ids.max()) >= known:
        raise ModelRefused(
            f"the model {encoder.model!r} knows {known} tokens of text, but its tokenizer has token {int(ids.max())}; "
            "one of the two is of another model"
        )


def _rows_of_table(encoder: TextEncoder, module: Any, ids: Tensor) -> Tensor:
    """What a decoder-only model reads of its text: its own input embeddings, those of text behind those of images."""
    rows: Tensor = module.get_input_embeddings()(ids + encoder.facts.get("text_offset", 0))
    return rows.float().cpu()


def _pooled(output: Any) -> Tensor:
    projected: Tensor | None = getattr(output, "text_embeds", None)
    return projected if projected is not None else output.pooler_output


def _clip(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """Stable Diffusion 1 and 2: the last layer of one CLIP, or a layer before it under the last norm."""

    def states(module: Any, output: Any) -> Tensor:
        if not reading.clip_skip:
            last: Tensor = output.last_hidden_state
            return last
        normed: Tensor = getattr(module, "text_model", module).final_layer_norm(_layer(output, reading.clip_skip, 1))
        return normed

    return Encoded(_tower(context, encoder, prompt, reading, "", states).tokens)


def _x2(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """The x2 latent upscaler: CLIP's last layer without the norm behind it, and its pooled vector."""

    def states(module: Any, output: Any) -> Tensor:
        return _layer(output, reading.clip_skip, 1)

    return _tower(context, encoder, prompt, reading, "", states, pooled=True)._replace(mask=None)


def _xl(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """Stable Diffusion XL: the last layer but one of each tower side by side, without a norm, and the second's pooled
    vector (Podell et al. 2023, arXiv:2307.01952, section 2.1)."""
    import torch

    def states(module: Any, output: Any) -> Tensor:
        return _layer(output, reading.clip_skip, 2)

    suffixes = ("", "_2") if "folder_2" in encoder.facts else ("",)
    towers = [_tower(context, encoder, prompt, reading, suffix, states, pooled=True) for suffix in suffixes]
    return Encoded(torch.cat([read.tokens for read in towers], dim=-1), towers[-1].pooled)


def _sd3(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """Stable Diffusion 3: two CLIPs side by side, filled up to the width of T5, whose states follow them; both pooled
    vectors side by side (Esser et al. 2024, arXiv:2403.03206, section 4)."""
    import torch
    from torch.nn import functional

    def states(module: Any, output: Any) -> Tensor:
        return _layer(output, reading.clip_skip, 2)

    towers = [_tower(context, encoder, prompt, reading, suffix, states, pooled=True) for suffix in ("", "_2")]
    clip = torch.cat([read.tokens for read in towers], dim=-1)
    if "folder_3" in encoder.facts:
        t5 = _tower(context, encoder, prompt, reading, "_3", _last).tokens
    else:
        t5 = clip.new_zeros(1, encoder.facts["max_tokens_3"], encoder.facts["width"])
    clip = functional.pad(clip, (0, t5.shape[-1] - clip.shape[-1]))
    pooled = [read.pooled for read in towers if read.pooled is not None]
    return Encoded(torch.cat([clip, t5], dim=-2), torch.cat(pooled, dim=-1))


def _flux(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """Flux: the states of T5, and the pooled vector of a CLIP."""
    clip = _tower(context, encoder, prompt, reading, "", _last, pooled=True)
    t5 = _tower(context, encoder, prompt, reading, "_2", _last)
    return Encoded(t5.tokens, clip.pooled)


def _unclip(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """unCLIP and Kandinsky: CLIP's last states, its vector, and which tokens count, which CLIP itself is not told."""
    return _tower(context, encoder, prompt, reading, "", _last, pooled=True)


def _t5(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """DeepFloyd IF: the states of T5 of a prompt in small letters; T5 is told which tokens count."""
    return Encoded(_tower(context, encoder, prompt.lower().strip(), reading, "", _last).tokens)


def _glide(context: Context, encoder: TextEncoder, prompt: str, reading: Reading) -> Encoded:
    """GLIDE: states of all places, padding's too, and the last place's as what joins the timestep."""
    import torch

    length, module = encoder.facts["max_tokens"], module_of(context, encoder)
    ids, count = padded_ids(context, encoder, prompt)
    if int(ids.max()) >= module.token_embedding.num_embeddings:
        raise ModelRefused(
            f"the text encoder of {encoder.model!r} knows {module.token_embedding.num_embeddings} tokens, but its "
            f"vocabulary has token {int(ids.max())}; wanted is the vocabulary of GPT-2 that it was trained with"
        )
    mask = (torch.arange(length) < count)[None]
    with torch.no_grad():
        states, pooled = module(ids.to(context.device), mask.to(context.device))
    return Encoded(states.float().cpu(), pooled.float().cpu())


def _last(module: Any, output: Any) -> Tensor:
    last: Tensor = output.last_hidden_state
    return last


def _layer(output: Any, clip_skip: int, place: int) -> Tensor:
    """The states so many layers before the one that a model reads; place: which that is, counted from the end."""
    layers = output.hidden_states
    most = len(layers) - place
    if clip_skip > most:
        raise Misfit(
            f"clip_skip {clip_skip} leaves no layer of an encoder of {len(layers) - 1}; the largest here is {most}"
        )
    layer: Tensor = layers[-(clip_skip + place)]
    return layer


@dataclass(frozen=True)
class Recipe:
    """knows: the switches of core.encode_text that mean something to it; the others are refused."""

    encode: Callable[[Context, TextEncoder, str, Reading], Encoded]
    knows: tuple[str, ...] = ()


RECIPES: Mapping[str, Recipe] = {
    "plain": Recipe(_plain),
    "clip": Recipe(_clip, SWITCHES),
    "x2": Recipe(_x2, SWITCHES),
    "xl": Recipe(_xl, SWITCHES),
    "sd3": Recipe(_sd3, SWITCHES),
    "flux": Recipe(_flux, ("weights",)),
    "unclip": Recipe(_unclip, ("weights",)),
    "t5": Recipe(_t5, ("weights",)),
    "glide": Recipe(_glide),
}
"""Name in a part's facts -> the recipe."""

States = Callable[[Any, Any], "Tensor"]
"""(module, its output with hidden states) -> [1, length, width]."""


def _tower(
    context: Context,
    encoder: TextEncoder,
    prompt: str,
    reading: Reading,
    suffix: str,
    states: States,
    *,
    pooled: bool = False,
) -> Encoded:
    """(states of all chunks in a row, the pooled vector of the first if wanted, which tokens count) of one tower."""
    import torch

    from graph_nodes.science.prompts import weighted

    module = module_of(context, encoder, folder="folder" + suffix, component=encoder.facts["class" + suffix])

    def run(chunk: Chunk) -> tuple[Tensor, Tensor | None]:
        mask = chunk.mask.to(context.device) if encoder.facts.get("attention_mask") else None
        with torch.no_grad():
            output = module(chunk.ids.to(context.device), attention_mask=mask, output_hidden_states=True)
            vector = _pooled(output).float().cpu() if pooled else None
            return states(module, output).float().cpu(), vector

    chunks = chunks_of(context, encoder, prompt, reading, suffix)
    made = [run(chunk) for chunk in chunks]
    rows = [tokens for tokens, _ in made]
    if any(chunk.weights is not None for chunk in chunks):
        (empty,) = chunks_of(context, encoder, "", Reading(), suffix)
        nothing, _ = run(empty)
        rows = [
            tokens if chunk.weights is None else weighted(tokens, nothing, chunk.weights)
            for tokens, chunk in zip(rows, chunks, strict=True)
        ]
    mask = torch.cat([chunk.mask for chunk in chunks], dim=1).bool()
    return Encoded(torch.cat(rows, dim=1), made[0][1], mask)
