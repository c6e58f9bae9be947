"""A scheduler makes as many steps as it can, and says how many when more are asked for, before any weights are read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graph_nodes.binding import image_condition
from graph_nodes.diffusion import denoise, invert
from graph_nodes.errors import Misfit
from graph_nodes.models import Model, load_model
from graph_nodes.starts import image_to_image
from graph_nodes.text import encode_text

from graph_engine import Context, ImageEmbedding, Latents, TextEmbedding

from .bench import Bench


def opened(bench: Bench, family: str) -> tuple[Context, Model, TextEmbedding]:
    """A tiny model of which only the text tower was read."""
    bench.path(family)
    context = Context(folders=bench.context.folders)
    model = load_model(context, family)
    return context, model, encode_text(context, model.text_encoder, "a cat")


def read(context: Context) -> set[str]:
    """The keys of all networks that were read."""
    return {key for key in context.warm.keys() if not key.startswith("digest:")}  # noqa: SIM118


REFUSED = [
    ("sd15", "published", 1000, r"'published' \(PNDMScheduler\) .* it takes 999 at most \(index 1000 is out of bounds"),
    ("sd21", "published", 1000, r"'published' \(DDIMScheduler\) .* it takes 999 at most"),
    ("sd15", "ddim", 1000, "'ddim' cannot make 1000 steps for the denoiser of 'sd15': it takes 999 at most"),
    ("sd15", "pndm", 1000, "it takes 999 at most"),
    ("sd15", "ddpm", 1000, "it takes 999 at most"),
    ("sd15", "lcm", 1000, "it takes 50 at most"),
    ("sd15", "tcd", 51, "it takes 50 at most"),
]


@pytest.mark.parametrize(("family", "scheduler", "steps", "message"), REFUSED)
def test_more_steps_than_a_scheduler_has_are_told_with_how_many_it_has(
    bench: Bench, family: str, scheduler: str, steps: int, message: str
) -> None:
    context, model, text = opened(bench, family)
    before = read(context)
    with pytest.raises(Misfit, match=message):
        denoise(context, model.denoiser, text, steps=steps, scheduler=scheduler)
    assert read(context) == before


@pytest.mark.parametrize("scheduler", ["dpm++", "unipc", "deis"])
def test_the_number_that_is_told_is_one_that_it_takes_and_the_next_is_not(bench: Bench, scheduler: str) -> None:
    context, model, text = opened(bench, "sd15")
    with pytest.raises(Misfit, match=r"it takes \d+ at most") as told:
        denoise(context, model.denoiser, text, steps=1000, scheduler=scheduler)
    most = int(str(told.value).partition("it takes ")[2].split()[0])
    assert bool(denoise(context, model.denoiser, text, steps=most, scheduler=scheduler).samples.isfinite().all())
    with pytest.raises(Misfit, match=f"it takes {most} at most"):
        denoise(context, model.denoiser, text, steps=most + 1, scheduler=scheduler)


@pytest.mark.parametrize(("scheduler", "steps"), [("euler", 1000), ("ddim", 999), ("lcm", 50)])
def test_as_many_as_it_has_are_made(bench: Bench, scheduler: str, steps: int) -> None:
    context, model, text = opened(bench, "sd15")
    made = denoise(context, model.denoiser, text, steps=steps, scheduler=scheduler)
    assert bool(made.samples.isfinite().all())


def test_the_steps_that_a_start_leaves_out_need_not_be_there(bench: Bench) -> None:
    context, model, text = opened(bench, "sd15")
    start = image_to_image(Latents(torch.zeros(1, 4, 8, 8), "sd"), 0.05)
    made = denoise(context, model.denoiser, text, start=start, steps=1000, scheduler="ddim")
    assert bool(made.samples.isfinite().all())


def test_a_scheduler_that_asks_for_two_steps_says_so(bench: Bench) -> None:
    context, model, text = opened(bench, "karlo")
    with pytest.raises(
        Misfit, match=r"'published' cannot make 1 step for the prior .* it takes 2 or more \(division by zero\)"
    ):
        denoise(context, model.prior, text, steps=1, scheduler="published")


def test_inversion_says_so_too(bench: Bench) -> None:
    context, model, text = opened(bench, "sd15")
    latents: Any = Latents(torch.zeros(1, 4, 8, 8), "sd")
    with pytest.raises(Misfit, match="it takes 999 at most"):
        invert(context, model.denoiser, latents, text, steps=1000)


@pytest.mark.parametrize("scheduler", ["dpm++", "dpm++-sde", "dpm++-single", "sa-solver"])
def test_a_solver_is_given_no_learned_variance(bench: Bench, scheduler: str) -> None:
    """Four channels of latents, or three of pixels, and a variance for each."""
    model = bench.model("kandinsky")
    assert model.denoiser is not None
    told = image_condition(model.denoiser, ImageEmbedding(torch.ones(1, 32), model.denoiser.facts["embedding_space"]))
    latents = denoise(bench.context, told, None, steps=3, scheduler=scheduler)
    assert latents.samples.shape == (1, 4, 8, 8)
    context, first, text = opened(bench, "if-1")
    pixels = denoise(context, first.denoiser, text, steps=3, scheduler=scheduler)
    assert pixels.samples.shape == (1, 3, 16, 16)
