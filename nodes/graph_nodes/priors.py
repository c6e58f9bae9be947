"""What a prior wrote, as the CLIP image embedding that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph_engine import Context, Denoiser, ImageEmbedding, Latents, TokenModel, Tokens, node
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.finite import check_finite
from graph_nodes.weights import module_of, tensors_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["decode_embedding"]


@node(category="embeddings")
def decode_embedding(context: Context, prior: Denoiser | TokenModel, latents: Latents | Tokens) -> ImageEmbedding:
    """Turn what a prior made into CLIP image embeddings, for core.image_condition (Ramesh et al. 2022, section 2.2).

    prior: the model that made it. latents: from a diffusion prior by core.denoise, in its standardised space; from an
    autoregressive prior by core.generate_tokens, a quantised number for each principal component.
    """
    if isinstance(prior, Denoiser):
        if not isinstance(latents, Latents):
            raise Misfit(f"the prior of {prior.model!r} is a diffusion model: it decodes latents, found tokens")
        vectors, space = _unstandardised(context, prior, latents), latents.space
    elif not isinstance(latents, Tokens):
        raise Misfit(f"the prior of {prior.model!r} writes tokens: it decodes tokens, found latents")
    else:
        vectors = _looked_up(context, prior, latents)
        space = prior.facts["embedding_space"]
    check_finite(context, prior, vectors)
    return ImageEmbedding(vectors, space)


def _unstandardised(context: Context, prior: Denoiser, latents: Latents) -> Tensor:
    from torch.nn import functional

    if prior.facts["class"] != "PriorTransformer":
        raise Misfit(f"the {prior.part} of {prior.model!r} draws pictures, not embeddings; use core.decode")
    if latents.space != prior.facts["space"]:
        raise Misfit(
            f"the prior of {prior.model!r} makes embeddings of the space {prior.facts['space']!r}, "
            f"found latents of {latents.space!r}"
        )
    module = module_of(context, prior)
    vectors: Tensor = module.post_process_latents(latents.samples.to(context.device)).detach().float().cpu()
    return functional.normalize(vectors, dim=-1) if prior.facts.get("normalized") else vectors


def _looked_up(context: Context, prior: TokenModel, tokens: Tokens) -> Tensor:
    """normalize(mean + sum over k of levels[k, id_k] * components[k])."""
    import torch
    from torch.nn import functional

    if "quantizer" not in prior.facts or "embedding_space" not in prior.facts:
        raise Misfit(f"the {prior.part} of {prior.model!r} writes picture tokens; use core.decode_tokens")
    if tokens.codebook != prior.facts["codebook"]:
        raise Misfit(
            f"the prior of {prior.model!r} decodes the codebook {prior.facts['codebook']!r}, found {tokens.codebook!r}"
        )
    quantizer = tensors_of(context, prior, "quantizer")
    missing = [name for name in ("mean", "components", "levels") if name not in quantizer]
    if missing:
        raise ModelRefused(f"the quantizer of {prior.model!r} has no {', '.join(missing)}")
    mean, components, levels = (quantizer[name].float() for name in ("mean", "components", "levels"))
    if tokens.ids.shape[1] != len(components) or int(tokens.ids.max()) >= levels.shape[1]:
        raise Misfit(
            f"the prior of {prior.model!r} decodes {len(components)} tokens below {levels.shape[1]}, "
            f"found {tokens.ids.shape[1]} up to {int(tokens.ids.max())}"
        )
    coordinates = levels[torch.arange(len(components)), tokens.ids]
    return functional.normalize(mean + coordinates @ components, dim=-1)
