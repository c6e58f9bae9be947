"""core.denoise against the loop that one writes by hand with diffusers, and what a seed and a batch mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from graph_nodes.autoencoding import decode
from graph_nodes.binding import low_resolution
from graph_nodes.diffusion import SchedulerName, denoise
from graph_nodes.errors import Misfit
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.science.schedules import PUBLISHED, SCHEDULERS
from graph_nodes.text import encode_text
from torch.nn import functional

from graph_engine import Cancelled, Context, Denoiser, Folders, Guidance, Image, Latents, TextEmbedding

pytestmark = pytest.mark.filterwarnings("ignore:__array_wrap__")  # numpy 2 and dpm2 of diffusers
STOCHASTIC = ("ddpm", "dpm++-sde", "euler-ancestral", "sa-solver", "lcm", "tcd")


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
    options: dict[str, Any] = {} if name in ("unipc", "deis", "pndm", "heun", "dpm2") else {"generator": generators}
    if name == "tcd":
        options["eta"] = 0.0
    if name == "ddim":
        options["use_clipped_model_output"] = True  # the model clips x_0, and eps follows from it as in GLIDE
    x = torch.cat([torch.randn(1, 3, 8, 8, generator=g) for g in generators]) * scheduler.init_noise_sigma
    with torch.inference_mode():
        for t in scheduler.timesteps:
            x_in = scheduler.scale_model_input(torch.cat([x, x]), t)
            v = unet(functional.pixel_unshuffle(x_in, 2), t, encoder_hidden_states=tokens, class_labels=pooled).sample
            without, conditional = functional.pixel_shuffle(v, 2).chunk(2)
            x = scheduler.step(without + scale * (conditional - without), t, x, **options).prev_sample
    return x


@pytest.mark.parametrize(
    "name", [name for name in get_args(SchedulerName) if name not in ("dpm2-ancestral", PUBLISHED)]
)
def test_every_scheduler_gives_the_pixels_of_the_loop_written_by_hand(context: Context, name: str) -> None:
    text = _text(context)
    denoiser = _part(context, "tiny/glide", "denoiser")
    ours = denoise(context, denoiser, text, classifier_free_guidance(2.5), steps=5, scheduler=name, count=2, seed=7)
    assert torch.equal(ours.samples, _by_hand(context, name, text, 5, 2.5, [7, 8]))
    assert torch.isfinite(ours.samples).all()
    assert ours.space == "pixel"


def test_a_scheduler_that_cannot_tell_its_timesteps_is_refused(context: Context) -> None:
    denoiser = _part(context, "tiny/glide", "denoiser")
    with pytest.raises(Misfit, match="'dpm2-ancestral' cannot follow the schedule of the denoiser of 'tiny/glide'"):
        denoise(context, denoiser, _text(context), steps=5, scheduler="dpm2-ancestral")


def test_the_published_scheduler_is_the_one_of_the_models_config(context: Context) -> None:
    text, denoiser = _text(context), _part(context, "tiny/glide", "denoiser")
    published, ddim = (denoise(context, denoiser, text, steps=3, scheduler=name) for name in (PUBLISHED, "ddim"))
    assert torch.equal(published.samples, ddim.samples)


def test_the_upsampler_gives_the_pixels_of_the_loop_written_by_hand(context: Context) -> None:
    from diffusers import DDIMScheduler, UNet2DConditionModel

    text, low = _text(context), torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    bound = low_resolution(_part(context, "tiny/glide", "upsampler"), Image(low))
    ours = denoise(context, bound, text, steps=4, count=2, seed=1).samples

    folder = context.folders.models["tiny/glide"]
    unet = UNet2DConditionModel.from_pretrained(folder / "upsampler", dtype=torch.float32)
    scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
    scheduler.set_timesteps(4)
    x = torch.cat([torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)])
    beside = functional.interpolate((low * 2 - 1).repeat(2, 1, 1, 1), (16, 16), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        for t in scheduler.timesteps:
            both = functional.pixel_unshuffle(torch.cat([x, beside], dim=1), 4)
            tokens, pooled = text.tokens.repeat(2, 1, 1), text.pooled.repeat(2, 1)
            v = functional.pixel_shuffle(unet(both, t, encoder_hidden_states=tokens, class_labels=pooled).sample, 4)
            x = scheduler.step(v, t, x, use_clipped_model_output=True).prev_sample
    assert torch.equal(ours, x)


@pytest.mark.parametrize("name", ["ddpm", "euler"])
def test_noise_augmentation_blurs_the_small_picture_and_tells_the_network_how_much(context: Context, name: str) -> None:
    """Against the loop of diffusers' IFSuperResolutionPipeline: x_T is drawn before the augmentation noise."""
    import diffusers

    upsampler, low = _part(context, "tiny/augmented", "upsampler"), torch.rand(1, 3, 8, 8)
    ours = denoise(context, low_resolution(upsampler, Image(low), 250), steps=3, scheduler=name, seed=2).samples

    folder = context.folders.models["tiny/augmented"]
    unet = diffusers.UNet2DModel.from_pretrained(folder / "unet", dtype=torch.float32)
    config = diffusers.DDPMScheduler.load_config(folder / "scheduler")
    scheduler = getattr(diffusers, SCHEDULERS[name][0]).from_config(config)
    scheduler.set_timesteps(3)
    generator, level = torch.Generator().manual_seed(2), torch.tensor([250])
    x = torch.randn(1, 3, 16, 16, generator=generator) * scheduler.init_noise_sigma
    beside = functional.interpolate(low * 2 - 1, (16, 16), mode="bilinear", align_corners=False)
    noise = torch.randn(1, 3, 16, 16, generator=generator)
    beside = diffusers.DDPMScheduler.from_config(config).add_noise(beside, noise, level)
    with torch.inference_mode():
        for t in scheduler.timesteps:
            both = torch.cat([scheduler.scale_model_input(x, t), beside], dim=1)
            x = scheduler.step(unet(both, t, class_labels=level).sample, t, x, generator=generator).prev_sample
    assert torch.equal(ours, x)


@pytest.mark.parametrize(("name", "kept"), [("ddpm", True), ("ddim", False)])
def test_a_learned_variance_is_unguided_and_used_only_where_the_scheduler_takes_it(
    context: Context, name: str, kept: bool
) -> None:
    """Against the split of diffusers' IF and unCLIP pipelines."""
    import diffusers

    text = _text(context)
    guidance = classifier_free_guidance(4.0)
    ours = denoise(
        context, _part(context, "tiny/learned", "denoiser"), text, guidance, steps=4, scheduler=name, seed=5
    ).samples

    folder = context.folders.models["tiny/learned"]
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    kind = diffusers.DDPMScheduler if kept else diffusers.DDIMScheduler
    scheduler = kind.from_config(diffusers.DDPMScheduler.load_config(folder / "scheduler"))
    scheduler.set_timesteps(4)
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(1, 3, 8, 8, generator=generator)
    tokens, pooled = torch.cat([text.null_tokens, text.tokens]), torch.cat([text.null_pooled, text.pooled])
    with torch.inference_mode():
        for t in scheduler.timesteps:
            output = unet(torch.cat([x, x]), t, encoder_hidden_states=tokens, class_labels=pooled).sample
            without, conditional = output.chunk(2)
            (without, _), (conditional, variance) = without.split(3, dim=1), conditional.split(3, dim=1)
            guided = without + 4.0 * (conditional - without)
            output = torch.cat([guided, variance], dim=1) if kept else guided
            options = {} if kept else {"use_clipped_model_output": True}
            x = scheduler.step(output, t, x, generator=generator, **options).prev_sample
    assert torch.equal(ours, x)


@pytest.mark.parametrize("name", ["ddim", "euler", *STOCHASTIC])
def test_picture_k_of_a_batch_is_the_picture_of_seed_plus_k(context: Context, name: str) -> None:
    """The noise is equal to the bit; a matrix product of another batch size may round differently, 1e-6 a call."""
    text, denoiser = _text(context), _part(context, "tiny/glide", "denoiser")
    run = partial(denoise, context, denoiser, text, classifier_free_guidance(3.0), steps=4, scheduler=name, eta=0.5)
    batch = run(count=3, seed=11).samples
    for k in range(3):
        torch.testing.assert_close(batch[k : k + 1], run(seed=11 + k).samples, rtol=0, atol=1e-4)


def test_the_same_call_gives_the_same_bits(context: Context) -> None:
    text, denoiser = _text(context), _part(context, "tiny/glide", "denoiser")
    first, again = (denoise(context, denoiser, text, steps=3, scheduler="ddpm", seed=4).samples for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, denoise(context, denoiser, text, steps=3, scheduler="ddpm", seed=5).samples)


def test_a_batch_of_low_resolution_pictures_sets_the_count(context: Context) -> None:
    text, upsampler = _text(context), _part(context, "tiny/glide", "upsampler")
    three = denoise(context, _part(context, "tiny/glide", "denoiser"), text, steps=2, count=3)
    assert denoise(context, low_resolution(upsampler, three), text, steps=2).samples.shape == (3, 3, 16, 16)
    with pytest.raises(Misfit, match="low_resolution 3, count 2"):
        denoise(context, low_resolution(upsampler, three), text, steps=2, count=2)


def test_latents_of_pixel_space_and_their_picture_are_the_same_condition(context: Context) -> None:
    text, upsampler = _text(context), _part(context, "tiny/glide", "upsampler")
    base = denoise(context, _part(context, "tiny/glide", "denoiser"), text, steps=2)
    direct, decoded = (
        denoise(context, low_resolution(upsampler, small), text, steps=2).samples
        for small in (base, decode(context, base))
    )
    torch.testing.assert_close(direct, decoded, rtol=0, atol=1e-5)


def test_the_inputs_are_left_as_they_were(context: Context) -> None:
    text, upsampler = _text(context), _part(context, "tiny/glide", "upsampler")
    low = torch.rand(1, 3, 8, 8)
    held = {name: value for name, value in vars(text).items() if isinstance(value, torch.Tensor)} | {"low": low}
    before = {name: value.clone() for name, value in held.items()}
    bound = low_resolution(upsampler, Image(low))
    denoise(context, bound, text, classifier_free_guidance(3.0), steps=2, scheduler="ddpm", count=2)
    assert all(torch.equal(held[name], before[name]) for name in held)
    assert upsampler.conditions == {}
    assert list(bound.conditions) == ["low_resolution"]


def test_the_result_is_an_ordinary_tensor(context: Context) -> None:
    latents = denoise(context, _part(context, "tiny/glide", "denoiser"), _text(context), steps=1)
    assert not latents.samples.is_inference()
    assert latents.samples.dtype == torch.float32


@pytest.mark.parametrize(("scale", "start", "stop", "doubled"), [(1, 0, 1, 0), (3, 0, 1, 10), (3, 0.2, 0.8, 6)])
def test_the_unconditional_prediction_is_asked_for_only_where_guidance_uses_it(
    context: Context, scale: float, start: float, stop: float, doubled: int
) -> None:
    from graph_nodes.weights import module_of

    denoiser = _part(context, "tiny/glide", "denoiser")
    batches: list[int] = []
    hook = module_of(context, denoiser).register_forward_pre_hook(lambda _, args: batches.append(len(args[0])))
    guidance = classifier_free_guidance(scale, start=start, stop=stop)
    denoise(context, denoiser, _text(context), guidance, steps=10)
    hook.remove()
    assert batches.count(2) == doubled
    assert len(batches) == 10


def test_every_step_is_told_with_a_picture_on_demand(context: Context) -> None:
    steps: list[tuple[int, int]] = []
    previews: list[Image] = []
    watched = replace(context, on_progress=lambda step, total: steps.append((step, total)), on_preview=previews.append)
    result = denoise(watched, _part(context, "tiny/glide", "denoiser"), _text(context), steps=4)
    assert steps == [(k, 4) for k in (1, 2, 3, 4)]
    assert [tuple(preview.pixels.shape) for preview in previews] == [(1, 3, 8, 8)] * 4
    torch.testing.assert_close(previews[-1].pixels, decode(context, result).pixels, rtol=0, atol=1e-5)


def test_a_cancelled_run_stops_within_a_step(context: Context) -> None:
    done: list[int] = []

    def cancel(step: int, total: int) -> None:
        done.append(step)
        context.cancel.set()

    with pytest.raises(Cancelled):
        denoise(
            replace(context, on_progress=cancel), _part(context, "tiny/glide", "denoiser"), _text(context), steps=50
        )
    assert done == [1]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("no text", "needs 'text': 'text' comes from core.encode_text"),
        ("no picture", "needs 'low_resolution': 'low_resolution' comes from core.low_resolution"),
        ("other text", "wants text of the space 'tiny', found 'other'; encode the prompt with the text encoder of"),
        ("no empty prompt", "guidance on the denoiser of 'tiny/glide' needs a text with its empty prompt"),
        ("unknown rule", "no guidance rule is called 'classifier_fre'. Did you mean 'classifier_free'?"),
        ("picture for the base", "is no upsampler"),
        ("other size", "enlarges pictures of 8 x 8, found 9 x 8; use core.resize"),
        ("noise level", "trained without noise augmentation"),
        ("other space", "wants a picture of pixel space, found 'sd'"),
    ],
)
def test_what_does_not_fit_is_named_before_any_weights_are_read(context: Context, case: str, message: str) -> None:
    text = _text(context)
    context.warm.clear()
    base, upsampler = _part(context, "tiny/glide", "denoiser"), _part(context, "tiny/glide", "upsampler")
    guidance = classifier_free_guidance(3.0)
    calls = {
        "no text": lambda: denoise(context, base),
        "no picture": lambda: denoise(context, upsampler, text),
        "other text": lambda: denoise(context, base, replace(text, space="other")),
        "no empty prompt": lambda: denoise(context, base, replace(text, null_tokens=None), guidance),
        "unknown rule": lambda: denoise(context, base, text, Guidance("classifier_fre")),
        "picture for the base": lambda: low_resolution(base, Image(torch.zeros(1, 3, 8, 8))),
        "other size": lambda: low_resolution(upsampler, Image(torch.zeros(1, 3, 8, 9))),
        "noise level": lambda: low_resolution(upsampler, Image(torch.zeros(1, 3, 8, 8)), noise_level=100),
        "other space": lambda: low_resolution(upsampler, Latents(torch.zeros(1, 4, 8, 8), "sd")),
    }
    with pytest.raises(Misfit, match=re.escape(message)):
        calls[case]()
    assert not [key for key in context.warm.keys() if not key.startswith("digest:")]  # noqa: SIM118 - no mapping


def test_ddim_follows_the_noise_of_the_clipped_picture() -> None:
    """guided-diffusion's ddim_sample in float64: x_0 is clipped, then eps = (x_t - sqrt(abar) x_0) / sqrt(1 - abar)."""
    from graph_nodes.science import sampling, schedules

    config = {"beta_schedule": "squaredcos_cap_v2", "clip_sample": True, "timestep_spacing": "trailing"}
    scheduler = schedules.make_scheduler("ddim", config, 4)
    generators = sampling.generators_for(0, 2)
    noise = 3 * sampling.initial_noise((3, 4, 4), generators)
    ours = sampling.sample(lambda step: 0.3 * step.x, scheduler, noise, generators)

    x, alpha_bars = noise.double(), scheduler.alphas_cumprod.double()
    for t, after in zip((999, 749, 499, 249), (749, 499, 249, None), strict=True):
        abar, previous = alpha_bars[t], alpha_bars[after] if after is not None else torch.ones(()).double()
        x_0 = ((x - (1 - abar).sqrt() * 0.3 * x) / abar.sqrt()).clamp(-1, 1)
        eps = (x - abar.sqrt() * x_0) / (1 - abar).sqrt()
        x = previous.sqrt() * x_0 + (1 - previous).sqrt() * eps
    torch.testing.assert_close(ours.double(), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in SCHEDULERS if name != "dpm2-ancestral"])
def test_every_scheduler_follows_a_network_that_predicts_its_own_variance(context: Context, name: str) -> None:
    denoiser = _part(context, "tiny/learned", "denoiser")
    made = denoise(context, denoiser, _text(context), classifier_free_guidance(2.0), steps=4, scheduler=name)
    assert made.samples.shape == (1, 3, 8, 8)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_network_that_knows_the_picture_is_followed_to_it(name: str, prediction_type: str) -> None:
    """Whatever the scheduler and the prediction: from any noise, a perfect prediction leads to its x_0."""
    from graph_nodes.science import sampling, schedules, step

    if not schedules.can_follow(name, prediction_type):
        pytest.skip("refused by name")
    config = {"beta_schedule": "scaled_linear", "beta_start": 0.0009, "beta_end": 0.012, "clip_sample": False}
    config |= {"prediction_type": prediction_type, "timestep_spacing": "trailing"}
    scheduler = schedules.make_scheduler(name, config, 5)
    generators = sampling.generators_for(0, 2)
    x_0 = torch.linspace(-0.9, 0.9, 48).view(1, 3, 4, 4).expand(2, -1, -1, -1)
    x = sampling.initial_noise((3, 4, 4), generators) * scheduler.init_noise_sigma
    found = sampling.sample(lambda at: step.prediction_of(at, x_0), scheduler, x, generators)
    rough = 0.2 if name in ("deis", "dpm2", "pndm", "sa-solver", "tcd") else 1e-3  # these end a little before x_0
    torch.testing.assert_close(found, x_0.contiguous(), rtol=0, atol=rough)


def test_a_scheduler_that_cannot_follow_the_prediction_is_refused_by_name(
    edited_model: Callable[[Callable[[dict[str, Any]], None]], Path],
) -> None:
    folder = edited_model(lambda model: model["parts"]["denoiser"].update(prediction_type="sample"))
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(path.read_text().replace("v_prediction", "sample"))
    context = Context(folders=Folders(models={"tiny/glide": folder}))
    with pytest.raises(Misfit, match="predicts 'sample', which 'dpm2' cannot follow; use ddim, ddpm, "):
        denoise(context, _part(context, "tiny/glide", "denoiser"), _text(context), scheduler="dpm2")


def test_every_name_of_a_scheduler_is_in_the_drop_down() -> None:
    assert set(get_args(SchedulerName)) == {*SCHEDULERS, PUBLISHED}


def test_decode_wants_pixel_space_and_clips() -> None:
    x = torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert decode(Context(), Latents(x, "pixel")).pixels[0, 0, 0].tolist() == [0, 0, 0.5, 1, 1]
    with pytest.raises(Misfit, match="'sd' need their autoencoder"):
        decode(Context(), Latents(x, "sd"))
