"""Nodes that say where sampling starts when it is not pure noise, and what must stay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from graph_engine import VAE, Context, Image, Latents, Mask, Seed, Slider, Start, node
from graph_nodes.autoencoding import check_picture, draw_latents

__all__ = ["from_noise", "hand_over", "image_to_image", "repaint", "start_from_image"]

Strength = Annotated[float, Slider(0.05, 1.0, 0.05)]


@node(category="diffusion")
def image_to_image(latents: Latents, strength: Strength = 0.6) -> Start:
    """Start from a picture in place of noise (SDEdit: Meng et al. 2021, arXiv:2108.01073).

    latents: the picture in the model's space, by core.encode. strength: how much of it is given up: that part of the
    steps is made; 1 keeps nothing.
    """
    return Start(latents, strength)


@node(category="diffusion", version=2)
def repaint(
    latents: Latents,
    mask: Mask,
    strength: Strength = 1.0,
    resample: Annotated[int, Slider(1, 20)] = 1,
    held: Literal["noised", "clean"] = "noised",
) -> Start:
    """Draw anew what the mask covers and keep the rest, with any model (RePaint: Lugmayr et al. 2022).

    latents: the picture in the model's space, by core.encode. mask: 1 where it may change, of any size; what is 0 comes
    out as it was. strength: as in core.image_to_image, for the part that changes. resample: how often each step is
    made, which fits the new part to the old one at that many times the cost; more than 1 for ddim and ddpm. held: how
    the model sees what is kept, noised as far as the rest, or clean from the first step on, as the published pipelines
    of DeepFloyd IF have it; then the mask has no half tones.
    """
    return Start(latents, strength, mask, resample, clean=held == "clean")


@repaint.upgrade(1)
def _noised(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 can hold what is kept without noise too; the values are the same."""
    return values


@node(category="diffusion")
def hand_over(latents: Latents, at: Annotated[float, Slider(0.05, 0.95, 0.05)] = 0.8) -> Start:
    """Go on where another model stopped: base and refiner share one schedule (Podell et al. 2023, section 2.5).

    latents: what core.denoise made with `stop` at the same part, noise and all; both models work in one latent space.
    at: the part of the schedule that is done. Give both runs the same steps and the same scheduler.
    """
    return Start(latents, resume=at)


@node(category="diffusion")
def from_noise(noise: Latents) -> Start:
    """Start from given noise in place of the seed's, such as core.invert finds for a picture."""
    return Start(noise=noise)


@node(category="diffusion")
def start_from_image(
    context: Context,
    image: Image,
    vae: VAE,
    mask: Mask | None = None,
    strength: Strength = 0.8,
    count: Annotated[int, Slider(1, 64)] = 1,
    seed: Seed = 0,
) -> Start:
    """Start from a picture as the published image-to-image and inpainting pipelines do, with the same pixels.

    image: the picture, or a batch. vae: the autoencoder of the model; the latents are a draw from its distribution, and
    the noise is what the same generators give next. mask: 1 where it may change; without it everything may. strength:
    how much of the picture is given up. count: how many pictures are made of one. seed: that of core.denoise too.
    """
    import torch

    check_picture(vae, image)
    pictures = image.pixels if len(image.pixels) > 1 else image.pixels.expand(count, -1, -1, -1)
    rows = []
    with torch.no_grad():
        for k, pixels in enumerate(pictures):
            rows.append(draw_latents(context, vae, pixels[None] * 2 - 1, torch.Generator().manual_seed(seed + k)))
    drawn = 0 if vae.facts["class"] == "VQModel" else 1  # a codebook has no distribution to draw from
    return Start(Latents(torch.cat(rows).cpu(), vae.facts["space"]), strength, mask, drawn=drawn)
