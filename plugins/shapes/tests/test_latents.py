"""Autoencoders and token models: they begin as what they come from, learn, write, and are exported whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import VQModel
from graph_engine_shapes import (
    alignment,
    checkpoint,
    export_tokens,
    loop,
    networks,
    recipes,
    t5_text_task,
    token_looks,
    token_task,
    tokenizer,
)
from graph_engine_shapes.autoencoder_task import VqTask
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import random_scenes
from torch import Tensor
from transformers import GPT2LMHeadModel

GIVEN = ("glide-text", "imagen-text", "vae", "vq", "dalle", "parti")
PROMPTS = ["a red circle above a blue star on a white background", "a large green ring"]


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trainings of this file, and those that they build on, at their very start."""
    folder = tmp_path_factory.mktemp("trainings")
    for name in GIVEN:
        checkpoint.save(loop.start(task_of(name, folder), folder / name), folder / name)
    return folder


def task_of(name: str, trainings: Path) -> loop.Task:
    task = recipes.task_of(name, lambda needed: trainings / needed)
    task.batch = 3
    if isinstance(task, token_task.DalleTask):
        task.pool_size = 8
    return task


def pictures(n: int) -> Tensor:
    return render(random_scenes(n, torch.Generator().manual_seed(1), two=0.5), networks.BASE_SIZE) * 2 - 1


@pytest.mark.parametrize(("name", "step"), [("vae", 0), ("vq", 0), ("vq", 60), ("vq", 80), ("dalle", 0), ("parti", 0)])
def test_the_loss_is_finite_and_teaches(name: str, step: int, trainings: Path) -> None:
    task = task_of(name, trainings)
    model = task.build()
    loss = task.loss(model, step, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss)
    taught = [p.grad.abs().sum() for p in model.parameters() if p.grad is not None]
    assert taught
    assert all(torch.isfinite(gradient) for gradient in taught)
    assert sum(gradient > 0 for gradient in taught) > 0.6 * len(taught)  # what lies before a zero waits for it


def test_the_discrete_autoencoder_begins_as_the_continuous_one(trainings: Path) -> None:
    vae, vq, x = networks.vae(), VqTask(trainings / "vae").build(), pictures(3)
    vae.load_state_dict(checkpoint.averaged(trainings / "vae")[0])
    with torch.no_grad():
        latents = vae.encode(x).latent_dist.mean
        # The attention in the middle is new; its output starts at zero.
        torch.testing.assert_close(vq.encode(x).latents, latents, atol=1e-4, rtol=1e-4)
        made = vq.decoder(vq.post_quant_conv(latents))
        torch.testing.assert_close(made, vae.decode(latents).sample, atol=1e-4, rtol=1e-4)


def test_codes_move_to_the_mean_of_their_latents() -> None:
    task = VqTask(Path(), inertia=0.0)
    task.used = torch.ones(2)
    codes = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    latents = torch.tensor([[1.0, 0.0], [2.0, 1.0], [9.0, 4.0]])
    chosen = task._quantise(codes, latents, 61, torch.Generator())
    assert codes.tolist() == [[1.5, 0.5], [9.0, 4.0]]
    assert chosen.tolist() == [[1.5, 0.5], [1.5, 0.5], [9.0, 4.0]]


def test_codes_that_nobody_uses_are_put_where_latents_are() -> None:
    task = VqTask(Path())
    task.used = torch.tensor([1.0, 0.1])
    codes, latents = torch.zeros(2, 2), torch.full((1, 2), 5.0)
    task._quantise(codes, latents, 80, torch.Generator())
    assert codes[1].tolist() == [5.0, 5.0]


def test_tokens_become_the_picture_that_the_autoencoder_makes(trainings: Path) -> None:
    vq, _ = token_task.load_vq(trainings / "vq")
    x = pictures(4)
    ids = token_task.tokens_of(vq, x)
    assert ids.shape == (4, 64)
    with torch.no_grad():
        torch.testing.assert_close(token_task.pictures_of(vq, ids), vq(x).sample, atol=1e-5, rtol=1e-5)


def test_the_pool_is_made_once_and_is_of_its_scenes(trainings: Path) -> None:
    scenes, ids = token_task.pool(trainings / "vq", 8)
    again = token_task.pool(trainings / "vq", 8)[1]
    vq, _ = token_task.load_vq(trainings / "vq")
    assert torch.equal(ids, again)
    assert torch.equal(ids, token_task.tokens_of(vq, render(scenes, networks.BASE_SIZE) * 2 - 1))


def test_dalle_begins_to_read_as_the_text_tower(trainings: Path) -> None:
    net = task_of("dalle", trainings).build().eval()
    tower = load_text(trainings / "glide-text")
    ids = tokenizer.encode(PROMPTS)
    with torch.no_grad():
        theirs = tower(input_ids=ids, output_hidden_states=True).hidden_states
        ours = net(input_ids=ids + token_task.TEXT_OFFSET, output_hidden_states=True).hidden_states
    for depth in range(len(tower.text_model.encoder.layers)):
        torch.testing.assert_close(ours[depth], theirs[depth], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_parti_begins_with_keys_and_values_of_the_caption_where_a_linear_map_gives_them(trainings: Path) -> None:
    dalle, _ = token_task.load_dalle(trainings / "dalle")
    net = networks.parti_decoder()
    text = tokenizer.encode(alignment.fresh_prompts(40, two=True, seed=1))
    image = torch.randint(networks.CODES, (40, 64), generator=torch.Generator().manual_seed(0))
    first = dalle.transformer.h[0]
    states = first.ln_1(dalle(input_ids=text + token_task.TEXT_OFFSET, output_hidden_states=True).hidden_states[0])
    token_task.read_as(net, dalle, states, text, image)
    cross = net.transformer.h[0].crossattention
    theirs = first.attn.c_attn(states)
    found = torch.cat([cross.q_attn(states), cross.c_attn(states)], dim=-1)
    assert (found - theirs).abs().mean() < 0.02 * theirs.abs().mean()
    for block, its in zip(net.transformer.h, dalle.transformer.h, strict=True):
        both = block.attn.c_proj.weight + block.crossattention.c_proj.weight
        torch.testing.assert_close(both, its.attn.c_proj.weight)


@pytest.mark.parametrize("name", ["dalle", "parti"])
def test_guidance_and_cache_write_what_the_whole_sequence_says(name: str, trainings: Path) -> None:
    """Greedy tokens with the cache are those of the logits that one pass over the whole sequence gives."""
    load = {"dalle": token_looks.load_dalle, "parti": token_looks.load_parti}[name]
    t5 = t5_text_task.load_t5(trainings / "imagen-text")
    begin = token_looks.dalle_begin if name == "dalle" else token_looks.parti_begin(t5)
    net, _ = load(trainings / name)
    ids = token_looks.write(net, begin, PROMPTS, seed=0, scale=3.0, top_p=1e-9)
    given = begin(["", "", *PROMPTS])
    given["input_ids"] = torch.cat([given["input_ids"], ids.repeat(2, 1)[:, :-1]], dim=1)
    with torch.no_grad():
        without, conditional = net(**given).logits[:, -64:, : networks.CODES].double().chunk(2)
    guided = without + 3.0 * (conditional - without)
    best = guided.gather(2, ids[..., None])[..., 0]
    assert (guided.max(dim=2).values - best).max() < 1e-4


def test_the_best_is_the_one_that_clip_finds_closest(trainings: Path) -> None:
    clip = networks.clip().eval()
    candidates = torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kept = token_looks.best_of(clip, PROMPTS, candidates)
    with torch.no_grad():
        text = clip.get_text_features(input_ids=tokenizer.encode(PROMPTS)).pooler_output
        for k in range(2):
            image = clip.get_image_features(pixel_values=candidates[k] * 2 - 1).pooler_output
            best = torch.cosine_similarity(image, text[k : k + 1]).argmax()
            assert torch.equal(kept[k], candidates[k, best])


def test_exports_hold_what_model_json_says(trainings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_tokens, "folder_of", lambda name: trainings / name)
    monkeypatch.setenv("GRAPH_ENGINE_TRAINING", str(trainings))
    export_tokens.export_dalle(tmp_path / "dalle")
    export_tokens.export_parti(tmp_path / "parti")
    for name in ("dalle", "parti"):
        parts = json.loads((tmp_path / name / "model.json").read_text())["parts"]
        part = parts["token_model"]
        net = GPT2LMHeadModel.from_pretrained(tmp_path / name / part["folder"], dtype=torch.float32)
        assert net.config.vocab_size > part["vocabulary"] == networks.CODES
        wanted = dict(getattr(token_looks, f"load_{name}")(trainings / name)[0].named_parameters())
        assert all(torch.equal(p, wanted[key].half().float()) for key, p in net.named_parameters())
        vq = VQModel.from_pretrained(tmp_path / name / parts["image_tokenizer"]["folder"])
        assert vq.config.num_vq_embeddings == part["vocabulary"]
        assert vq.config.lookup_from_codebook
        assert part["codebook"] == parts["image_tokenizer"]["codebook"]
