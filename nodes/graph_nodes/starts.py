"""Nodes that say where sampling starts when it is not pure noise, and what must stay."""

from __future__ import annotations

from typing import Annotated

from graph_engine import Latents, Mask, Slider, Start, node

__all__ = ["from_noise", "image_to_image", "repaint"]

Strength = Annotated[float, Slider(0.05, 1.0, 0.05)]


@node(category="diffusion")
def image_to_image(latents: Latents, strength: Strength = 0.6) -> Start:
    """Start from a picture in place of noise (SDEdit: Meng et al. 2021, arXiv:2108.01073).

    latents: the picture in the model's space, by core.encode. strength: how much of it is given up: that part of the
    steps is made; 1 keeps nothing.
    """
    return Start(latents, strength)


@node(category="diffusion")
def repaint(
    latents: Latents,
    mask: Mask,
    strength: Strength = 1.0,
    resample: Annotated[int, Slider(1, 20)] = 1,
) -> Start:
    """Draw anew what the mask covers and keep the rest, with any model (RePaint: Lugmayr et al. 2022).

    latents: the picture in the model's space, by core.encode. mask: 1 where it may change, of any size; what is 0 comes
    out as it was. strength: as in core.image_to_image, for the part that changes. resample: how often each step is
    made, which fits the new part to the old one at that many times the cost; more than 1 for ddim and ddpm.
    """
    return Start(latents, strength, mask, resample)


@node(category="diffusion")
def from_noise(noise: Latents) -> Start:
    """Start from given noise in place of the seed's, such as core.invert finds for a picture."""
    return Start(noise=noise)
