"""What reads and writes CLIP's embeddings: noised classifier, noised CLIP, both priors; and latent diffusion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_engine_shapes import (
    checkpoint,
    export,
    latent_task,
    loop,
    networks,
    noised_task,
    prior_looks,
    prior_task,
    recipes,
)
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import random_scenes
from graph_engine_shapes.unclip_task import embed_pictures, load_clip
from safetensors.torch import load_file

GIVEN = ("glide-text", "glide", "clip", "vae")
TRAINED = ("noised-clip", "classifier", "prior", "ar-prior", "latent")


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with these trainings and those that they build on, at their very start."""
    folder = tmp_path_factory.mktemp("trainings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prior_task, "MEASURED", 150)
        patch.setattr(prior_task, "POOLED", 150)
        patch.setattr(latent_task.pool, "__defaults__", (500,))
        patch.setenv("GRAPH_ENGINE_TRAINING", str(folder))
        for name in (*GIVEN, *TRAINED):
            task = recipes.task_of(name, lambda needed: folder / needed)
            checkpoint.save(loop.start(task, folder / name), folder / name)
        yield folder


@pytest.fixture(scope="module")
def exported(trainings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models as folders."""
    target = tmp_path_factory.mktemp("exported")
    for name in TRAINED:
        recipes.found(export.EXPORTS[name])(target / name)
    return target


def part_of(exported: Path, model: str, part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((exported / model / "model.json").read_text())["parts"][part]
    return found


@pytest.mark.parametrize("name", TRAINED)
def test_the_loss_has_a_gradient_for_every_weight(name: str, trainings: Path) -> None:
    task = recipes.task_of(name, lambda needed: trainings / needed)
    task.batch = 3
    state = loop.start(task, trainings / name)
    loss = task.loss(state.model, 0, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss)
    without = {n for n, p in state.model.named_parameters() if p.requires_grad and p.grad is None}
    assert without <= {"vision_model.post_layernorm.weight", "vision_model.post_layernorm.bias"}


def test_noise_is_that_of_the_schedule_and_the_timestep_stands_beside_it() -> None:
    pictures = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    t = torch.tensor([0, 750])
    made = noised_task.noised(pictures, t, torch.Generator().manual_seed(2))
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(2))
    theirs = networks.scheduler().add_noise(pictures, noise, t)
    torch.testing.assert_close(made[:, :3], theirs)
    assert made[:, 3].amin(dim=(1, 2)).tolist() == [0.0, 0.75]


def test_a_class_is_a_coloured_shape() -> None:
    scenes = random_scenes(20, torch.Generator().manual_seed(1), two=0.0)
    names = noised_task.class_names()
    assert len(names) == len(set(names)) == 64
    for text, index in zip(random_captions(scenes, seeded(0), keep=1.0), noised_task.class_of(scenes), strict=True):
        assert names[int(index)] in text


def test_a_noised_tower_begins_as_clips_own_tower(trainings: Path) -> None:
    tower, _ = noised_task.load_noised_tower(trainings / "noised-clip")
    clip = load_clip(trainings / "clip")
    pictures = render(random_scenes(4, torch.Generator().manual_seed(1)), 32) * 2 - 1
    plane = torch.full((4, 1, 32, 32), 0.3)
    with torch.no_grad():
        seen = tower(pixel_values=torch.cat([pictures, plane], dim=1)).image_embeds
    torch.testing.assert_close(torch.nn.functional.normalize(seen, dim=-1), embed_pictures(clip, pictures))


def test_a_prior_is_exported_with_the_moments_of_embeddings(trainings: Path, exported: Path) -> None:
    from diffusers import PriorTransformer

    facts = part_of(exported, "prior", "denoiser")
    model: Any = PriorTransformer.from_pretrained(exported / "prior" / facts["folder"], torch_dtype=torch.float32)
    embeddings = prior_task.measured(load_clip(trainings / "clip"), 150)
    back = model.post_process_latents((embeddings - embeddings.mean(0)) / embeddings.std(0))
    torch.testing.assert_close(back, embeddings, rtol=0, atol=2e-3)
    assert facts["shape"] == [embeddings.shape[1]]


def test_quantised_components_stand_for_the_embedding(trainings: Path, exported: Path) -> None:
    facts = part_of(exported, "ar-prior", "token_model")
    halves = load_file(exported / "ar-prior" / facts["quantizer"] / "quantizer.safetensors")
    stored = {name: values.float() for name, values in halves.items()}
    task = prior_task.ArPriorTask(trainings / "clip")
    embeddings = prior_task.measured(load_clip(trainings / "clip"), 64)
    ids = task.quantised(embeddings)
    assert ids.shape == (64, facts["grid"][0])
    assert int(ids.max()) < facts["vocabulary"]
    back = stored["mean"] + stored["levels"][torch.arange(ids.shape[1]), ids] @ stored["components"]
    assert float(torch.cosine_similarity(back, embeddings).mean()) > 0.99


def test_an_embedding_is_worth_what_can_be_read_from_it(trainings: Path) -> None:
    reader = prior_looks.load_reader(trainings / "clip")
    of = prior_looks.asked(reader.clip, 32, 5)
    of.meant[:, 1] = 99
    figures = prior_looks.worth(reader, of.true, of)
    assert figures["cosine"] == pytest.approx(1)
    assert figures["top1"] == 1
    assert figures["colour"] == figures["everything"] == 0


def test_a_priors_embedding_does_not_depend_on_its_batch(trainings: Path) -> None:
    model, _ = prior_looks.load_prior(trainings / "prior")
    clip = load_clip(trainings / "clip")
    texts = ["a red circle", "a large blue star", "a green square on a white background"]
    made = prior_looks.sample(model, clip, texts, seed=7, steps=3, scale=2.0)
    alone = prior_looks.sample(model, clip, texts[1:2], seed=8, steps=3, scale=2.0)
    torch.testing.assert_close(made.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(made[1:2], alone, rtol=0, atol=1e-4)


def test_latents_are_of_unit_deviation_and_can_be_looked_at(trainings: Path, exported: Path) -> None:
    vae = latent_task.load_vae(trainings / "vae")
    scenes, latents = latent_task.pool(vae, trainings / "vae")
    assert float(latents.std()) == pytest.approx(1, abs=0.15)
    linear = part_of(exported, "latent", "denoiser")["preview"]
    small = torch.nn.functional.avg_pool2d(render(scenes, 64), 4)
    shown = torch.einsum("oc,nchw->nohw", torch.tensor(linear["matrix"]), latents)
    shown = shown + torch.tensor(linear["bias"]).view(1, 3, 1, 1)
    assert float((shown - small).square().mean()) < float((small - small.mean((0, 2, 3), True)).square().mean())


@pytest.mark.parametrize("name", TRAINED)
def test_every_part_lies_where_model_json_says(name: str, exported: Path) -> None:
    described = json.loads((exported / name / "model.json").read_text())
    shipped = Path(export.MODELS)
    for facts in described["parts"].values():
        for key in ("folder", "tokenizer", "scheduler", "quantizer", "text_folder"):
            if key in facts:
                places = [(root / name / facts[key]).resolve() for root in (exported, shipped)]
                assert any(place.is_dir() for place in places), facts[key]
