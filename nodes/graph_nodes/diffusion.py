"""Nodes of diffusion: guidance, the conditions of a denoiser, the sampler, and back to a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from graph_engine import Context, Denoiser, Guidance, Image, Latents, Seed, Slider, TextEmbedding, node
from graph_nodes import denoising
from graph_nodes.errors import Misfit

__all__ = ["SchedulerName", "decode", "denoise", "low_resolution"]

SchedulerName = Literal[
    "ddim",
    "ddpm",
    "dpm++",
    "dpm++-sde",
    "euler",
    "euler-ancestral",
    "heun",
    "dpm2",
    "unipc",
    "deis",
    "pndm",
]


@node(category="diffusion")
def denoise(
    context: Context,
    denoiser: Denoiser,
    text: TextEmbedding | None = None,
    guidance: Guidance | None = None,
    steps: Annotated[int, Slider(1, 1000)] = 20,
    scheduler: SchedulerName = "ddim",
    eta: Annotated[float, Slider(0.0, 1.0, 0.05)] = 0.0,
    count: Annotated[int, Slider(1, 64)] = 1,
    seed: Seed = 0,
) -> Latents:
    """Sample from noise: the one sampler for base models, upsamplers and every space.

    guidance: how the prompt steers; without it the condition alone is followed. steps: more is slower and closer to
    the exact solution. scheduler: the solver, with the noise schedule of the model. eta: the share of fresh noise in
    ddim (0 none, 1 as ddpm); the others ignore it. count: how many pictures; a batch bound to the denoiser (a
    low-resolution picture) sets it too. seed: picture k of the batch is the picture that seed + k gives alone.
    """
    request = denoising.Request(denoiser, text, guidance, steps, scheduler, eta, count, seed)
    return denoising.run(context, request)


@node(category="diffusion")
def low_resolution(
    denoiser: Denoiser,
    image: Image | Latents,
    noise_level: Annotated[int, Slider(0, 999)] = 0,
) -> Denoiser:
    """Give an upsampler the small picture that it is to enlarge.

    image: a picture, or latents of pixel space, in the size that the upsampler was trained for. noise_level: noise
    mixed into the small picture, as a timestep of the upsampler's own schedule (conditioning augmentation: Ho et al.
    2021, arXiv:2106.15282); only for upsamplers trained with it.
    """
    facts = denoiser.facts
    if "low_resolution" not in facts.get("conditions", ()):
        raise Misfit(f"the {denoiser.part} of {denoiser.model!r} is no upsampler: it takes no low-resolution picture")
    if noise_level and not facts.get("noise_augmentation"):
        raise Misfit(f"the {denoiser.part} of {denoiser.model!r} was trained without noise augmentation: noise_level 0")
    if isinstance(image, Latents) and image.space != "pixel":
        raise Misfit(f"a low-resolution picture must be of pixel space, found {image.space!r}; decode it first")
    height, width = (image.samples if isinstance(image, Latents) else image.pixels).shape[-2:]
    size = facts.get("low_resolution_size")
    if size and (height, width) != (size, size):
        raise Misfit(
            f"the {denoiser.part} of {denoiser.model!r} enlarges pictures of {size} x {size}, "
            f"found {width} x {height}; use core.resize or core.crop"
        )
    bound = {"low_resolution": image, **({"noise_level": noise_level} if facts.get("noise_augmentation") else {})}
    return replace(denoiser, conditions={**denoiser.conditions, **bound})


@node(category="diffusion")
def decode(latents: Latents) -> Image:
    """Turn what a denoiser made into pictures: pixel space -1..1 becomes 0..1, clipped."""
    if latents.space != "pixel":
        raise Misfit(f"latents of the space {latents.space!r} need their autoencoder; this node decodes 'pixel'")
    return Image(((latents.samples + 1) / 2).clamp(0, 1))
