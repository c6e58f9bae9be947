"""What is wrong with a checkpoint is told by its name, before any weight is read, and nothing in it is run."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.autoencoding import decode, encode
from graph_nodes.binding import inpaint_condition, low_resolution
from graph_nodes.checkpoints import hub, pickles
from graph_nodes.checkpoints.headers import read_header
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.model_files import fingerprint
from graph_nodes.models import load_model
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file

from graph_engine import Context, Folders, Latents

from .bench import Bench, right_half

GOOD = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()


def _file(header: bytes, data: bytes = bytes(8), length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header + data


def _one(**entry: Any) -> bytes:
    return json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **entry}}).encode()


BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "cut short"),
    "cut in the header": (_file(GOOD)[:20], "cut short: its header wants"),
    "cut in the tensors": (_file(GOOD)[:-3], r"cut short: its tensors end at byte \d+, the file has"),
    "more than it says": (_file(GOOD, bytes(9)), "its tensors end at byte"),
    "a header bomb": (_file(GOOD, length=1 << 62), "claims 4611686018427387904 bytes, more than the 104857600"),
    "a header of a gigabyte": (_file(GOOD, length=1 << 30), "more than the 104857600 that are read"),
    "no JSON": (_file(b"{nonsense"), "its header is no JSON"),
    "nested without end": (_file(b"[" * 100_000), "its header is no JSON"),
    "a list": (_file(b"[]"), "no mapping of tensors"),
    "a tensor that is no mapping": (_file(b'{"w": 3}'), "does not describe 'w'"),
    "a negative shape": (_file(_one(shape=[-2])), "does not describe 'w'"),
    "a shape too large": (_file(_one(shape=[1 << 40])), "the place that its header gives do not fit"),
    "offsets backwards": (_file(_one(data_offsets=[8, 0])), "do not fit"),
    "an unknown dtype": (_file(_one(dtype="F99")), "stored as 'F99', which is not one of F64, F32"),
    "a pickle": (b"\x80\x02}q\x00.", "a pickle checkpoint under the name of a safetensors file"),
    "an archive of torch": (b"PK\x03\x04" + bytes(64), "a pickle checkpoint under the name of a safetensors file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_told_by_what_is_wrong_with_it(case: str, tmp_path: Path) -> None:
    data, message = BAD[case]
    path = tmp_path / "x.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelRefused, match=message):
        read_header(path)


def test_a_good_header_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(3, 4), "b": torch.zeros(5, dtype=torch.float16)}, path, {"format": "pt"})
    header = read_header(path)
    assert (header.parameters, header.dtypes, header.metadata) == (17, {"F32": 12, "F16": 5}, {"format": "pt"})
    assert header.tensors["a"].shape == (3, 4)


@pytest.fixture
def edited(bench: Bench, tmp_path: Path) -> Callable[[Callable[[Path], Any]], Context]:
    """A context that finds an edited copy of the tiny Stable Diffusion as `sd`."""

    def edit(change: Callable[[Path], Any]) -> Context:
        shutil.copytree(bench.path("sd15"), tmp_path / "sd")
        change(tmp_path / "sd")
        return Context(folders=Folders(model_roots=(tmp_path,)))

    return edit


def _index(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "model_index.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def _config(part: str, **changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / part / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def _weights(folder: Path) -> Path:
    return folder / "unet" / "diffusion_pytorch_model.safetensors"


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "code of its own": (_index(_class_name=["pipeline.py", "Mine"]), "code that comes with a checkpoint is never run"),
    "a class of another library": (_index(unet=["os", "system"]), "its component 'unet' is a class of 'os'"),
    "a component that climbs": (_index(**{"../x": ["diffusers", "X"]}), "which is no plain name"),
    "no autoencoder": (_index(vae=[None, None]), "is no family that is known here: .*Stable Diffusion 1 and 2"),
    "a folder that is missing": (lambda f: shutil.rmtree(f / "vae"), "no folder 'vae' for its AutoencoderKL"),
    "a config that is missing": (
        lambda f: (f / "unet/config.json").unlink(),
        "no unet/config.json for its UNet2DConditionModel; its download may be incomplete",
    ),
    "a schedule that is missing": (
        lambda f: (f / "scheduler/scheduler_config.json").unlink(),
        "no scheduler/scheduler_config.json for its PNDMScheduler; its download may be incomplete",
    ),
    "an index that is no JSON": (lambda f: (f / "model_index.json").write_text("{"), "no readable sd/model_index.json"),
    "weights that are missing": (lambda f: _weights(f).unlink(), "part 'denoiser': .*unet holds no .safetensors file"),
    "quantised, as its config tells": (
        _config("unet", quantization_config={"quant_method": "bitsandbytes"}),
        "the weights of 'unet' are quantised",
    ),
    "weights in a pickle": (
        lambda f: _weights(f).rename(f / "unet/diffusion_pytorch_model.bin"),
        "only pickles such as diffusion_pytorch_model.bin, .* graph-engine convert-model --allow-pickle",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_folder_is_told_by_the_part_at_fault_before_any_weight_is_read(case: str, edited: Any) -> None:
    change, message = REFUSED[case]
    context = edited(change)
    with pytest.raises(ModelRefused, match=message):
        load_model(context, "sd")
    assert [key for key in context.warm.keys() if not key.startswith("digest:")] == []  # noqa: SIM118


def test_a_class_that_is_not_on_the_list_is_never_imported(edited: Any) -> None:
    context = edited(_index(unet=["diffusers", "StableDiffusionPipeline"]))
    denoiser = load_model(context, "sd").denoiser
    with pytest.raises(ModelRefused, match="the class 'StableDiffusionPipeline' is not one of AdmUNet, AutoencoderKL"):
        module_of(context, denoiser)


def _stored(change: Callable[[torch.Tensor], torch.Tensor], **more: torch.Tensor) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        tensors = {name: change(tensor).clone() for name, tensor in load_file(_weights(folder)).items()}
        save_file(tensors | more, _weights(folder))

    return save


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut short": (lambda f: _weights(f).write_bytes(_weights(f).read_bytes()[:-100]), "unet/diff.*: cut short"),
    "a pickle": (lambda f: torch.save({"w": torch.ones(1)}, _weights(f)), "unet/diff.*: a pickle checkpoint under"),
    "whole numbers": (_stored(lambda t: t.char()), r"its weights are quantised \(\S+.weight is stored as I8\)"),
    "scales beside": (_stored(lambda t: t, **{"a.SCB": torch.ones(1)}), r"quantised \(a.SCB is stored as F32\)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_weights_are_told_before_anything_runs(case: str, edited: Any) -> None:
    change, message = BROKEN[case]
    context = edited(change)
    with pytest.raises(ModelRefused, match=message):
        fingerprint(context, "sd")
    with pytest.raises(ModelRefused, match=message):  # also when they are broken after that
        module_of(context, load_model(context, "sd").denoiser)


UNFIT: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "a text tower of other sizes": (
        "text_encoder",
        _config("text_encoder", intermediate_size=74),
        r"text_encoder: config and weights do not make a CLIPText.*fc1.bias expected shape \[74\], but got \[37\]$",
    ),
    "a U-Net of other sizes": (
        "denoiser",
        _config("unet", cross_attention_dim=48),
        r"unet: config and weights do not make a UNet2DConditionModel: .*expected shape \S+ 48.*32\]\)\.$",
    ),
    "blocks that there are not": (
        "denoiser",
        _config("unet", down_block_types=["Odd", "DownBlock2D"]),
        "do not make a UNet2DConditionModel: Odd",
    ),
    "heads that do not divide": (
        "text_encoder",
        _config("text_encoder", num_attention_heads=3),
        "do not make a CLIPTextModel: .*not a multiple of the number of attention heads",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_weights_that_are_not_those_of_their_config_are_told_by_the_folder(case: str, edited: Any) -> None:
    part, change, message = UNFIT[case]
    context = edited(change)
    with pytest.raises(ModelRefused, match=message):
        module_of(context, getattr(load_model(context, "sd"), part))


def test_parts_of_two_families_that_do_not_fit_are_told_by_their_spaces(bench: Bench) -> None:
    sd, xl = bench.model("sd15"), bench.model("sdxl")
    text = encode_text(bench.context, xl.text_encoder, "a cat")
    with pytest.raises(Misfit, match=r"wants text of the space 'clip-32', found 'clip-32\+32'"):
        denoise(bench.context, sd.denoiser, text)
    latents = denoise(bench.context, sd.denoiser, encode_text(bench.context, sd.text_encoder, "a cat"), steps=1)
    with pytest.raises(Misfit, match="decodes the space 'sdxl', found 'sd'"):
        decode(bench.context, latents, xl.vae)
    shown = bench.model("sd15-inpaint").denoiser
    with pytest.raises(Misfit, match="wants the autoencoder of 'sd' at the input 'vae', found that of 'sdxl'"):
        inpaint_condition(shown, bench.cat, right_half(64, 64), xl.vae)
    flux = bench.model("flux-schnell")
    told = encode_text(bench.context, flux.text_encoder, "a cat")
    with pytest.raises(Misfit, match="which 'ddim' cannot follow; use euler, published"):
        denoise(bench.context, flux.denoiser, told)


def test_an_autoencoder_of_other_latents_is_not_swapped_in_and_none_of_its_weights_is_read(bench: Bench) -> None:
    bench.path("sdxl")
    context = Context(folders=bench.context.folders)
    latents = Latents(torch.zeros(1, 4, 8, 8), "sd")
    for name in ("sdxl", "sdxl/vae"):
        with pytest.raises(Misfit, match=f"the autoencoder of '{name}' decodes the space 'sdxl', found 'sd'"):
            decode(context, latents, load_model(context, name).vae)
    assert [key for key in context.warm.keys() if not key.startswith("digest:")] == []  # noqa: SIM118


def test_latents_are_enlarged_as_latents_and_only_those_of_the_upscalers_space(bench: Bench) -> None:
    upsampler, xl = bench.model("sd-x2-upscaler").upsampler, bench.model("sdxl")
    with pytest.raises(Misfit, match=r"enlarges latents of 'sd', found a picture; use core\.encode"):
        low_resolution(upsampler, bench.cat)
    latents = encode(bench.context, bench.cat, xl.vae)
    with pytest.raises(Misfit, match="enlarges latents of 'sd', found 'sdxl'"):
        low_resolution(upsampler, latents)
    with pytest.raises(Misfit, match="trained without noise augmentation: noise_level 0"):
        low_resolution(upsampler, latents, 20)


@pytest.mark.parametrize("name", ["/etc", "../elsewhere", "a/../../b", "C:\\models", "nothing"])
def test_a_name_never_leaves_the_model_folders(bench: Bench, name: str) -> None:
    with pytest.raises(ModelRefused, match="no model is called"):
        load_model(bench.context, name)


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(bench: Bench) -> None:
    bench.path("sd15")
    with pytest.raises(
        ModelRefused, match=r"no model is called 'sd-15'. Did you mean 'sd15'\? The models here: .*sd15"
    ):
        load_model(bench.context, "sd-15")


def test_a_pickle_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "old.ckpt").write_bytes(b"\x80\x02}q\x00.")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    with pytest.raises(ModelRefused, match=r"old.ckpt is a pickle, .* convert-model --allow-pickle"):
        load_model(context, "old.ckpt")


def test_a_file_in_an_unknown_layout_says_which_are_known(tmp_path: Path) -> None:
    save_file({"layer.weight": torch.zeros(2)}, tmp_path / "odd.safetensors")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    with pytest.raises(ModelRefused, match=r"no layout that is known here: .* Its tensors begin with layer.weight"):
        load_model(context, "odd.safetensors")


def test_a_name_that_is_no_model_is_told_what_to_do(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("sd15-file"), tmp_path / "files")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").symlink_to("nowhere")
    context = Context(folders=Folders(models={"gone": tmp_path / "gone"}, model_roots=(tmp_path, tmp_path / "no")))
    for name, message in (
        ("files", "'files' is a folder of single files; name one of them, such as 'files/model.safetensors'"),
        ("empty", "'empty' is no model: its folder has no model.json, model_index.json, config.json and no file"),
        ("broken", "broken is a link to nowhere, which is not there"),
        ("gone", "the model 'gone' would lie in .*gone, which is not there"),
        ("/etc", r"'/etc' is absolute .*\. A name is a path below a model folder"),
        ("nope", r"The models here: empty, files, gone; .* would lie in .*, .*no \(which is not there\)"),
    ):
        with pytest.raises(ModelRefused, match=message):
            load_model(context, name)


def test_a_pickle_is_converted_in_a_child_that_makes_nothing_but_tensors(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    evil = f"cposix\nsystem\n(S'touch {canary}'\ntR.".encode()
    (tmp_path / "bare.ckpt").write_bytes(evil)
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("archive/data.pkl", evil)
        archive.writestr("archive/version", "3")
    for name in ("bare.ckpt", "archive.pt"):
        with pytest.raises(
            pickles.PickleRefused, match=f"{name} was not converted: it holds posix.system, which could run"
        ):
            pickles.convert(tmp_path / name, tmp_path / "out.safetensors")
    assert not canary.exists()
    assert not (tmp_path / "out.safetensors").exists()
    torch.save({"state_dict": {"w": torch.ones(2, 3).T}, "epoch": 3}, tmp_path / "good.ckpt")
    assert pickles.convert(tmp_path / "good.ckpt", tmp_path / "good.safetensors") == ["epoch"]
    assert read_header(tmp_path / "good.safetensors").tensors["w"].shape == (3, 2)


def test_no_tensor_of_a_pickle_is_left_out_in_silence(tmp_path: Path) -> None:
    tensors = {"w": torch.ones(2)}
    torch.save({"unet": tensors, "vae": tensors, "step": torch.tensor(3)}, tmp_path / "several.pt")
    target = tmp_path / "one.safetensors"
    with pytest.raises(pickles.PickleRefused, match="groups of tensors, unet, vae; name one: --group unet"):
        pickles.convert(tmp_path / "several.pt", target)
    with pytest.raises(pickles.PickleRefused, match="no group 'net'; it has unet, vae"):
        pickles.convert(tmp_path / "several.pt", target, "net")
    assert pickles.convert(tmp_path / "several.pt", target, "vae") == ["unet", "step"]
    assert list(read_header(target).tensors) == ["w"]


NO_CHECKPOINTS = {"text.ckpt": b"hello", "empty.pt": b"", "cut.pt": b"PK\x03\x04" + bytes(50)}


@pytest.mark.parametrize("name", NO_CHECKPOINTS)
def test_what_is_no_checkpoint_is_not_converted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(NO_CHECKPOINTS[name])
    with pytest.raises(pickles.PickleRefused, match="it is damaged, or no checkpoint of torch with tensors alone"):
        pickles.convert(tmp_path / name, tmp_path / "out.safetensors")
    with pytest.raises(pickles.PickleRefused, match=r"must end with \.safetensors"):
        pickles.convert(tmp_path / name, tmp_path / "out.bin")


def test_a_model_of_the_hub_is_read_from_its_cache_and_never_fetched_by_a_workflow(
    bench: Bench, tmp_path: Path
) -> None:
    environment = {"HF_HUB_CACHE": str(tmp_path)}
    with pytest.raises(ModelRefused, match=r"not on this machine, .* graph-engine fetch-model hub:me/tiny@main"):
        hub.find_snapshot("hub:me/tiny", environment)
    repository = tmp_path / "models--me--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0123abcd")
    shutil.copytree(bench.path("sd15"), repository / "snapshots" / "0123abcd")
    assert hub.find_snapshot("hub:me/tiny", environment) == repository / "snapshots" / "0123abcd"
    assert hub.find_snapshot("hub:me/tiny@0123abcd", environment).name == "0123abcd"
    for name in ("hub:me", "hub:../../etc", "hub:me/tiny@../../x", "hub:me/..", "hub:/me/tiny"):
        with pytest.raises(ModelRefused):
            hub.find_snapshot(name, environment)


def test_a_large_file_of_the_hubs_cache_is_known_by_its_name_without_being_read(tmp_path: Path) -> None:
    from graph_nodes.digests import digest_of

    blob = tmp_path / "blobs" / ("ab" * 32)
    blob.parent.mkdir()
    with open(blob, "wb") as file:
        file.truncate(1 << 40)  # a terabyte of holes would take an hour to read
    link = tmp_path / "model.safetensors"
    link.symlink_to(blob)
    assert digest_of(Context(), link) == f"sha256:{'ab' * 32}"


def test_of_a_repository_one_format_and_one_precision_is_chosen() -> None:
    files = [
        *("model_index.json", "v1-5-pruned.safetensors", "v1-5-pruned.ckpt", "README.md", "pipeline.py"),
        *("unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin"),
        *("unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors"),
        *("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/vocab.json", "tokenizer/merges.txt"),
        *("text_encoder_2/model-00001-of-00002.safetensors", "text_encoder_2/model-00002-of-00002.safetensors"),
        *("text_encoder_2/model.safetensors.index.json", "text_encoder_2/model.fp16.safetensors"),
    ]
    weights = [name for name in hub.choose_files(files) if "safetensors" in name]
    assert weights == [
        "text_encoder/model.safetensors",
        "text_encoder_2/model-00001-of-00002.safetensors",
        "text_encoder_2/model-00002-of-00002.safetensors",
        "text_encoder_2/model.safetensors.index.json",
        "unet/diffusion_pytorch_model.safetensors",
    ]
    half = [name for name in hub.choose_files(files, "fp16") if "safetensors" in name]
    assert half == [
        "text_encoder/model.safetensors",
        "text_encoder_2/model.fp16.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ]
    assert "pipeline.py" not in hub.choose_files(files)
