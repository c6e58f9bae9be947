"""Image-to-image, repainting and inversion against diffusers' own loops and the papers' formulas in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from graph_nodes.binding import inpaint_condition
from graph_nodes.diffusion import denoise, invert
from graph_nodes.errors import Misfit
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import load_model
from graph_nodes.science import sampling, schedules
from graph_nodes.science.schedules import SCHEDULERS
from graph_nodes.starts import from_noise, image_to_image, repaint
from graph_nodes.text import encode_text
from torch import Tensor
from torch.nn import functional

from graph_engine import Context, Denoiser, Image, Latents, Mask, TextEmbedding

SINGLE_STEP = ("ddim", "ddpm", "euler", "dpm++", "unipc", "heun")


@pytest.fixture
def denoiser(context: Context) -> Denoiser:
    found = load_model(context, "tiny/glide").denoiser
    assert found is not None
    return found


@pytest.fixture
def text(context: Context) -> TextEmbedding:
    encoder = load_model(context, "tiny/glide").text_encoder
    assert encoder is not None
    return encode_text(context, encoder, "a red circle")


def _picture(n: int = 1, seed: int = 4) -> Latents:
    return Latents(torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1, "pixel")


def _half() -> Mask:
    values = torch.zeros(1, 1, 8, 8)
    values[..., 4:] = 1
    return Mask(values)


class ByHand:
    """Image-to-image and inpainting as diffusers' Stable Diffusion pipelines write them, on the tiny model."""

    def __init__(self, context: Context, name: str, text: TextEmbedding, steps: int) -> None:
        import diffusers

        folder = context.folders.models["tiny/glide"]
        self.unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
        class_name, settings = SCHEDULERS[name]
        config = diffusers.DDIMScheduler.load_config(folder / "scheduler")
        self.scheduler: Any = getattr(diffusers, class_name).from_config(config, **settings)
        self.scheduler.set_timesteps(steps)
        self.steps, self.text = steps, text
        self.options = {"use_clipped_model_output": True} if name == "ddim" else {}
        self.stochastic = name == "ddpm"

    @torch.inference_mode()
    def run(self, x_0: Tensor, strength: float, seed: int, mask: Tensor | None = None) -> Tensor:
        begin = max(self.steps - min(int(self.steps * strength), self.steps), 0) * self.scheduler.order
        timesteps = self.scheduler.timesteps[begin:]
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(begin)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(1, 3, 8, 8, generator=generator)
        if strength == 1:
            x = noise * self.scheduler.init_noise_sigma
        else:
            x = self.scheduler.add_noise(x_0, noise, timesteps[:1])
        options = {**self.options, **({"generator": generator} if self.stochastic else {})}
        for i, t in enumerate(timesteps):
            x_in = functional.pixel_unshuffle(self.scheduler.scale_model_input(x, t), 2)
            v = self.unet(x_in, t, encoder_hidden_states=self.text.tokens, class_labels=self.text.pooled).sample
            x = self.scheduler.step(functional.pixel_shuffle(v, 2), t, x, **options).prev_sample
            if mask is not None:
                known = x_0
                if i + 1 < len(timesteps):
                    known = self.scheduler.add_noise(x_0, noise, timesteps[i + 1 : i + 2])
                x = (1 - mask) * known + mask * x
        return x


@pytest.mark.parametrize("strength", [0.2, 0.6])
@pytest.mark.parametrize("name", SINGLE_STEP)
def test_image_to_image_gives_the_samples_of_diffusers_loop(
    context: Context, denoiser: Denoiser, text: TextEmbedding, name: str, strength: float
) -> None:
    picture = _picture()
    start = image_to_image(picture, strength)
    ours = denoise(context, denoiser, text, start=start, steps=10, scheduler=name, seed=3).samples
    theirs = ByHand(context, name, text, 10).run(picture.samples, strength, 3)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("strength", [0.6, 1.0])
@pytest.mark.parametrize("name", SINGLE_STEP)
def test_repainting_gives_the_samples_of_diffusers_inpainting_loop(
    context: Context, denoiser: Denoiser, text: TextEmbedding, name: str, strength: float
) -> None:
    picture, mask = _picture(), _half()
    start = repaint(picture, mask, strength)
    ours = denoise(context, denoiser, text, start=start, steps=6, scheduler=name, seed=3).samples
    theirs = ByHand(context, name, text, 6).run(picture.samples, strength, 3, mask.values)
    assert torch.equal(ours, theirs)
    assert torch.equal(ours[..., :4], picture.samples[..., :4]), "what the mask does not cover stays as it was"


def test_resampling_is_algorithm_1_of_repaint() -> None:
    """Lugmayr et al. 2022 in float64: each step U times, x_t ~ N(sqrt(alpha_t) x_{t-1}, 1 - alpha_t) in between."""
    config = {"beta_schedule": "scaled_linear", "prediction_type": "epsilon", "clip_sample": False}
    scheduler = schedules.make_scheduler("ddim", config | {"timestep_spacing": "trailing"}, 4)
    x_0, mask, resample = _picture(2).samples, _half().values, 3
    generators = sampling.generators_for(0, 2)
    noise = sampling.initial_noise((3, 8, 8), generators)
    known = sampling.Known(x_0, noise, mask)
    ours = sampling.sample(lambda at: 0.2 * at.x, scheduler, noise, generators, known=known, resample=resample)

    fresh = sampling.generators_for(0, 2)
    x = eps = sampling.initial_noise((3, 8, 8), fresh).double()
    bars = scheduler.alphas_cumprod.double()
    for t, after in zip((999, 749, 499, 249), (749, 499, 249, None), strict=True):
        bar, previous = bars[t], bars[after] if after is not None else torch.ones(()).double()
        for repeat in range(resample if after is not None else 1):
            if repeat:
                again = sampling.initial_noise((3, 8, 8), fresh).double()
                x = (bar / previous).sqrt() * x + (1 - bar / previous).sqrt() * again
            predicted = (x - (1 - bar).sqrt() * 0.2 * x) / bar.sqrt()
            x = previous.sqrt() * predicted + (1 - previous).sqrt() * 0.2 * x
            x = (1 - mask) * (previous.sqrt() * x_0 + (1 - previous).sqrt() * eps) + mask * x
    torch.testing.assert_close(ours.double(), x, rtol=1e-6, atol=1e-5)


def test_resampling_is_counted_in_the_progress(context: Context, denoiser: Denoiser, text: TextEmbedding) -> None:
    seen: list[tuple[int, int]] = []
    watched = Context(folders=context.folders, on_progress=lambda step, total: seen.append((step, total)))
    denoise(watched, denoiser, text, start=repaint(_picture(), _half(), resample=3), steps=4)
    assert seen == [(k, 10) for k in range(1, 11)]


def test_inversion_is_that_of_diffusers(context: Context, denoiser: Denoiser, text: TextEmbedding) -> None:
    import diffusers

    ours = invert(context, denoiser, _picture(), text, steps=5).samples
    folder = context.folders.models["tiny/glide"]
    unet = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
    scheduler = diffusers.DDIMInverseScheduler.from_config(diffusers.DDIMScheduler.load_config(folder / "scheduler"))
    scheduler.set_timesteps(5)
    x = _picture().samples
    with torch.inference_mode():
        for t in scheduler.timesteps:
            x_in = functional.pixel_unshuffle(x, 2)
            v = unet(x_in, t, encoder_hidden_states=text.tokens, class_labels=text.pooled).sample
            x = scheduler.step(functional.pixel_shuffle(v, 2), t, x).prev_sample
    assert torch.equal(ours, x)


def test_the_noise_of_an_inversion_leads_back_to_the_picture() -> None:
    """The more steps the nearer, for a smooth field: DDIM's ordinary differential equation walked both ways."""
    config = {"beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "clip_sample": False}
    config |= {"timestep_spacing": "trailing"}
    x_0 = _picture().samples
    errors = []
    for steps in (10, 100):
        there, back = schedules.make_inverse(config, steps), schedules.make_scheduler("ddim", config, steps)
        noise = sampling.sample(lambda at: torch.tanh(at.x), there, x_0, [])
        errors.append(float((sampling.sample(lambda at: torch.tanh(at.x), back, noise, []) - x_0).abs().max()))
    assert errors[1] < 0.25 * errors[0]


def test_sampling_starts_from_given_noise(context: Context, denoiser: Denoiser, text: TextEmbedding) -> None:
    drawn = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    given = denoise(context, denoiser, text, start=from_noise(Latents(drawn, "pixel")), steps=3, seed=99).samples
    assert torch.equal(given, denoise(context, denoiser, text, steps=3, seed=5).samples)


def test_picture_k_of_a_repainted_batch_is_the_one_made_alone(
    context: Context, denoiser: Denoiser, text: TextEmbedding
) -> None:
    pictures = _picture(2)

    def made(latents: Latents, seed: int) -> Tensor:
        start = repaint(latents, _half(), resample=2)
        return denoise(
            context, denoiser, text, classifier_free_guidance(2.0), start, steps=4, scheduler="ddpm", seed=seed
        ).samples

    both = made(pictures, 7)
    for k in range(2):
        alone = made(Latents(pictures.samples[k : k + 1], "pixel"), 7 + k)
        torch.testing.assert_close(both[k : k + 1], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("space", "works in the space 'pixel', found 'sd'"),
        ("size", "works on 3 x 8 x 8 or a multiple of that size, found 3 x 9 x 8"),
        ("resample", "'euler' cannot make a step again, which resample 2 asks for; use ddim, ddpm"),
        ("no mask channels", "cannot use 'inpaint'; it was trained on 'text'"),
        ("batches", "the batch sizes do not fit: latents 2, count 3"),
    ],
)
def test_a_start_that_does_not_fit_is_named(
    context: Context, denoiser: Denoiser, text: TextEmbedding, case: str, message: str
) -> None:
    calls: dict[str, Any] = {
        "space": lambda: denoise(context, denoiser, text, start=image_to_image(Latents(torch.zeros(1, 3, 8, 8), "sd"))),
        "size": lambda: invert(context, denoiser, Latents(torch.zeros(1, 3, 9, 8), "pixel"), text),
        "resample": lambda: denoise(
            context, denoiser, text, start=repaint(_picture(), _half(), resample=2), scheduler="euler"
        ),
        "no mask channels": lambda: inpaint_condition(denoiser, Image(torch.zeros(1, 3, 8, 8)), _half()),
        "batches": lambda: denoise(context, denoiser, text, start=image_to_image(_picture(2)), count=3),
    }
    with pytest.raises(Misfit, match=message):
        calls[case]()
