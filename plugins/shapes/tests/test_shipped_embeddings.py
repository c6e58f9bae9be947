"""The shipped models of noised pictures and of embeddings keep what their cards say, on a few fresh scenes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from diffusers import PriorTransformer
from graph_engine_shapes import evaluate_embeddings, networks, noised_task, prior_looks
from graph_engine_shapes.drawing import render
from graph_engine_shapes.evaluate_pixels import load
from graph_engine_shapes.export import MODELS
from graph_engine_shapes.prior_task import read_text
from graph_engine_shapes.scenes import random_scenes
from safetensors.torch import load_file
from torch.nn import functional
from transformers import (
    CLIPForImageClassification,
    CLIPModel,
    CLIPTextModelWithProjection,
    CLIPVisionModelWithProjection,
    GPT2LMHeadModel,
)


@pytest.fixture(scope="module")
def clip() -> CLIPModel:
    model: CLIPModel = load(MODELS / "clip" / "clip", CLIPModel)
    return model


@pytest.mark.parametrize(("t", "least"), [(0, 0.85), (400, 0.4), (600, 0.15)])
def test_the_classifier_finds_the_class_under_noise(t: int, least: float) -> None:
    model = load(MODELS / "classifier" / "classifier", CLIPForImageClassification)
    scenes = random_scenes(96, torch.Generator().manual_seed(3), two=0.0, held="any")
    pictures = render(scenes, networks.BASE_SIZE) * 2 - 1
    x = noised_task.noised(pictures, torch.full((96,), t), torch.Generator().manual_seed(t))
    wanted = noised_task.class_of(scenes)
    with torch.no_grad():
        right = model(pixel_values=x).logits.argmax(dim=1) == wanted
    assert float(right.float().mean()) >= least
    assert float(evaluate_embeddings.climbs(model, x, (wanted + 1) % 64).float().mean()) >= 0.9


@pytest.mark.parametrize(("t", "least"), [(0, 0.9), (400, 0.85), (600, 0.7)])
def test_the_noised_clip_finds_the_caption_under_noise(clip: CLIPModel, t: int, least: float) -> None:
    model = load(MODELS / "noised-clip" / "image_tower", CLIPVisionModelWithProjection)
    of = prior_looks.asked(clip, 96, 4)
    scenes = random_scenes(96, torch.Generator().manual_seed(4), two=0.5, held="any")
    x = noised_task.noised(
        render(scenes, networks.BASE_SIZE) * 2 - 1, torch.full((96,), t), torch.Generator().manual_seed(t)
    )
    with torch.no_grad():
        text = functional.normalize(read_text(clip, of.texts)[1], dim=-1)
        right = (model(pixel_values=x).image_embeds @ text.T).argmax(dim=1) == torch.arange(96)
    assert float(right.float().mean()) >= least


def nearness(made: torch.Tensor, of: prior_looks.Asked) -> tuple[float, float]:
    """Mean cosine to the true embedding, and how often the true embedding is the nearest of all."""
    alike = made @ of.true.T
    return float(alike.diagonal().mean()), float((alike.argmax(dim=1) == torch.arange(len(made))).float().mean())


def test_the_diffusion_priors_embeddings_are_near_the_true_ones(clip: CLIPModel) -> None:
    model: Any = load(MODELS / "prior" / "prior", PriorTransformer)
    of = prior_looks.asked(clip, 48, 6)
    cosine, top1 = nearness(prior_looks.sample(model, clip, of.texts, 1, 8, 2.0), of)
    text = functional.normalize(read_text(clip, of.texts)[1], dim=-1).detach()
    assert cosine >= 0.9
    assert cosine > nearness(text, of)[0] + 0.03
    assert top1 >= 0.9


def test_the_autoregressive_priors_embeddings_are_near_the_true_ones(clip: CLIPModel) -> None:
    model = load(MODELS / "ar-prior" / "transformer", GPT2LMHeadModel)
    stored = load_file(MODELS / "ar-prior" / "quantizer" / "quantizer.safetensors")
    of = prior_looks.asked(clip, 48, 6)
    quantizer = {name: values.float() for name, values in stored.items()}
    cosine, top1 = nearness(prior_looks.write(model, quantizer, clip, of.texts, 1, 2.0), of)
    assert cosine >= 0.8
    assert top1 >= 0.7


def test_the_priors_read_captions_with_clips_own_text_tower(clip: CLIPModel) -> None:
    for name in ("prior", "ar-prior"):
        facts = json.loads((MODELS / name / "model.json").read_text())["parts"]["text_encoder"]
        tower = load(MODELS / name / facts["folder"], CLIPTextModelWithProjection)
        own = dict(clip.named_parameters())
        assert all(torch.equal(weight, own[key]) for key, weight in tower.named_parameters())
