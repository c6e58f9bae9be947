"""Nodes between pictures and the space that a denoiser works in: pixels as they are, latents by their autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graph_engine import VAE, Context, Image, Latents, Seed, node
from graph_nodes.errors import Misfit
from graph_nodes.weights import module_of, torch_dtype

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["decode", "encode"]


@node(category="diffusion", version=2)
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
    module = module_of(context, vae)
    with torch.no_grad():
        # One picture at a time: the bits of a convolution depend on the batch that it is made in.
        rows = (_unscaled(module, sample[None].to(context.device)) for sample in latents.samples)
        pixels = torch.cat([module.decode(row.to(torch_dtype(context))).sample.float().cpu() for row in rows])
    return Image(((pixels + 1) / 2).clamp(0, 1))


@decode.upgrade(1)
def _with_autoencoder(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 can decode latent spaces too; the values are the same."""
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
    _check_size(vae, image)
    module = module_of(context, vae)
    latents = []
    with torch.no_grad():
        for k, pixels in enumerate(image.pixels):
            signed = (pixels[None] * 2 - 1).to(context.device, torch_dtype(context))
            posterior = module.encode(signed).latent_dist
            generator = torch.Generator().manual_seed(seed + k)
            latents.append(_scaled(module, (posterior.sample(generator) if sample else posterior.mode()).float()))
    return Latents(torch.cat(latents).cpu(), vae.facts["space"])


def _check_space(vae: VAE, space: str) -> None:
    if space != vae.facts["space"]:
        raise Misfit(f"the autoencoder of {vae.model!r} decodes the space {vae.facts['space']!r}, found {space!r}")


def _check_size(vae: VAE, image: Image) -> None:
    factor = vae.facts["factor"]
    height, width = image.pixels.shape[-2:]
    if height % factor or width % factor:
        raise Misfit(
            f"the autoencoder of {vae.model!r} wants sides that {factor} divides, found {width} x {height}; "
            "use core.resize or core.crop"
        )


def _scaled(module: Any, latents: Tensor) -> Tensor:
    """Latents as the denoiser wants them, about N(0, 1): Rombach et al. 2022 (arXiv:2112.10752), appendix G."""
    mean, std = _moments(module, latents)
    scaled: Tensor = (latents - mean) * module.config.scaling_factor / std
    return scaled


def _unscaled(module: Any, latents: Tensor) -> Tensor:
    mean, std = _moments(module, latents)
    unscaled: Tensor = latents * std / module.config.scaling_factor + mean
    return unscaled


def _moments(module: Any, latents: Tensor) -> tuple[Tensor | float, Tensor | float]:
    """What is subtracted and divided by before the scaling factor: one number, one for each channel, or nothing."""
    config = module.config
    if config.latents_mean is not None and config.latents_std is not None:
        mean, std = (latents.new_tensor(each).view(1, -1, 1, 1) for each in (config.latents_mean, config.latents_std))
        return mean, std
    return config.shift_factor or 0.0, 1.0
