"""GLIDE's files: the text tower's tensors at full size, its numbers, its vocabulary, and what does not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from graph_nodes.binding import inpaint_condition, low_resolution
from graph_nodes.checkpoints.glide import FAST27, TOWER, convert_text, glide, published_schedule, published_text
from graph_nodes.checkpoints.headers import Header, TensorInfo
from graph_nodes.checkpoints.layout import read_layout
from graph_nodes.checkpoints.openai import GLIDE
from graph_nodes.checkpoints.single_file import CONFIGS, configs_of
from graph_nodes.checkpoints.tiny.glide import TEXT
from graph_nodes.checkpoints.tiny.openai import published
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.memory_options import keep_in_host
from graph_nodes.models import load_model
from graph_nodes.science import networks
from graph_nodes.science.glide_text import GlideTextTower
from graph_nodes.science.schedules import is_ancestral, make_scheduler
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file

from graph_engine import Context, Folders, WarmStore

from .bench import Bench, picture, right_half
from .glide_loop import fast27, space
from .glide_tower import read_text

MILLIONS = {"glide-base": 385.0, "glide-upsample": 398.4}
"""Of the published files, both networks together."""


def test_every_tensor_of_the_published_tower_has_its_place_and_its_shape() -> None:
    with torch.device("meta"):
        file = {name: torch.empty(shape) for name, shape in published_text(TOWER)}
        tower = GlideTextTower.from_config(TOWER.config())
    wanted = {name: tuple(tensor.shape) for name, tensor in tower.state_dict().items()}
    assert {name: tuple(tensor.shape) for name, tensor in convert_text(TOWER.heads, file).items()} == wanted
    assert round(sum(tensor.numel() for tensor in file.values()) / 1e6, 1) == 76.7


@pytest.mark.parametrize("name", GLIDE)
def test_a_published_file_is_known_by_its_tensors_and_described_whole(name: str, tmp_path: Path) -> None:
    shapes = dict((*published(GLIDE[name]), *published_text(TOWER)))
    header = Header({key: TensorInfo("F32", shape) for key, shape in shapes.items()}, {}, 0)
    assert configs_of(tmp_path / "x.safetensors", header) == CONFIGS / name
    if name in MILLIONS:
        assert round(header.parameters / 1e6, 1) == MILLIONS[name]


def test_the_tower_computes_what_the_published_one_does() -> None:
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=generator) * 0.3 for name, shape in published_text(TEXT)}
    tower = GlideTextTower.from_config(TEXT.config()).eval()
    tower.load_state_dict(convert_text(TEXT.heads, tensors))
    tokens = [5, 9, 200]
    ids = torch.tensor([[*tokens, *[256] * (TEXT.length - 3)]])
    with torch.no_grad():
        states, pooled = tower(ids, (torch.arange(TEXT.length) < 3)[None])
    wanted, wanted_pooled = read_text(tensors, tokens, TEXT.heads)
    assert float(wanted.std()) > 0.1
    torch.testing.assert_close(states, wanted, rtol=0, atol=2e-5)
    torch.testing.assert_close(pooled, wanted_pooled, rtol=0, atol=2e-5)


def test_a_tensor_of_another_transformer_is_named() -> None:
    with pytest.raises(KeyError, match=r"'transformer.resblocks.0.other.weight' is no tensor of GLIDE"):
        convert_text(8, {"transformer.resblocks.0.other.weight": torch.zeros(1)})


def test_a_file_that_lacks_a_tensor_of_its_tower_is_refused_by_its_header(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("glide"), tmp_path / "glide")
    path = tmp_path / "glide" / "base.safetensors"
    tensors = load_file(path)
    del tensors["transformer_proj.bias"]
    save_file(tensors, path)
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    with pytest.raises(ModelRefused, match=r"base.safetensors lacks 1 of the .* of its text_encoder, such as transfo"):
        load_model(context, "glide/base.safetensors")


def test_an_offloaded_tower_computes_the_same(bench: Bench) -> None:
    bench.path("glide")
    own = Context(folders=bench.context.folders, warm=WarmStore())
    encoder = load_model(own, "glide/base.safetensors").text_encoder
    wanted = encode_text(bench.context, encoder, "a cat")
    keep_in_host(module_of(own, encoder), "cpu")
    made = encode_text(own, encoder, "a cat")
    assert torch.equal(made.tokens, wanted.tokens)
    assert torch.equal(made.pooled, wanted.pooled)


def test_text_of_the_base_is_refused_by_the_upsampler(bench: Bench) -> None:
    bench.path("glide")
    base, second = (load_model(bench.context, f"glide/{name}.safetensors") for name in ("base", "upsample"))
    text = encode_text(bench.context, base.text_encoder, "a cat")
    told = low_resolution(second.upsampler, picture(16, 16))
    with pytest.raises(Misfit, match="glide-32"):
        denoise(bench.context, told, text, steps=1, scheduler="published")


@pytest.fixture
def copied(bench: Bench, tmp_path: Path) -> Context:
    """A model folder with a base that brings no vocabulary."""
    shutil.copytree(bench.path("glide"), tmp_path / "glide")
    (tmp_path / "glide" / "base.configs" / "tokenizer" / "vocab.json").unlink()
    return Context(folders=Folders(model_roots=(tmp_path,)))


def test_a_missing_vocabulary_is_asked_for_by_its_name_and_found_in_the_model_folder(
    bench: Bench, copied: Context, tmp_path: Path
) -> None:
    encoder = load_model(copied, "glide/base.safetensors").text_encoder
    with pytest.raises(ModelRefused, match=r"copy vocab.json and merges.txt of GPT-2 to .*tokenizers/gpt2"):
        encode_text(copied, encoder, "a cat")
    (tmp_path / "tokenizers" / "gpt2").mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(bench.path("glide") / "base.configs" / "tokenizer" / name, tmp_path / "tokenizers" / "gpt2")
    again = load_model(copied, "glide/base.safetensors").text_encoder
    assert again.revision != encoder.revision  # other words, other results
    made = encode_text(copied, again, "a cat")
    wanted = load_model(bench.context, "glide/base.safetensors").text_encoder
    assert torch.equal(made.tokens, encode_text(bench.context, wanted, "a cat").tokens)


def test_what_the_tower_does_not_know_is_refused(bench: Bench) -> None:
    bench.path("glide")
    encoder = load_model(bench.context, "glide/base.safetensors").text_encoder
    with pytest.raises(Misfit, match="neither weights nor clip_skip"):
        encode_text(bench.context, encoder, "a (red:1.2) cat", weights=True)


@pytest.mark.parametrize(
    ("name", "part", "conditions"),
    [
        ("glide-base", "denoiser", ["text"]),
        ("glide-inpaint", "denoiser", ["text", "inpaint"]),
        ("glide-upsample", "upsampler", ["text", "low_resolution"]),
        ("glide-upsample-inpaint", "upsampler", ["text", "low_resolution", "inpaint"]),
    ],
)
def test_each_of_the_four_is_told_what_it_was_trained_with(name: str, part: str, conditions: list[str]) -> None:
    parts = glide(read_layout(name, CONFIGS / name))
    assert parts.keys() == {"text_encoder", part}
    assert parts[part]["conditions"] == conditions
    assert parts[part]["text_space"] == parts["text_encoder"]["text_space"]


def test_what_stands_beside_the_picture_follows_in_the_original_order() -> None:
    """[x, picture times mask, mask, small picture], as SuperResInpaintText2ImUnet concatenates them."""
    seen: list[torch.Tensor] = []

    def network(x: torch.Tensor, t: torch.Tensor, **_: object) -> list[torch.Tensor]:
        seen.append(x)
        return [x]

    facts = glide(read_layout("g", CONFIGS / "glide-upsample-inpaint"))["upsampler"]
    told = {"low_resolution": 4.0, "masked_image": 2.0, "known": 3.0}
    unet = networks.unet(network, beside=facts["beside"], dtype=torch.float32)
    unet(
        torch.ones(1, 1, 2, 2), torch.tensor(1), {name: torch.full((1, 1, 2, 2), value) for name, value in told.items()}
    )
    assert seen[0][0, :, 0, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_vocabulary_of_another_model_is_told_by_its_size(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("glide"), tmp_path / "glide")
    words = tmp_path / "glide" / "base.configs" / "tokenizer" / "vocab.json"
    given = json.loads(words.read_text(encoding="utf-8"))
    words.write_text(json.dumps({word: number + 1000 for word, number in given.items()}), encoding="utf-8")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    encoder = load_model(context, "glide/base.safetensors").text_encoder
    with pytest.raises(ModelRefused, match="knows 257 tokens, but its vocabulary has token 1"):
        encode_text(context, encoder, "a cat")


@pytest.mark.parametrize("name", GLIDE)
def test_the_shipped_schedule_is_the_one_that_openai_samples_with(name: str) -> None:
    path = CONFIGS / name / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_bytes())
    assert config == published_schedule(GLIDE[name])
    ours = make_scheduler("published", config, 27)
    enlarges = "upsample" in name
    assert ours.timesteps.tolist() == sorted(fast27() if enlarges else space([27]), reverse=True)
    assert make_scheduler("published", config, 100).timesteps.tolist() == sorted(space([100]), reverse=True)
    assert ours.init_noise_sigma == (0.997 if enlarges else 1.0)
    assert is_ancestral(ours) is (name != "glide-upsample")


def test_only_the_published_scheduler_takes_the_published_timesteps() -> None:
    config = published_schedule(GLIDE["glide-upsample"])
    for name in ("ddim", "ddpm", "dpm++", "euler"):
        scheduler = make_scheduler(name, config, 27)
        assert scheduler.timesteps.tolist() != list(FAST27)
        assert scheduler.init_noise_sigma != 0.997


def test_a_published_spacing_wants_a_scheduler_that_can_follow_it() -> None:
    config = {**published_schedule(GLIDE["glide-upsample"]), "_class_name": "PNDMScheduler"}
    with pytest.raises(ValueError, match="go with DDIMScheduler or DDPMScheduler, not with PNDMScheduler"):
        make_scheduler("published", config, 27)


@pytest.mark.parametrize("timesteps", [[0, 500], [1000, 0], [500, 500, 0], [10, -1], [10.5, 0]])
def test_a_published_spacing_that_is_none_is_refused(timesteps: list[int]) -> None:
    config = {**published_schedule(GLIDE["glide-upsample"]), "spaced_timesteps": timesteps}
    with pytest.raises(ValueError, match=r"must fall, from below 1000 to 0 or more, found \["):
        make_scheduler("published", config, 27)


def test_eta_gives_the_spaced_ddim_its_noise(bench: Bench) -> None:
    """With eta 1 DDIM is ancestral sampling with the smaller of the fixed variances (Song et al. 2020, eq. 16)."""
    from diffusers import DDPMScheduler

    config = published_schedule(GLIDE["glide-upsample"])
    ours = make_scheduler("published", config, 27)
    known = {key: value for key, value in config.items() if key in ("beta_start", "beta_end", "beta_schedule")}
    theirs = DDPMScheduler(**known, variance_type="fixed_small", clip_sample=True)
    theirs.set_timesteps(timesteps=list(FAST27))
    draws = [[torch.Generator().manual_seed(1)] for _ in range(2)]
    x, output = (torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(k)) for k in (2, 3))
    for t in ours.timesteps[:-1]:
        made = ours.step(output, t, x, eta=1.0, generator=draws[0])[0]
        torch.testing.assert_close(made, theirs.step(output, t, x, generator=draws[1]).prev_sample, rtol=0, atol=2e-5)


@pytest.mark.parametrize("scheduler", ["published", "ddim"])
def test_an_inpainting_model_keeps_what_it_is_shown(bench: Bench, scheduler: str) -> None:
    bench.path("glide")
    model = load_model(bench.context, "glide/base_inpaint.safetensors")
    text = encode_text(bench.context, model.text_encoder, "a cat")
    cat = picture(64, 64)
    shown = inpaint_condition(model.denoiser, cat, right_half(64, 64))
    made = denoise(bench.context, shown, text, steps=4, scheduler=scheduler).samples
    wanted = cat.pixels * 2 - 1
    torch.testing.assert_close(made[..., :32], wanted[..., :32], rtol=0, atol=1e-3)
    assert float((made - wanted)[..., 32:].abs().mean()) > 0.1
