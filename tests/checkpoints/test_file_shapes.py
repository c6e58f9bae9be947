"""Files of one piece as they are passed on: with all towers or without some, a part alone, in float8."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from graph_nodes.autoencoding import decode
from graph_nodes.checkpoints.headers import Header, TensorInfo
from graph_nodes.checkpoints.inspecting import describe
from graph_nodes.checkpoints.recognition import recognise
from graph_nodes.checkpoints.tiny.flow_files import flux_file_names
from graph_nodes.checkpoints.tiny.single_file import vae_names
from graph_nodes.errors import ModelRefused
from graph_nodes.models import Model, load_model
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file
from torch import Tensor

from graph_engine import Context, Folders

from .bench import PROMPT, Bench
from .stable_rows import sampled

Tensors = dict[str, Tensor]
PREFIX = "model.diffusion_model."


def opened(bench: Bench, folder: Path, family: str, tensors: Tensors) -> Model:
    """A file of these tensors with the configs of a tiny model beside it."""
    skipped = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(bench.path(family), folder / "file.configs", ignore=skipped, dirs_exist_ok=True)
    save_file({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, folder / "file.safetensors")
    return load_model(context_of(folder), "file.safetensors")


def context_of(folder: Path) -> Context:
    return Context(folders=Folders(model_roots=(folder,)))


def weights(folder: Path) -> Tensors:
    (file,) = folder.glob("*.safetensors")
    return load_file(file)


def one_piece(family: Path) -> Tensors:
    """A tiny Stable Diffusion in one file."""
    return load_file(family / "model.safetensors")


def comfy_flux(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Flux with everything, as ComfyUI writes it: one prefix for each part, the transformer and T5 in float8."""
    for name, tensor in flux_file_names(weights(folder / "transformer")):
        yield f"{PREFIX}{name}", tensor.to(torch.float8_e4m3fn)
    for name, tensor in vae_names(weights(folder / "vae")):
        yield name.replace("first_stage_model.", "vae."), tensor
    for name, tensor in weights(folder / "text_encoder").items():
        yield f"text_encoders.clip_l.transformer.text_model.{name.removeprefix('text_model.')}", tensor.half()
    yield "text_encoders.clip_l.transformer.text_projection.weight", torch.eye(32)
    yield "text_encoders.clip_l.logit_scale", torch.tensor(4.6)
    for name, tensor in weights(folder / "text_encoder_2").items():
        yield f"text_encoders.t5xxl.transformer.{name}", tensor.to(torch.float8_e4m3fn)
    yield "text_encoders.t5xxl.logit_scale", torch.tensor(4.6)


def test_flux_with_its_towers_and_its_autoencoder_in_one_file(bench: Bench, tmp_path: Path) -> None:
    model = opened(bench, tmp_path, "flux-dev", dict(comfy_flux(bench.path("flux-dev"))))
    context = context_of(tmp_path)
    own = weights(bench.path("flux-dev") / "text_encoder_2")
    t5 = module_of(context, model.text_encoder, folder="folder_2", component="T5EncoderModel")
    rounded = {name: tensor.to(torch.float8_e4m3fn).float() for name, tensor in own.items()}
    assert all(torch.equal(tensor, rounded[name]) for name, tensor in t5.state_dict().items() if name in rounded)
    text = encode_text(context, model.text_encoder, PROMPT)
    assert torch.allclose(
        text.tokens, encode_text(bench.context, bench.model("flux-dev").text_encoder, PROMPT).tokens, atol=0.5
    )
    own_bench = Bench(tmp_path)
    picture = decode(context, sampled(own_bench, model, scale=1), model.vae)
    assert picture.pixels.isfinite().all()
    counted = {part.name: part.parameters for part in describe("file", tmp_path / "file.safetensors").parts}
    assert counted["denoiser"] == sum(
        tensor.numel() for tensor in weights(bench.path("flux-dev") / "transformer").values()
    )
    assert counted["text_encoder"] > sum(tensor.numel() for tensor in own.values())


@pytest.mark.parametrize("family", ["sd3", "sd35"])
def test_stable_diffusion_3_with_its_clips_and_without_t5(bench: Bench, tmp_path: Path, family: str) -> None:
    """As sd3_medium_incl_clips.safetensors: what a folder makes whose index says that it has no T5."""
    file = one_piece(bench.path(f"{family}-file"))
    shutil.copytree(bench.path(f"{family}-file") / "model.configs", tmp_path / "file.configs")
    save_file({name: tensor for name, tensor in file.items() if ".t5xxl." not in name}, tmp_path / "file.safetensors")
    save_file(file, tmp_path / "whole.safetensors")
    shutil.copytree(tmp_path / "file.configs", tmp_path / "whole.configs")
    index = json.loads((tmp_path / "whole.configs" / "model_index.json").read_text())
    index |= {"text_encoder_3": [None, None], "tokenizer_3": [None, None]}
    (tmp_path / "whole.configs" / "model_index.json").write_text(json.dumps(index))
    context = context_of(tmp_path)
    texts = [
        encode_text(context, load_model(context, f"{name}.safetensors").text_encoder, PROMPT)
        for name in ("file", "whole")
    ]
    assert torch.equal(texts[0].tokens, texts[1].tokens)
    assert not texts[0].tokens[:, 77:].any(), "zeros are in the place of T5"


def test_a_unet_alone_without_the_prefix_and_under_the_names_of_diffusers(bench: Bench, tmp_path: Path) -> None:
    file = one_piece(bench.path("sd15-file"))
    own = weights(bench.path("sd15") / "unet")
    bare = {name.removeprefix(PREFIX): tensor for name, tensor in file.items() if name.startswith(PREFIX)}
    assert len(bare) == len(own)
    for number, tensors in enumerate((bare, own)):
        folder = tmp_path / str(number)
        folder.mkdir()
        model = opened(bench, folder, "sd15", tensors)
        assert model.vae is None
        assert model.text_encoder is None
        module = module_of(context_of(folder), model.denoiser)
        assert all(torch.equal(tensor, own[name]) for name, tensor in module.state_dict().items())
        (part,) = describe("file", folder / "file.safetensors").parts
        assert part.parameters == sum(tensor.numel() for tensor in own.values())


def test_an_autoencoder_alone_with_and_without_a_prefix(bench: Bench, tmp_path: Path) -> None:
    old = "first_stage_model."
    file = {name: tensor for name, tensor in one_piece(bench.path("sd15-file")).items() if name.startswith(old)}
    own = weights(bench.path("sd15") / "vae")
    for prefix in ("", old, "vae."):
        folder = tmp_path / (prefix or "bare")
        folder.mkdir()
        model = opened(bench, folder, "sd15", {prefix + name.removeprefix(old): it for name, it in file.items()})
        assert model.denoiser is None
        module = module_of(context_of(folder), model.vae)
        assert all(torch.equal(tensor, own[name]) for name, tensor in module.state_dict().items())
        (part,) = describe("file", folder / "file.safetensors").parts
        assert part.parameters == sum(tensor.numel() for tensor in own.values())


def test_weights_of_training_beside_those_that_draw_are_left_aside(bench: Bench, tmp_path: Path) -> None:
    """As v1-5-pruned.safetensors: an average beside each weight, numbers of the trainer, places of tokens."""
    file = one_piece(bench.path("sd15-file"))
    averages = {
        f"model_ema.{name.removeprefix('model.').replace('.', '')}": torch.zeros_like(tensor)
        for name, tensor in file.items()
        if name.startswith(PREFIX)
    }
    rest = {
        "model_ema.decay": torch.tensor(0.9999),
        "model_ema.num_updates": torch.tensor(1, dtype=torch.int32),
        "alphas_cumprod": torch.rand(1000),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)[None],
        "first_stage_model.loss.logvar": torch.tensor(0.0),
    }
    model = opened(bench, tmp_path, "sd15", file | averages | rest)
    made = sampled(Bench(tmp_path), model)
    assert torch.equal(made.samples, sampled(bench, bench.model("sd15")).samples)
    parts = describe("file", tmp_path / "file.safetensors").parts
    assert sum(part.parameters for part in parts) < sum(it.numel() for it in (*file.values(), *averages.values()))


TO_K = "transformer_blocks.0.attn2.to_k.weight"
UNETS = {
    "sd2-inpaint": {"input_blocks.0.0.weight": (320, 9, 3, 3), f"input_blocks.1.1.{TO_K}": (320, 1024)},
    "sd-x4-upscaler": {"input_blocks.0.0.weight": (256, 7, 3, 3), f"input_blocks.4.1.{TO_K}": (512, 1024)},
    "sdxl": {"input_blocks.0.0.weight": (320, 4, 3, 3), f"input_blocks.4.1.{TO_K}": (640, 2048)},
    "sdxl-inpaint": {"input_blocks.0.0.weight": (320, 9, 3, 3), f"input_blocks.4.1.{TO_K}": (640, 2048)},
    "sdxl-refiner": {"input_blocks.0.0.weight": (384, 4, 3, 3), f"input_blocks.4.1.{TO_K}": (768, 1280)},
}


@pytest.mark.parametrize("name", UNETS)
def test_a_unet_alone_is_known_with_and_without_its_prefix(name: str) -> None:
    for prefix in ("", PREFIX):
        shapes = {prefix + key: TensorInfo("F16", shape) for key, shape in UNETS[name].items()}
        assert recognise(Path("x.safetensors"), Header(shapes, {}, 0)) == name


def test_a_file_that_was_trained_on_other_noise_is_not_drawn_as_if_it_were_not() -> None:
    for mark in ("v_pred", "edm_vpred.sigma_max", "edm_mean"):
        shapes = {PREFIX + key: TensorInfo("F16", shape) for key, shape in UNETS["sdxl"].items()}
        header = Header(shapes | {mark: TensorInfo("F32", (0,))}, {}, 0)
        with pytest.raises(ModelRefused, match=f"says by its {mark} .* put configs in x.configs beside it"):
            recognise(Path("x.safetensors"), header)


def test_a_folder_whose_unet_reads_other_channels_is_refused(bench: Bench, tmp_path: Path) -> None:
    """As those of InstructPix2Pix and of Stable Diffusion 2 for depth."""
    for family, channels in (("sd15", 8), ("sd21", 5), ("sdxl", 8)):
        folder = tmp_path / family
        shutil.copytree(bench.path(family), folder)
        config = folder / "unet" / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": channels}))
        with pytest.raises(ModelRefused, match=f"its U-Net reads {channels} channels, .* known are 4, and 9"):
            describe(family, folder)


def test_siblings_that_read_other_channels_are_refused_by_what_they_are() -> None:
    """Depth and InstructPix2Pix, Flux Fill and Canny: published, and fed with what no node gives."""
    depth = {"input_blocks.0.0.weight": (320, 5, 3, 3), f"input_blocks.1.1.{TO_K}": (320, 1024)}
    fill = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (3072, 384)}
    for shapes, told in (
        (depth, "reads 5 channels and text of the width 1024"),
        (fill, "Flux that reads 384 channels"),
    ):
        header = Header({key: TensorInfo("F16", shape) for key, shape in shapes.items()}, {}, 0)
        with pytest.raises(ModelRefused, match=told):
            recognise(Path("x.safetensors"), header)


COMPANIONS = {
    "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": "is a LoRA",
    "transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight": "is a LoRA",
    "unet.up_blocks.1.attentions.0.processor.to_q_lora.up.weight": "is a LoRA",
    "lycoris_unet.down_blocks_0.hada_w1_a": "is a LoRA",
    "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": "is a ControlNet",
    "controlnet_cond_embedding.conv_in.weight": "is a ControlNet",
    "ip_adapter.1.to_k_ip.weight": "is an IP-Adapter",
    "down_blocks.0.motion_modules.0.temporal_transformer.norm.weight": "is a motion module",
    "emb_params": "is a textual inversion",
    "text_model.encoder.layers.0.mlp.fc1.weight": "is CLIP's text encoder alone",
    "encoder.block.0.layer.0.SelfAttention.q.weight": "is T5's text encoder alone",
}


@pytest.mark.parametrize("tensor", COMPANIONS)
def test_what_is_published_beside_models_is_told_by_what_it_is(tensor: str) -> None:
    beside = {key: TensorInfo("F16", shape) for key, shape in UNETS["sdxl"].items()}
    header = Header(beside | {tensor: TensorInfo("F16", (4, 4))}, {}, 0)
    with pytest.raises(ModelRefused, match=f"x.safetensors {COMPANIONS[tensor]}.* nothing here can use it yet"):
        recognise(Path("x.safetensors"), header)
    whole = {PREFIX + key: info for key, info in beside.items()} | header.tensors
    assert recognise(Path("x.safetensors"), Header(whole, {}, 0)) == "sdxl"
