"""Nodes between pictures and the space that a denoiser works in: pixels as they are, latents by their autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph_engine import VAE, Context, Image, Latents, Seed, node
from graph_nodes.errors import Misfit
from graph_nodes.finite import check_finite
from graph_nodes.weights import module_of, torch_dtype

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["check_picture", "decode", "draw_latents", "encode"]


@node(category="diffusion", version=3)
def decode(context: Context, latents: Latents, vae: VAE | None = None) -> Image:
    """Turn what a denoiser made into pictures.

    vae: the autoencoder of a latent space; pixel space needs none, there -1..1 becomes 0..1, clipped.
    """
    import torch

    if vae is None:
        if latents.space != "pixel":
            raise Misfit(f"latents of the space {latents.space!r} need their autoencoder at the input 'vae'")
        return Image(((latents.samples + 1) / 2).clamp(0, 1))
    _check_space(vae, latents.space)
    module, dtype = module_of(context, vae), torch_dtype(context, vae)
    with torch.no_grad():
        # One picture at a time: the bits of a convolution depend on the batch that it is made in.
        rows = (_unscaled(vae, module, sample[None].to(context.device)) for sample in latents.samples)
        pixels = torch.cat([module.decode(row.to(dtype), **_options(module)).sample.float().cpu() for row in rows])
    check_finite(context, vae, pixels)
    return Image(((pixels + 1) / 2).clamp(0, 1))


@decode.upgrade(1)
@decode.upgrade(2)
def _with_autoencoder(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 can decode latent spaces too, version 3 gives no picture of what is not finite; the values are the
    same."""
    return values


@node(category="diffusion")
def encode(context: Context, image: Image, vae: VAE | None = None, sample: bool = False, seed: Seed = 0) -> Latents:
    """Bring pictures into the space that a denoiser works in, to start from them or to keep parts of them.

    vae: the autoencoder of a latent space; without it pixel space, where 0..1 becomes -1..1. sample: draw from the
    autoencoder's distribution in place of its mean, picture k with seed + k.
    """
    import torch

    if vae is None:
        return Latents(image.pixels * 2 - 1, "pixel")
    check_picture(vae, image)
    rows = []
    with torch.no_grad():
        for k, pixels in enumerate(image.pixels):
            generator = torch.Generator().manual_seed(seed + k) if sample else None
            rows.append(draw_latents(context, vae, pixels[None] * 2 - 1, generator))
    return Latents(torch.cat(rows).cpu(), vae.facts["space"])


def draw_latents(context: Context, vae: VAE, signed: Tensor, generator: Generator | None) -> Tensor:
    """One picture [1, 3, h, w] in -1..1 as scaled latents float32: a draw from the autoencoder's distribution, or its
    mean without a generator. An autoencoder with a codebook has no distribution."""
    module = module_of(context, vae)
    found = module.encode(signed.to(context.device, torch_dtype(context, vae)))
    if not hasattr(found, "latent_dist"):
        # In the plain order of rows, as the published pipelines have it: the order counts in the last bits.
        latents = _scaled(vae, module, found.latents.float()).contiguous()
    else:
        posterior = found.latent_dist
        latents = _scaled(vae, module, (posterior.sample(generator) if generator else posterior.mode()).float())
    check_finite(context, vae, latents)
    return latents


def _options(module: Any) -> dict[str, Any]:
    """A codebook is for tokens: latents that a denoiser made are decoded as they are."""
    return {"force_not_quantize": True} if "num_vq_embeddings" in module.config else {}


def _check_space(vae: VAE, space: str) -> None:
    if space != vae.facts["space"]:
        raise Misfit(f"the autoencoder of {vae.model!r} decodes the space {vae.facts['space']!r}, found {space!r}")


def check_picture(vae: VAE, image: Image) -> None:
    """Raise Misfit unless an autoencoder takes pictures of this size."""
    factor = vae.facts["factor"]
    height, width = image.pixels.shape[-2:]
    if height % factor or width % factor:
        raise Misfit(
            f"the autoencoder of {vae.model!r} wants sides that {factor} divides, found {width} x {height}; "
            "use core.resize or core.crop"
        )


def _scaled(vae: VAE, module: Any, latents: Tensor) -> Tensor:
    """Latents as the denoiser wants them, about N(0, 1): Rombach et al. 2022 (arXiv:2112.10752), appendix G."""
    mean, std = _moments(module, latents)
    scaled: Tensor = (latents - mean) * _factor(vae, module) / std
    return scaled


def _unscaled(vae: VAE, module: Any, latents: Tensor) -> Tensor:
    mean, std = _moments(module, latents)
    unscaled: Tensor = latents * std / _factor(vae, module) + mean
    return unscaled


def _moments(module: Any, latents: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """What is subtracted and divided by before the scaling factor: one number, one for each channel, or nothing."""
    config = module.config
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is not None and std is not None:
        return latents.new_tensor(mean).view(1, -1, 1, 1), latents.new_tensor(std).view(1, -1, 1, 1)
    return config.get("shift_factor") or 0.0, 1.0


def _factor(vae: VAE, module: Any) -> float:
    """What latents are multiplied by, where the part's facts know better than its config; an autoencoder with a
    codebook leaves them as they are in practice."""
    if "num_vq_embeddings" in module.config:
        return 1.0
    return float(vae.facts.get("scaling_factor", module.config.scaling_factor))
