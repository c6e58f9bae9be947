"""Opening published models: names, precisions, shards, single files, spare parts, and what a listing tells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from graph_nodes.autoencoding import decode, encode
from graph_nodes.binding import low_resolution, picture_size
from graph_nodes.checkpoints import stable
from graph_nodes.checkpoints.headers import BITS, Header, TensorInfo
from graph_nodes.checkpoints.inspecting import describe, find
from graph_nodes.checkpoints.single_file import CONFIGS, configs_of
from graph_nodes.checkpoints.tiny.families import TINY, make_tiny
from graph_nodes.checkpoints.weight_files import find_weights
from graph_nodes.clip import clip_score
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.model_files import fingerprint
from graph_nodes.models import load_model
from graph_nodes.tokens import decode_tokens, encode_tokens
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file

from graph_engine import Context, Folders

from .bench import Bench, generators, picture
from .stable_rows import latents_of, sampled


@pytest.mark.parametrize("family", TINY)
def test_every_family_tells_its_parts_from_headers_alone(bench: Bench, family: str) -> None:
    files = sorted(bench.path(family).glob("*.safetensors"))  # GLIDE has six, a folder in diffusers' layout none
    for path in files or [bench.path(family)]:
        facts = describe(family, path.parent if (path.parent / "config.json").exists() else path)
        assert facts.family
        assert all(part.parameters > 0 and part.bytes > 0 and part.dtype in BITS for part in facts.parts)
        assert {part.kind for part in facts.parts} & {"Denoiser", "Classifier", "TokenModel", "CLIP"}


def test_inspecting_reads_no_weights_and_imports_nothing_heavy(bench: Bench, tmp_path: Path) -> None:
    """With the weights' bytes cut out to holes of 40 GB it takes as long: nothing but headers is read."""
    folder = tmp_path / "models" / "sd"
    shutil.copytree(bench.path("sd15"), folder)
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    count = 10 * (1 << 30)
    header = json.dumps({"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}}).encode()
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 4 * count)
    begin = time.perf_counter()
    facts = describe("sd", folder)
    assert time.perf_counter() - begin < 0.2
    assert next(part for part in facts.parts if part.name == "denoiser").parameters == count
    code = (
        "import sys\nfrom graph_engine.cli.main import main\n"
        f"main(['models', 'inspect', 'sd', '--models', {str(folder.parent)!r}])\n"
        "assert not {'torch', 'diffusers', 'safetensors', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert "10.7B" in done.stdout


def test_models_are_found_below_a_folder_and_a_change_is_seen_at_once(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("sd15"), tmp_path / "sd" / "one")
    shutil.copytree(bench.path("sd15-file"), tmp_path / "files")
    assert list(find(tmp_path)) == ["files/model.safetensors", "sd/one"]
    shutil.copytree(bench.path("sd15") / "vae", tmp_path / "vae")
    assert list(find(tmp_path)) == ["files/model.safetensors", "sd/one", "vae"]
    shutil.rmtree(tmp_path / "sd")
    assert list(find(tmp_path)) == ["files/model.safetensors", "vae"]


def test_half_precision_beside_the_full_one_is_taken_where_it_is_alone(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "sd"
    shutil.copytree(bench.path("sd15"), folder)
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    half = {name: tensor.half() for name, tensor in load_file(whole).items()}
    save_file(half, folder / "unet" / "diffusion_pytorch_model.fp16.safetensors", {"format": "pt"})
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    assert find_weights(folder / "unet").variant == ""
    whole.unlink()
    assert find_weights(folder / "unet").variant == "fp16"
    context = Context(folders=Folders(model_roots=(tmp_path,)), dtype="float16")
    module = module_of(context, load_model(context, "sd").denoiser)
    assert module.dtype == torch.float16
    assert torch.equal(module.conv_in.weight, half["conv_in.weight"])
    assert describe("sd", folder).parts[1].dtype == "F16"


def test_shards_are_read_together_and_a_missing_one_is_named(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "sd"
    shutil.copytree(bench.path("sd15"), folder)
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(whole)
    names = sorted(tensors)
    files = [f"diffusion_pytorch_model-0000{k}-of-00002.safetensors" for k in (1, 2)]
    parts = (names[::2], names[1::2])
    for file, part in zip(files, parts, strict=True):
        save_file({name: tensors[name] for name in part}, folder / "unet" / file, {"format": "pt"})
    index = {name: file for file, part in zip(files, parts, strict=True) for name in part}
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )
    whole.unlink()
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    module = module_of(context, load_model(context, "sd").denoiser)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in module.state_dict().items())
    (folder / "unet" / files[1]).unlink()
    with pytest.raises(Exception, match=r"has no diffusion_pytorch_model-00002-of-00002\.safetensors, which its index"):
        load_model(context, "sd")


KEYS: dict[str, dict[str, tuple[int, ...]]] = {
    "sd15": {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    },
    "sd15-inpaint": {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 9, 3, 3),
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    },
    "sd21": {
        "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
    },
    "sdxl": {"conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias": (1280,)},
    "sdxl-refiner": {"conditioner.embedders.0.model.transformer.resblocks.9.mlp.c_proj.bias": (1280,)},
    "sd3-medium": {"model.diffusion_model.joint_blocks.0.context_block.adaLN_modulation.1.weight": (9216, 1536)},
    "flux-dev": {
        "double_blocks.0.img_attn.norm.key_norm.scale": (128,),
        "guidance_in.in_layer.weight": (3072, 256),
    },
    "flux-schnell": {"double_blocks.0.img_attn.norm.key_norm.scale": (128,)},
}


@pytest.mark.parametrize("family", KEYS)
def test_a_single_file_is_known_by_its_tensors(family: str, tmp_path: Path) -> None:
    tensors = {name: TensorInfo("F16", shape) for name, shape in KEYS[family].items()}
    assert configs_of(tmp_path / "x.safetensors", Header(tensors, {}, 0)) == CONFIGS / family


def test_a_note_beside_a_file_says_what_its_tensors_cannot(bench: Bench, tmp_path: Path) -> None:
    """Stable Diffusion 2 was published for noise and for velocities, under the same names and shapes."""
    header = Header({name: TensorInfo("F16", shape) for name, shape in KEYS["sd21"].items()}, {}, 0)
    file, note = tmp_path / "v2.safetensors", tmp_path / "v2.configs"
    found = [configs_of(file, header).name]
    for name in ("sd21-base", "sd21"):
        note.write_text(f"{name}\n")
        found.append(configs_of(file, header).name)
    assert found == ["sd21", "sd21-base", "sd21"]
    kinds = [json.loads((CONFIGS / name / "scheduler/scheduler_config.json").read_text()) for name in found[:2]]
    assert [kind["prediction_type"] for kind in kinds] == ["v_prediction", "epsilon"]
    shutil.copy(bench.path("sd21-file") / "model.safetensors", file)
    note.write_text("sd21-base")
    assert (
        load_model(Context(folders=Folders(model_roots=(tmp_path,))), "v2.safetensors").denoiser.facts[
            "prediction_type"
        ]
        == "epsilon"
    )
    for bad in ("../sd21", "sd99", ""):
        note.write_text(bad)
        with pytest.raises(Exception, match=r"v2\.configs names .*; wanted is one of adm-128, .*sd21-base"):
            configs_of(file, header)


PARAMETERS = {
    "sd15/unet": 859_520_964,
    "sd21/unet": 865_910_724,
    "sdxl/unet": 2_567_463_684,
    "sdxl-refiner/unet": 2_259_526_660,
    "sd3-medium/transformer": 2_028_328_000,
    "sd35-medium/transformer": 2_243_171_520,
    "sd35-large/transformer": 8_056_627_520,
    "flux-dev/transformer": 11_901_408_320,
    "flux-schnell/transformer": 11_891_178_560,
    "sd2-inpaint/unet": 865_925_124,
    "sdxl-inpaint/unet": 2_567_478_084,
    "sd-x4-upscaler/unet": 473_398_020,
    "sd-x4-upscaler/vae": 55_325_927,
    "sd15/vae": 83_653_863,
}
"""As their publishers' files have them."""


@pytest.mark.parametrize("part", PARAMETERS)
def test_the_configs_that_the_project_ships_are_those_of_the_published_models(part: str) -> None:
    import diffusers

    config = json.loads((CONFIGS / part / "config.json").read_text())
    with torch.device("meta"):
        module = getattr(diffusers, config["_class_name"]).from_config(config)
    assert sum(parameter.numel() for parameter in module.parameters()) == PARAMETERS[part]


def test_an_autoencoder_alone_is_swapped_in(bench: Bench, tmp_path: Path) -> None:
    make_tiny("sd15", tmp_path / "other", seed=9)
    shutil.copytree(tmp_path / "other" / "vae", tmp_path / "other-vae")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    latents = sampled(bench, bench.model("sd15"), steps=1)
    swapped = decode(context, latents, load_model(context, "other-vae").vae)
    assert torch.equal(swapped.pixels, decode(context, latents, load_model(context, "other").vae).pixels)
    assert not torch.equal(swapped.pixels, decode(bench.context, latents, bench.model("sd15").vae).pixels)


def test_the_second_stage_of_deepfloyd_does_without_the_t5_that_the_first_has(bench: Bench, tmp_path: Path) -> None:
    for family in ("if-1", "if-2"):
        shutil.copytree(bench.path(family), tmp_path / family)
        shutil.rmtree(tmp_path / family / "text_encoder")
    assert [part.name for part in describe("if-2", tmp_path / "if-2").parts] == ["upsampler"]
    with pytest.raises(ModelRefused, match="'if-1' has no folder 'text_encoder' for its T5EncoderModel"):
        describe("if-1", tmp_path / "if-1")


def test_configs_of_the_first_months_are_read_as_their_pipeline_reads_them(bench: Bench, tmp_path: Path) -> None:
    """Those of Stable Diffusion 1 before diffusers 0.9 lack settings whose defaults mean something else."""
    shutil.copytree(bench.path("sd15"), tmp_path / "sd")
    scheduler, unet = (tmp_path / "sd" / name for name in ("scheduler/scheduler_config.json", "unet/config.json"))
    old = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler.write_text(json.dumps({"_class_name": "DDIMScheduler", "_diffusers_version": "0.6.0", **old}))
    unet.write_text(json.dumps(json.loads(unet.read_text()) | {"_diffusers_version": "0.6.0"}))
    index = tmp_path / "sd" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"scheduler": ["diffusers", "DDIMScheduler"]}))
    own = Bench(tmp_path)
    pipeline = own.pipeline("StableDiffusionPipeline", "sd")
    model = load_model(own.context, "sd")
    assert model.denoiser.facts["size"] == pipeline.unet.config.sample_size == 64
    small = picture_size(model.denoiser, 64, 64)
    wanted = latents_of(pipeline, generator=generators(1), height=64, width=64)
    made = sampled(own, model, denoiser=small)
    assert torch.equal(made.samples, wanted)


def test_the_x4_upscaler_knows_its_scale_though_its_published_config_does_not(bench: Bench, tmp_path: Path) -> None:
    """Its pipeline sets 0.08333 whatever the config says; without that all colours would be pale."""
    shutil.copytree(bench.path("sd-x4-upscaler"), tmp_path / "x4")
    path = tmp_path / "x4" / "vae" / "config.json"
    config = json.loads(path.read_text())
    assert config.pop("scaling_factor") == 0.08333
    path.write_text(json.dumps(config))
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    models = [load_model(context, "x4"), bench.model("sd-x4-upscaler")]
    assert [model.vae.facts["space"] for model in models] == ["sd-x4", "sd-x4"]
    assert models[0].upsampler.facts["space"] == "sd-x4"
    both = list(zip((context, bench.context), models, strict=True))
    latents = [encode(where, picture(64, 64), model.vae) for where, model in both]
    assert torch.equal(latents[0].samples, latents[1].samples)
    pictures = [decode(where, latents[0], model.vae).pixels for where, model in both]
    assert torch.equal(pictures[0], pictures[1])


def test_a_clip_alone_judges_and_a_discrete_autoencoder_alone_writes_tokens(tmp_path: Path) -> None:
    from diffusers import VQModel
    from graph_nodes.checkpoints.tiny import text
    from transformers import CLIPConfig, CLIPModel

    vision = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4}
    vision |= {"image_size": 32, "patch_size": 8}
    text.clip_tokenizer(tmp_path / "clip")
    CLIPModel(CLIPConfig(text_config=text.clip_config(), vision_config=vision, projection_dim=32)).save_pretrained(
        tmp_path / "clip"
    )
    VQModel(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        vq_embed_dim=4,
        num_vq_embeddings=16,
        norm_num_groups=4,
        sample_size=32,
        lookup_from_codebook=True,
    ).save_pretrained(tmp_path / "vq")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    scores = clip_score(context, load_model(context, "clip").clip, picture(48, 32), "a cat")
    assert -1 <= scores.cosines[0] <= 1
    tokenizer = load_model(context, "vq").image_tokenizer
    tokens = encode_tokens(context, tokenizer, picture(32, 32))
    assert tokens.ids.shape == (1, 256)
    assert decode_tokens(context, tokenizer, tokens).pixels.shape == (1, 3, 32, 32)


def test_the_x2_upscaler_draws_by_other_schedulers_too(bench: Bench) -> None:
    """Its network is told of the noise itself: whichever scheduler asks, many steps lead to one picture."""
    model = bench.model("sd-x2-upscaler")
    denoiser = low_resolution(model.upsampler, sampled(bench, bench.model("sd15"), steps=1))
    options = {"denoiser": denoiser, "scale": 1.0, "steps": 100}
    wanted = sampled(bench, model, **options).samples
    for scheduler in ("ddim", "dpm++", "heun"):
        made = sampled(bench, model, scheduler=scheduler, **options).samples
        assert float((made - wanted).abs().mean()) < 0.05 * float(wanted.std()), scheduler


@pytest.mark.parametrize("family", ["sd15", "sdxl", "sd3"])
def test_picture_k_of_a_batch_is_the_picture_of_seed_plus_k(bench: Bench, family: str) -> None:
    model = bench.model(family)
    together = sampled(bench, model, count=3, seed=7).samples
    for k in range(3):
        alone = sampled(bench, model, seed=7 + k).samples
        # The noise is the same to the bit; products of matrices of another size are summed in another order.
        torch.testing.assert_close(together[k : k + 1], alone, rtol=0, atol=5e-5)


@pytest.mark.parametrize("family", ["sd15", "adm-file", "glide"])
def test_a_tiny_model_is_made_where_no_folder_for_models_is_yet(family: str, tmp_path: Path) -> None:
    make_tiny(family, tmp_path / "models" / "tiny" / family)
    assert [path.name for path in (tmp_path / "models" / "tiny").iterdir()] == [family]


def test_a_tiny_model_is_the_same_for_the_same_seed_and_an_unfinished_one_leaves_nothing(tmp_path: Path) -> None:
    make_tiny("sd15", tmp_path / "a")
    make_tiny("sd15", tmp_path / "b")
    make_tiny("sd15", tmp_path / "c", seed=1)
    weights = [(tmp_path / name / "unet/diffusion_pytorch_model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]
    with pytest.raises(OSError, match=r"not empty|exists"):
        make_tiny("sd15", tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_weights_keep_the_dtype_of_their_file_where_that_is_asked_for(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("sd15"), tmp_path / "sd")
    for file in (tmp_path / "sd").glob("*/*.safetensors"):
        save_file({name: tensor.bfloat16() for name, tensor in load_file(file).items()}, file, {"format": "pt"})
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    stored = load_model(context, "sd", dtype="stored")
    assert module_of(context, stored.denoiser).dtype == torch.bfloat16
    assert module_of(context, load_model(context, "sd").denoiser).dtype == torch.float32
    assert module_of(context, load_model(context, "sd", dtype="float16").denoiser).dtype == torch.float16
    own = Bench(tmp_path)
    half = sampled(own, load_model(own.context, "sd", dtype="stored"))
    full = sampled(own, load_model(own.context, "sd"))
    assert half.samples.dtype == torch.float32
    assert 0 < float((half.samples - full.samples).abs().max()) < 1


def test_slices_leave_the_picture_as_it_is(bench: Bench) -> None:
    bench.path("sd15")
    sliced = load_model(bench.context, "sd15", slices=True)
    made = sampled(bench, sliced)
    torch.testing.assert_close(made.samples, sampled(bench, bench.model("sd15")).samples, rtol=0, atol=1e-3)
    assert module_of(bench.context, sliced.vae).use_tiling
    assert not module_of(bench.context, bench.model("sd15").vae).use_tiling


def test_what_cannot_be_sliced_is_left_whole(bench: Bench) -> None:
    """A VQModel has no tiles: neither that of codes nor Kandinsky's MoVQ."""
    for family in ("dalle", "kandinsky"):
        bench.path(family)
        whole, sliced = (load_model(bench.context, family, slices=slices) for slices in (False, True))
        if whole.image_tokenizer:
            codes = encode_tokens(bench.context, whole.image_tokenizer, picture(32, 32))
            made = [decode_tokens(bench.context, model.image_tokenizer, codes) for model in (sliced, whole)]
        else:
            latents = encode(bench.context, picture(64, 64), whole.vae)
            made = [decode(bench.context, latents, model.vae) for model in (sliced, whole)]
        assert torch.equal(made[0].pixels, made[1].pixels)


def test_the_denoiser_alone_is_compiled_and_not_together_with_offloading(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(torch, "compile", lambda module: compiled.append(module) or module)
    bench.path("sd21")
    model = load_model(bench.context, "sd21", compile=True)
    sampled(bench, model)
    assert [type(module).__name__ for module in compiled] == ["UNet2DConditionModel"]
    with pytest.raises(Misfit, match="either compiled or offloaded"):
        sampled(bench, load_model(bench.context, "sd21", compile=True, offload=True))


def test_what_another_version_read_out_of_the_same_files_is_not_handed_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else parts with facts of old would come out of the cache, and be refused as changed during the run, for ever."""
    bench.path("sd15")
    before = fingerprint(bench.context, "sd15")
    monkeypatch.setattr(stable, "OF_OLD", {"steps_offset": 0, "clip_sample": False})
    after = fingerprint(bench.context, "sd15")
    assert {name for name in before if before[name] != after[name]} == {"parts sd15"}
