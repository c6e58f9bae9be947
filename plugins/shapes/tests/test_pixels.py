"""Models derived from GLIDE: they begin as what they come from, learn from the first step, and are exported whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel, UNet2DModel
from graph_engine_shapes import (
    adm_task,
    checkpoint,
    edits,
    erasing,
    export,
    imagen_task,
    inpaint_task,
    judging,
    loop,
    networks,
    recipes,
    t5_text_task,
    tokenizer,
    unclip_task,
    upsampling_task,
)
from graph_engine_shapes.captions import parse, seeded
from graph_engine_shapes.derived import copy_matching
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import Scenes, random_scenes
from torch import Tensor

GIVEN = ("glide-text", "glide", "glide-upsampler", "clip", "imagen-text")
DERIVED = ("unclip-decoder", "glide-inpaint", "imagen", "imagen-upsampler", "second-upsampler", "adm")


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the trainings that the derived ones build on, at their very start."""
    folder = tmp_path_factory.mktemp("trainings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imagen_task, "FITTED_CAPTIONS", 200)
        patch.setattr(unclip_task, "FITTED_SCENES", 200)
        for name in (*GIVEN, *DERIVED):
            task = recipes.task_of(name, lambda needed: folder / needed)
            checkpoint.save(loop.start(task, folder / name), folder / name)
        yield folder


def task_of(name: str, trainings: Path) -> loop.Task:
    task = recipes.task_of(name, lambda needed: trainings / needed)
    task.batch = 3
    return task


def averaged(name: str, trainings: Path) -> dict[str, Tensor]:
    return checkpoint.averaged(trainings / name)[0]


def base(trainings: Path) -> UNet2DConditionModel:
    net = networks.base_unet()
    net.load_state_dict(averaged("glide", trainings))
    return net.eval()


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("name", DERIVED)
def test_every_weight_learns_from_the_first_step(name: str, trainings: Path) -> None:
    task = task_of(name, trainings)
    state = loop.start(task, trainings / name)
    loss = task.loss(state.model, 0, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss)
    for weight, parameter in state.model.named_parameters():
        assert parameter.grad is not None, weight
        assert torch.isfinite(parameter.grad).all(), weight


@torch.no_grad()
def test_inpainting_begins_as_the_base_whatever_is_known(trainings: Path) -> None:
    net = networks.inpaint_unet()
    net.load_state_dict(averaged("glide-inpaint", trainings))
    x, states, pooled = drawn(2, 12, 16, 16), drawn(2, 24, 128), drawn(2, 256)
    more = torch.cat([x, drawn(2, 16, 16, 16)], dim=1)
    expected = base(trainings)(x, 300, states, class_labels=pooled).sample
    torch.testing.assert_close(net.eval()(more, 300, states, class_labels=pooled).sample, expected)


@torch.no_grad()
def test_the_decoder_without_embedding_begins_as_the_base_that_reads_more_of_the_empty_caption(trainings: Path) -> None:
    net = networks.unclip_unet()
    net.load_state_dict(averaged("unclip-decoder", trainings))
    x, states, pooled = drawn(2, 12, 16, 16), drawn(2, 24, 128), drawn(2, 256)
    text = inpaint_task.InpaintTask(trainings / "glide-text").text
    end = text(input_ids=tokenizer.encode([""])).last_hidden_state[:, -1:]
    read = torch.cat([end.expand(2, 10, -1), states], dim=1)
    expected = base(trainings)(x, 300, read, class_labels=pooled).sample
    nothing = {"image_embeds": torch.zeros(2, 128)}
    found = net.eval()(x, 300, states, class_labels=pooled, added_cond_kwargs=nothing).sample
    torch.testing.assert_close(found, expected)


@torch.no_grad()
def test_adm_begins_as_the_base_told_the_name_of_the_class_and_no_tokens(trainings: Path) -> None:
    net = networks.adm_unet(len(adm_task.CLASSES))
    net.load_state_dict(averaged("adm", trainings))
    text = inpaint_task.InpaintTask(trainings / "glide-text").text
    x, labels = drawn(2, 12, 16, 16), torch.tensor([5, adm_task.NULL_CLASS])
    pooled = text(input_ids=tokenizer.encode([f"a {adm_task.CLASSES[5]}", ""])).text_embeds
    expected = base(trainings)(x, 300, torch.zeros(2, 0, 128), class_labels=pooled).sample
    torch.testing.assert_close(net.eval()(x, 300, class_labels=labels).sample, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_second_upsampler_begins_as_the_first_at_twice_the_size(trainings: Path) -> None:
    weights = averaged("glide-upsampler", trainings)
    small = networks.textless_unet(64, 4, networks.UPSAMPLER_CHANNELS, images=2)
    large = networks.textless_unet(128, 8, networks.UPSAMPLER_CHANNELS, images=2)
    assert copy_matching(small, weights) == []
    assert copy_matching(large, upsampling_task.at_twice_the_size(weights)) == []
    pictures = drawn(2, 6, 64, 64)
    twice = pictures.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    def through(net: UNet2DModel, r: int, shown: Tensor) -> Tensor:
        folded = torch.cat([torch.pixel_unshuffle(part, r) for part in shown.chunk(2, dim=1)], dim=1)
        return torch.pixel_shuffle(net.eval()(folded, 300).sample, r)

    expected = through(small, 4, pictures).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(through(large, 8, twice), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_imagens_upsampler_is_not_yet_told_of_noise(trainings: Path) -> None:
    net = networks.imagen_upsampler_unet()
    net.load_state_dict(averaged("imagen-upsampler", trainings))
    x, states = drawn(2, 96, 16, 16), drawn(2, 24, 128)
    found = [net.eval()(x, 300, states, class_labels=torch.full((2,), level)).sample for level in (0, 900)]
    torch.testing.assert_close(*found)


def test_an_affine_map_is_found_again() -> None:
    x, weight, bias = drawn(400, 8), drawn(3, 8), drawn(3)
    found = imagen_task.affine(x, x @ weight.T + bias, ridge=1e-9)
    torch.testing.assert_close(found, (weight, bias), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_t5_is_projected_to_nearly_what_glide_read(trainings: Path) -> None:
    net = networks.imagen_unet()
    net.load_state_dict(averaged("imagen", trainings))
    captions = ["a small red ring on pink", "a blue star above a teal heart on a gray background"]
    tower = inpaint_task.InpaintTask(trainings / "glide-text").text(input_ids=tokenizer.encode(captions))
    states = t5_text_task.encode(t5_text_task.load_t5(trainings / "imagen-text"), captions)
    goal = tower.last_hidden_state
    error = (net.encoder_hid_proj(states) - goal).square().mean()
    assert error < 0.5 * (goal - goal.mean(dim=(0, 1))).square().mean()


def test_padding_is_not_attended_to_by_words() -> None:
    encoder = networks.t5_text_encoder().eval()
    short, padded = tokenizer.encode(["a red circle"])[:, :5], tokenizer.encode(["a red circle"])
    torch.testing.assert_close(t5_text_task.states(encoder, padded)[:, :5], t5_text_task.states(encoder, short))


def test_erasures_hide_objects_wholly_and_are_masks(scenes: Scenes) -> None:
    masks = erasing.random_masks(scenes, torch.Generator().manual_seed(0), 32)
    assert masks.shape == (len(scenes), 1, 32, 32)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    gone = erasing.hidden(scenes, masks).max(dim=1).values
    assert 0.6 < (gone > 0.99).float().mean() < 1


def test_a_caption_that_names_one_of_two_objects_names_the_erased_one(scenes: Scenes) -> None:
    masks = erasing.random_masks(scenes, torch.Generator().manual_seed(0), 32)
    gone = erasing.hidden(scenes, masks)
    alone = 0
    for i, caption in enumerate(inpaint_task.captions_of(scenes, masks, seeded(0))):
        named = parse(caption).objects
        if len(named) == 1 and scenes.count[i] == 2:
            k = int(gone[i].argmax())
            assert gone[i, k] > 0.99
            assert named[0].shape == judging.words.SHAPES[int(scenes.shape[i, k])]
            alone += 1
    assert alone > 5


@pytest.mark.parametrize("whole", [True, False])
def test_an_insertion_asks_for_an_object_in_an_empty_place(whole: bool) -> None:
    case = edits.insertions(12, seed=4, whole=whole)
    assert all(len(seen.objects) == 1 for seen in judging.see(case.pictures))
    hidden = judging.see(case.pictures * (1 - case.masks) + case.masks * _background(case.pictures))
    assert all(len(seen.objects) == 1 for seen in hidden)
    assert all(len(parse(prompt).objects) == 1 + whole for prompt in case.prompts)


def test_only_what_is_inside_the_mask_counts() -> None:
    case = edits.insertions(12, seed=4)
    scenes = random_scenes(12, torch.Generator().manual_seed(4), two=1.0, held="any")
    assert edits.inside(render(scenes), case) == 1
    assert edits.inside(case.pictures, case) == 0


def _background(pictures: Tensor) -> Tensor:
    return pictures[:, :, :1, :1]


def test_a_small_picture_is_noised_as_diffusers_does() -> None:
    schedule = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    low, noise, level = drawn(2, 3, 8, 8), drawn(2, 3, 16, 16), torch.tensor([100, 700])
    large = torch.nn.functional.interpolate(low, scale_factor=2, mode="bilinear")
    found = upsampling_task.augmented(low, 16, networks.scheduler().alphas_cumprod[level], noise)
    torch.testing.assert_close(found, schedule.add_noise(large, noise, level))


@pytest.mark.parametrize("name", ["glide-inpaint", "unclip", "imagen", "adm"])
def test_an_exported_model_loads_as_model_json_says(
    name: str, trainings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_ENGINE_TRAINING", str(trainings))
    recipes.found(export.EXPORTS[name])(tmp_path / name)
    parts = json.loads((tmp_path / name / "model.json").read_text())["parts"]
    kinds = {"UNet2DConditionModel": UNet2DConditionModel, "UNet2DModel": UNet2DModel}
    own = {part: facts for part, facts in parts.items() if not facts["folder"].startswith("..")}
    for facts in own.values():
        if facts["class"] in kinds:
            net = kinds[facts["class"]].from_pretrained(tmp_path / name / facts["folder"])
            extra = {"low_resolution": 3, "inpaint": 4}
            channels = facts["channels"] + sum(extra.get(condition, 0) for condition in facts["conditions"])
            assert net.config.in_channels == channels * facts["pixel_unshuffle"] ** 2
            assert net.config.sample_size * facts["pixel_unshuffle"] == facts["size"]
    assert "denoiser" in own
    shared = {facts["folder"].split("/")[1] for facts in parts.values() if facts["folder"].startswith("..")}
    assert shared <= {"glide", "unclip"}
