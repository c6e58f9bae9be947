"""Nodes of diffusion: the sampler and its inverse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from graph_engine import Context, Denoiser, Guidance, Latents, Seed, Slider, Start, TextEmbedding, node
from graph_nodes import denoising

__all__ = ["SchedulerName", "denoise", "invert"]

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
    "dpm++-single",
    "sa-solver",
    "lcm",
    "tcd",
    "dpm2-ancestral",
    "published",
]


@node(category="diffusion", version=2)
def denoise(
    context: Context,
    denoiser: Denoiser,
    text: TextEmbedding | None = None,
    guidance: Guidance | None = None,
    start: Start | None = None,
    steps: Annotated[int, Slider(1, 1000)] = 20,
    scheduler: SchedulerName = "ddim",
    eta: Annotated[float, Slider(0.0, 1.0, 0.05)] = 0.0,
    count: Annotated[int, Slider(1, 64)] = 1,
    seed: Seed = 0,
    stop: Annotated[float, Slider(0.05, 1.0, 0.05)] = 1.0,
) -> Latents:
    """Sample from noise: the one sampler for base models, upsamplers, priors and every space.

    guidance: how the prompt steers; without it the condition alone is followed. start: a picture to start from, and
    what of it must stay; without it pure noise. steps: more is slower and closer to
    the exact solution. scheduler: the solver, with the noise schedule of the model; `published` is the one that
    the model came with. eta: the share of fresh noise in
    ddim and tcd (0 none, 1 all); the others ignore it. count: how many pictures; a batch bound to the denoiser (a
    low-resolution picture) sets it too. seed: picture k of the batch is the picture that seed + k gives alone.
    stop: the part of the schedule after which another model takes over, by core.hand_over; 1 is the whole.
    """
    request = denoising.Request(denoiser, text, guidance, start, steps, scheduler, eta, count, seed, stop)
    return denoising.run(context, request)


@denoise.upgrade(1)
def _told_its_size(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 tells a model the size of the picture that it starts from; the values are the same."""
    return values


@node(category="diffusion")
def invert(
    context: Context,
    denoiser: Denoiser,
    latents: Latents,
    text: TextEmbedding | None = None,
    guidance: Guidance | None = None,
    steps: Annotated[int, Slider(1, 1000)] = 50,
) -> Latents:
    """Find the noise from which ddim makes a given picture (DDIM inversion: Song et al. 2020, section 4.3).

    latents: the picture in the model's space, by core.encode. text, guidance: what the picture is to be explained by;
    sampling from the noise with the same ones gives the picture back, with others a variation that keeps its layout.
    steps: more is more faithful; use as many to sample.
    """
    request = denoising.Request(denoiser, text, guidance, None, steps, "ddim", 0.0, 1, 0)
    return denoising.invert(context, request, latents)
