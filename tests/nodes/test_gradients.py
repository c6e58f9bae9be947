"""Classifier and CLIP guidance: gradients by finite differences, the papers' two algorithms in float64, the nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit
from graph_nodes.guidance import classifier_free_guidance, classifier_guidance, clip_guidance
from graph_nodes.models import load_model
from graph_nodes.science import gradients, sampling, schedules
from graph_nodes.science.guidance import Guide
from graph_nodes.text import encode_text
from torch import Tensor

from graph_engine import CLIP, Classifier, Context, Denoiser, Folders, ImageEmbedding, TextEmbedding

LABELS = ["red circle", "blue square", "green circle"]
VISION: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 8,
    "patch_size": 4,
    "num_channels": 4,
}


@pytest.fixture(scope="module")
def critics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny classifier and a tiny CLIP image tower, both reading x_t and its time plane; random weights."""
    from transformers import CLIPConfig, CLIPForImageClassification, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("critics")
    labels = {"num_labels": len(LABELS), "initializer_factor": 8.0}
    CLIPForImageClassification(CLIPConfig(vision_config=VISION, **labels)).save_pretrained(folder / "a" / "net")
    CLIPVisionModelWithProjection(CLIPVisionConfig(**VISION, projection_dim=6)).save_pretrained(folder / "b" / "net")
    (folder / "b" / "tokenizer").mkdir()
    facts = {"folder": "net", "image_size": 8}
    classifier = {"kind": "Classifier", "class": "CLIPForImageClassification", "classes": LABELS, **facts}
    clip = {"kind": "CLIP", "class": "CLIPVisionModelWithProjection", "tokenizer": "tokenizer", **facts}
    clip |= {"noised": True, "embedding_space": "tiny-clip", "logit_scale": 20.0}
    for name, part in (("a", {"classifier": classifier}), ("b", {"clip": clip})):
        (folder / name / "model.json").write_text(json.dumps({"format": 1, "parts": part}))
    return {"tiny/classifier": folder / "a", "tiny/noised-clip": folder / "b"}


@pytest.fixture
def seeing(context: Context, critics: dict[str, Path]) -> Context:
    """A context that knows the critics too."""
    return Context(folders=Folders(models={**context.folders.models, **critics}))


@pytest.fixture
def classifier(seeing: Context) -> Classifier:
    found = load_model(seeing, "tiny/classifier").classifier
    assert found is not None
    return found


@pytest.fixture
def clip(seeing: Context) -> CLIP:
    found = load_model(seeing, "tiny/noised-clip").clip
    assert found is not None
    return found


@pytest.fixture
def denoiser(seeing: Context) -> Denoiser:
    found = load_model(seeing, "tiny/glide").denoiser
    assert found is not None
    return found


@pytest.fixture
def text(seeing: Context) -> TextEmbedding:
    encoder = load_model(seeing, "tiny/glide").text_encoder
    assert encoder is not None
    return encode_text(seeing, encoder, "a red circle")


def _modules(critics: dict[str, Path]) -> tuple[Any, Any]:
    from transformers import CLIPForImageClassification, CLIPVisionModelWithProjection

    return (
        CLIPForImageClassification.from_pretrained(critics["tiny/classifier"] / "net", dtype=torch.float64).eval(),
        CLIPVisionModelWithProjection.from_pretrained(critics["tiny/noised-clip"] / "net", dtype=torch.float64).eval(),
    )


@pytest.mark.parametrize("kind", ["classifier", "clip"])
def test_gradients_are_those_of_finite_differences(critics: dict[str, Path], kind: str) -> None:
    classifier, clip = _modules(critics)
    target = torch.randn(1, 6, generator=torch.Generator().manual_seed(2))
    densities: dict[str, Callable[[Tensor], Tensor]] = {
        "classifier": lambda x: classifier(gradients.with_time(x, 300.0)).logits.log_softmax(-1)[:, 1],
        "clip": lambda x: (
            20 * torch.cosine_similarity(clip(gradients.with_time(x, 300.0)).image_embeds, target.double())
        ),
    }
    ours = {
        "classifier": gradients.classifier_log_probability(classifier, 1, torch.float64),
        "clip": gradients.clip_log_density(gradients.with_time_plane(clip, torch.float64), target, 20.0),
    }[kind]
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = gradients.gradient(ours, x, 300.0)
    h = 1e-5
    for place in ((0, 0, 1, 1), (0, 2, 7, 3), (1, 1, 4, 4)):
        step = torch.zeros_like(x)
        step[place] = h
        with torch.no_grad():
            slope = (densities[kind](x + step) - densities[kind](x - step)).sum() / (2 * h)
        torch.testing.assert_close(found[place], slope, rtol=2e-3, atol=1e-6)


def test_gradients_are_found_inside_of_inference_mode_too() -> None:
    with torch.inference_mode():
        found = gradients.gradient(lambda x, t: -(x**2).sum(dim=(1, 2, 3)), torch.ones(1, 1, 2, 2), 0.0)
    assert torch.equal(found, torch.full((1, 1, 2, 2), -2.0))


def _quadratic(x: Tensor, t: float) -> Tensor:
    """log N(x; 0.5, 1) up to a constant: its gradient is 0.5 - x."""
    return -0.5 * (x - 0.5).square().sum(dim=(1, 2, 3))


def _guided_sample(name: str, config: dict[str, Any], scale: float, steps: int) -> tuple[Tensor, Any]:
    scheduler = schedules.make_scheduler(name, config, steps)
    guide = Guide((gradients.Gradient(_quadratic, scale, of_mean=name == "ddpm"),))
    generators = sampling.generators_for(0, 2)
    noise = sampling.initial_noise((1, 2, 2), generators)
    predict = sampling.guided(lambda x, t, conditions: 0.3 * x, guide, {}, None, channels=1, keep_variance=False)
    options: dict[str, Any] = {"mean_shift": guide.mean_shift}
    return sampling.sample(predict, scheduler, noise, generators, **options), scheduler


CONFIG = {"beta_schedule": "linear", "prediction_type": "epsilon", "clip_sample": False, "timestep_spacing": "leading"}


def test_the_ancestral_sampler_follows_algorithm_1() -> None:
    """Dhariwal and Nichol 2021 in float64: x_{t-1} ~ N(mu + s Sigma grad log p(y | x_t), Sigma)."""
    ours, scheduler = _guided_sample("ddpm", CONFIG, 2.0, 4)
    generators = sampling.generators_for(0, 2)
    x = sampling.initial_noise((1, 2, 2), generators).double()
    bars = scheduler.alphas_cumprod.double()
    for t, after in zip((750, 500, 250, 0), (500, 250, 0, None), strict=True):
        bar, previous = bars[t], bars[after] if after is not None else torch.ones(()).double()
        beta = 1 - bar / previous
        mu = (x - beta / (1 - bar).sqrt() * 0.3 * x) / (1 - beta).sqrt()
        sigma = (1 - previous) / (1 - bar) * beta
        eps = sampling.initial_noise((1, 2, 2), generators).double() if after is not None else 0.0
        x = mu + 2.0 * sigma * (0.5 - x) + sigma.sqrt() * eps
    torch.testing.assert_close(ours.double(), x, rtol=1e-5, atol=1e-5)


def test_ddim_follows_algorithm_2() -> None:
    """Dhariwal and Nichol 2021 in float64: eps - s sqrt(1 - abar) grad log p(y | x_t), then DDIM's step."""
    ours, scheduler = _guided_sample("ddim", CONFIG, 0.7, 4)
    x = sampling.initial_noise((1, 2, 2), sampling.generators_for(0, 2)).double()
    bars = scheduler.alphas_cumprod.double()
    for t, after in zip((750, 500, 250, 0), (500, 250, 0, None), strict=True):
        bar, previous = bars[t], bars[after] if after is not None else torch.ones(()).double()
        eps = 0.3 * x - 0.7 * (1 - bar).sqrt() * (0.5 - x)
        x = previous.sqrt() * (x - (1 - bar).sqrt() * eps) / bar.sqrt() + (1 - previous).sqrt() * eps
    torch.testing.assert_close(ours.double(), x, rtol=1e-5, atol=1e-5)


def test_a_learned_variance_at_the_last_step_stays_small() -> None:
    """At t = 0 diffusers takes 1e-20 for the variance; extrapolated from its logarithm, the shift would explode."""
    scheduler = schedules.make_scheduler("ddpm", CONFIG | {"variance_type": "learned_range"}, 10)
    bars = scheduler.alphas_cumprod.double()
    for t, after in ((0, None), (100, 0), (900, 800)):
        previous = bars[after] if after is not None else torch.ones(()).double()
        beta = 1 - bars[t] / previous
        least = (1 - previous) / (1 - bars[t]) * beta
        if after is None:  # posterior_log_variance_clipped of guided-diffusion, gaussian_diffusion.py
            least = (1 - bars[0]) / (1 - bars[100]) * (1 - bars[100] / bars[0])
        for v in (-1.0, 0.2, 1.3):
            share = (v + 1) / 2
            wanted = (share * beta.log() + (1 - share) * least.log()).exp()
            learned = torch.full((1, 1, 2, 2), v)
            found = schedules.ancestral_variance(scheduler, torch.tensor(t), learned)
            torch.testing.assert_close(found.double(), wanted.expand_as(learned), rtol=2e-3, atol=1e-8)


@pytest.mark.parametrize("name", ["ddim", "pndm"])
def test_a_sampler_of_equal_strides_takes_them_where_the_model_was_published_with_others(name: str) -> None:
    spaced = CONFIG | {"timestep_spacing": "linspace"}
    ours = schedules.make_scheduler(name, spaced, 25)
    assert sorted(set(ours.timesteps.tolist()))[::-1] == list(range(960, -1, -40))
    assert schedules.make_scheduler("ddpm", spaced, 25).timesteps[:2].tolist() == [999, 957]
    assert schedules.make_inverse(spaced, 25).timesteps.max() == 960


@pytest.mark.parametrize(("kind", "last"), [("fixed_large", True), ("fixed_small", False)])
def test_a_fixed_variance_at_the_last_step_is_that_of_guided_diffusion(kind: str, last: bool) -> None:
    """gaussian_diffusion.py: np.append(posterior_variance[1], betas[1:]), or posterior_variance itself, which is 0."""
    scheduler = schedules.make_scheduler("ddpm", CONFIG | {"variance_type": kind}, 10)
    bars = scheduler.alphas_cumprod.double()
    posterior = (1 - bars[0]) / (1 - bars[100]) * (1 - bars[100] / bars[0])
    found = schedules.ancestral_variance(scheduler, torch.tensor(0), torch.zeros(1, 0, 2, 2))
    torch.testing.assert_close(found.double(), posterior * last, rtol=2e-3, atol=1e-8)


@pytest.mark.parametrize("scheduler", ["ddim", "ddpm", "euler", "dpm++"])
def test_guidance_raises_the_probability_of_the_class(
    seeing: Context, classifier: Classifier, denoiser: Denoiser, text: TextEmbedding, scheduler: str
) -> None:
    from transformers import CLIPForImageClassification

    net = CLIPForImageClassification.from_pretrained(seeing.folders.models["tiny/classifier"] / "net").eval()

    def log_probability(scale: float) -> float:
        guide = classifier_guidance(classifier, "blue square", scale=scale)
        made = denoise(seeing, denoiser, text, guide, steps=12, scheduler=scheduler, count=4)
        with torch.no_grad():
            logits = net(gradients.with_time(made.samples, 0.0)).logits
        return float(logits.log_softmax(-1)[:, 1].mean())

    assert log_probability(3.0) > log_probability(0.0) + 0.01


def test_clip_guidance_raises_the_similarity_and_stacks_on_classifier_free(
    seeing: Context, clip: CLIP, denoiser: Denoiser, text: TextEmbedding
) -> None:
    from transformers import CLIPVisionModelWithProjection

    net = CLIPVisionModelWithProjection.from_pretrained(seeing.folders.models["tiny/noised-clip"] / "net").eval()
    target = ImageEmbedding(torch.randn(1, 6, generator=torch.Generator().manual_seed(2)), "tiny-clip")

    def similarity(scale: float) -> float:
        guide = clip_guidance(clip, target, classifier_free_guidance(2.0), scale=scale)
        made = denoise(seeing, denoiser, text, guide, steps=12, count=4)
        with torch.no_grad():
            seen = net(gradients.with_time(made.samples, 0.0)).image_embeds
        return float(torch.cosine_similarity(seen, target.vectors).mean())

    assert similarity(2.0) > similarity(0.0) + 0.01


def test_an_interval_without_steps_is_no_guidance(
    seeing: Context, classifier: Classifier, denoiser: Denoiser, text: TextEmbedding
) -> None:
    plain = denoise(seeing, denoiser, text, steps=4).samples
    never = classifier_guidance(classifier, "red circle", scale=5.0, start=1.0)
    assert torch.equal(denoise(seeing, denoiser, text, never, steps=4).samples, plain)
    always = classifier_guidance(classifier, "red circle", scale=5.0)
    assert not torch.equal(denoise(seeing, denoiser, text, always, steps=4).samples, plain)


def test_what_cannot_guide_is_named(seeing: Context, classifier: Classifier, clip: CLIP, text: TextEmbedding) -> None:
    from dataclasses import replace

    upsampler = load_model(seeing, "tiny/augmented").upsampler
    assert upsampler is not None
    with pytest.raises(Misfit, match=r"knows no class 'red circel'. Did you mean 'red circle'\?"):
        classifier_guidance(classifier, "red circel")
    target = ImageEmbedding(torch.ones(1, 6), "other")
    with pytest.raises(Misfit, match="wants a target of the space 'tiny-clip', found 'other'"):
        clip_guidance(clip, target)
    with pytest.raises(Misfit, match="not trained on noised pictures"):
        clip_guidance(replace(clip, facts={**clip.facts, "noised": False}), target)
    from graph_nodes.binding import low_resolution

    from graph_engine import Image

    bound = low_resolution(upsampler, Image(torch.zeros(1, 3, 8, 8)))
    with pytest.raises(Misfit, match="works on 'pixel' of 16 x 16, but 'tiny/classifier' reads pixels of 8 x 8"):
        denoise(seeing, bound, guidance=classifier_guidance(classifier, "red circle"))
