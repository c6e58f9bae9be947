"""core.denoise against the loop that one writes by hand with diffusers, and what a seed and a batch mean."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from graph_nodes.diffusion import SchedulerName, denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.science.schedules import SCHEDULERS
from graph_nodes.text import encode_text
from torch.nn import functional

from graph_engine import Context, Denoiser, TextEmbedding

STOCHASTIC = ("ddpm", "dpm++-sde", "euler-ancestral")


def _part(context: Context, model: str, part: str) -> Denoiser:
    found = getattr(load_model(context, model), part)
    assert found is not None
    return found  # type: ignore[no-any-return]


def _text(context: Context, prompt: str = "a red circle") -> TextEmbedding:
    encoder = load_model(context, "tiny/glide").text_encoder
    assert encoder is not None
    return encode_text(context, encoder, prompt)


def _by_hand(context: Context, name: str, text: TextEmbedding, steps: int, scale: float, seeds: list[int]) -> Any:
    """The same base model, sampled with diffusers' own classes and nothing of this project."""
    import diffusers

    folder = context.folders.models["tiny/glide"]
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    config = diffusers.DDIMScheduler.load_config(folder / "scheduler")
    class_name, settings = SCHEDULERS[name]
    scheduler = getattr(diffusers, class_name).from_config(config, **settings)
    scheduler.set_timesteps(steps)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    n = len(seeds)
    tokens = torch.cat([text.null_tokens.repeat(n, 1, 1), text.tokens.repeat(n, 1, 1)])
    pooled = torch.cat([text.null_pooled.repeat(n, 1), text.pooled.repeat(n, 1)])
    options: dict[str, Any] = {} if name in ("unipc", "deis", "pndm", "heun") else {"generator": generators}
    if name == "dpm2":
        options = {}
    x = torch.cat([torch.randn(1, 3, 8, 8, generator=g) for g in generators]) * scheduler.init_noise_sigma
    with torch.inference_mode():
        for t in scheduler.timesteps:
            x_in = scheduler.scale_model_input(torch.cat([x, x]), t)
            v = unet(functional.pixel_unshuffle(x_in, 2), t, encoder_hidden_states=tokens, class_labels=pooled).sample
            without, conditional = functional.pixel_shuffle(v, 2).chunk(2)
            x = scheduler.step(without + scale * (conditional - without), t, x, **options).prev_sample
    return x


@pytest.mark.parametrize("name", get_args(SchedulerName))
def test_every_scheduler_gives_the_pixels_of_the_loop_written_by_hand(context: Context, name: str) -> None:
    text = _text(context)
    denoiser = _part(context, "tiny/glide", "denoiser")
    ours = denoise(context, denoiser, text, classifier_free_guidance(2.5), steps=5, scheduler=name, count=2, seed=7)
    assert torch.equal(ours.samples, _by_hand(context, name, text, 5, 2.5, [7, 8]))
    assert torch.isfinite(ours.samples).all()
    assert ours.space == "pixel"
