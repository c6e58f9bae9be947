"""Nodes of token models: pictures to tokens and back, and the transformer that writes tokens after a text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from graph_engine import Context, Image, ImageTokenizer, Seed, Slider, TextEmbedding, TokenModel, Tokens, node
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.finite import check_finite
from graph_nodes.fitting import batch_size
from graph_nodes.weights import module_of, torch_dtype

if TYPE_CHECKING:
    from torch import Tensor

    from graph_nodes.science.tokens import Network, Prompt

__all__ = ["decode_tokens", "encode_tokens", "generate_tokens"]

ARCHITECTURES = ("decoder_only", "encoder_decoder")


@node(category="tokens")
def encode_tokens(context: Context, image_tokenizer: ImageTokenizer, image: Image) -> Tokens:
    """Turn pictures into tokens of a codebook (VQ-VAE: van den Oord et al. 2017; VQ-GAN: Esser et al. 2021).

    image_tokenizer: the discrete autoencoder. image: pictures of the size that it was trained for. Each picture is
    encoded alone, so that the batch around it changes nothing.
    """
    import torch

    size = image_tokenizer.facts["image_size"]
    height, width = image.pixels.shape[-2:]
    if (height, width) != (size, size):
        raise Misfit(
            f"the tokenizer of {image_tokenizer.model!r} reads pictures of {size} x {size}, found {width} x {height}; "
            "use core.resize or core.crop"
        )
    module, dtype = module_of(context, image_tokenizer), torch_dtype(context, image_tokenizer)
    rows = []
    with torch.no_grad():
        for pixels in image.pixels:
            states = module.encode(_shown(image_tokenizer, pixels[None]).to(context.device, dtype)).latents
            check_finite(context, image_tokenizer, states)
            rows.append(module.quantize(states)[2][2].reshape(1, -1).cpu())
    return Tokens(torch.cat(rows), image_tokenizer.facts["codebook"])


@node(category="tokens")
def decode_tokens(context: Context, image_tokenizer: ImageTokenizer, tokens: Tokens) -> Image:
    """Draw the pictures that tokens stand for.

    image_tokenizer: the discrete autoencoder whose codebook the tokens are of. tokens: one row for each picture, from
    core.generate_tokens or core.encode_tokens.
    """
    import torch

    _check_tokens(image_tokenizer, tokens)
    module = module_of(context, image_tokenizer)
    if not module.config.lookup_from_codebook:
        raise ModelRefused(
            f"the tokenizer of {image_tokenizer.model!r} cannot decode ids: its config wants lookup_from_codebook"
        )
    shape = (1, *image_tokenizer.facts["grid"], module.config.vq_embed_dim)
    pictures = []
    with torch.no_grad():
        # One picture at a time: the bits of a convolution depend on the batch that it is made in.
        for index, ids in enumerate(tokens.ids):
            pictures.append(module.decode(ids.to(context.device), force_not_quantize=True, shape=shape).sample)
            context.progress(index + 1, len(tokens.ids))
    drawn = torch.cat(pictures).float().cpu()
    check_finite(context, image_tokenizer, drawn)
    return Image((drawn if not _is_signed(image_tokenizer) else (drawn + 1) / 2).clamp(0, 1))


def _is_signed(image_tokenizer: ImageTokenizer) -> bool:
    """Whether it reads and draws pixels in -1..1; some were trained on 0..1."""
    return bool(image_tokenizer.facts.get("signed", True))


def _shown(image_tokenizer: ImageTokenizer, pixels: Tensor) -> Tensor:
    return pixels * 2 - 1 if _is_signed(image_tokenizer) else pixels


@node(category="tokens")
def generate_tokens(
    context: Context,
    token_model: TokenModel,
    text: TextEmbedding,
    scale: Annotated[float, Slider(0.0, 20.0, 0.1)] = 1.0,
    temperature: Annotated[float, Slider(0.0, 5.0, 0.05)] = 1.0,
    top_k: Annotated[int, Slider(0, 65536)] = 0,
    top_p: Annotated[float, Slider(0.0, 1.0, 0.01)] = 1.0,
    count: Annotated[int, Slider(1, 256)] = 1,
    seed: Seed = 0,
) -> Tokens:
    """Write image tokens after a text, one by one (DALL-E: Ramesh et al. 2021; Parti: Yu et al. 2022).

    token_model: the transformer, a decoder alone or one that reads its text through an encoder. scale: classifier-free
    guidance on the logits, away from the empty prompt; 1 is none, at half the cost. temperature: below 1 keeps to
    the likely tokens, 0 takes the likeliest. top_k: draw among so many of the likeliest; 0 is all. top_p: draw among
    the likeliest that hold this probability together (Holtzman et al. 2019); 1 is all. count: how many pictures; a
    batch of texts sets it too. seed: picture k of the batch is the picture that seed + k gives alone.
    """
    n = _check_request(token_model, text, scale, count)

    import torch

    from graph_nodes.science import sampling, tokens

    with torch.inference_mode():
        ids = tokens.write(
            _network(context, token_model),
            _prompt(context, token_model, text, n),
            _prompt(context, token_model, text, n, null=True) if scale != 1 else None,
            tokens.Drawing(scale, temperature, top_k, top_p),
            math.prod(token_model.facts["grid"]),
            sampling.generators_for(seed, n),
            context.progress,
        )
    return Tokens(ids.clone(), token_model.facts["codebook"])


def _network(context: Context, token_model: TokenModel) -> Network:
    from graph_nodes.science import tokens

    module, facts = module_of(context, token_model), token_model.facts
    codes = tokens.Codes(facts["vocabulary"], facts.get("first_token", 0), facts.get("start_token"))
    if facts["architecture"] == "decoder_only":
        network = tokens.decoder_only(module, codes, counted=facts.get("positions") == "counted")
    else:
        network = tokens.encoder_decoder(module, codes, own_encoder=facts.get("own_encoder", False))

    def finite(prompt: Prompt, ids: Tensor, cache: Any) -> tuple[Tensor, Any]:
        # Here and not at the end of the node: drawn from what is no number, an id may lie beyond the network's table.
        # Logits come to the CPU in each step anyway.
        logits, cache = network(prompt, ids, cache)
        logits = logits.cpu()
        check_finite(context, token_model, logits)
        return logits, cache

    return finite


def _prompt(context: Context, token_model: TokenModel, text: TextEmbedding, n: int, *, null: bool = False) -> Prompt:
    """What the transformer reads: the text's vectors and, where the model wants it, the pooled one behind them."""
    import torch

    from graph_nodes.science.tokens import Prompt

    tokens, pooled, mask = text.tokens, text.pooled, text.mask
    if null:
        assert text.null_tokens is not None
        tokens, pooled, mask = text.null_tokens, text.null_pooled, text.null_mask
    if token_model.facts.get("pooled_position"):
        assert pooled is not None
        tokens = torch.cat([tokens, pooled[:, None]], dim=1)
        mask = None if mask is None else torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    if not token_model.facts.get("text_mask", True):
        mask = None
    return Prompt(
        _rows(tokens, n).to(context.device, torch_dtype(context, token_model)),
        None if mask is None else _rows(mask, n).to(context.device),
    )


def _rows(tensor: Tensor, n: int) -> Tensor:
    """One row per picture."""
    return tensor if len(tensor) == n else tensor.repeat_interleave(n, dim=0)


def _check_request(token_model: TokenModel, text: TextEmbedding, scale: float, count: int) -> int:
    """How many pictures; raises Misfit unless the text fits, and ModelRefused for an unknown architecture."""
    facts, name = token_model.facts, f"the {token_model.part} of {token_model.model!r}"
    if facts["architecture"] not in ARCHITECTURES:
        raise ModelRefused(f"{name}: the architecture must be one of {', '.join(ARCHITECTURES)}")
    if facts["architecture"] == "encoder_decoder" and "start_token" not in facts:
        raise ModelRefused(f"{name}: model.json does not say its start_token")
    if text.space != facts["text_space"]:
        raise Misfit(
            f"{name} wants text of the space {facts['text_space']!r}, found {text.space!r}; "
            f"encode the prompt with the text encoder of {token_model.model!r}"
        )
    if facts.get("pooled_position") and text.pooled is None:
        raise Misfit(f"{name} wants a text with a pooled vector, which its encoder does not give")
    if scale != 1 and text.null_tokens is None:
        raise Misfit(f"guidance on {name} needs a text with its empty prompt beside it, to push away from")
    return batch_size(count, {"text": len(text.prompts)})


def _check_tokens(image_tokenizer: ImageTokenizer, tokens: Tokens) -> None:
    """Raise Misfit unless tokens are of the tokenizer's codebook and fill its grid."""
    facts: Any = image_tokenizer.facts
    name = f"the tokenizer of {image_tokenizer.model!r}"
    if tokens.codebook != facts["codebook"]:
        raise Misfit(f"{name} draws tokens of the codebook {facts['codebook']!r}, found {tokens.codebook!r}")
    rows, columns = facts["grid"]
    if tokens.ids.shape[1] != rows * columns:
        raise Misfit(f"{name} draws {rows} x {columns} tokens, found {tokens.ids.shape[1]}")
    if tokens.ids.min() < 0 or tokens.ids.max() >= facts["vocabulary"]:
        raise Misfit(f"{name} knows the tokens 0 to {facts['vocabulary'] - 1}, found others")
