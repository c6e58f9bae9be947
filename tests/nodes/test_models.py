"""Opening models: names, facts, revisions, what is refused, and when weights are read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from graph_nodes.diffusion import denoise
from graph_nodes.errors import ModelRefused
from graph_nodes.models import load_model
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of, scheduler_config

from graph_engine import Context, Folders, WarmStore

CHOICES = {"dtype": "run", "slices": False, "offload": False, "compile": False}
Edit = Callable[[Callable[[dict[str, Any]], None]], Path]


def _with(folder: Path, **changes: Any) -> Context:
    return Context(folders=Folders(models={"tiny/glide": folder}), **changes)


def _weights(context: Context) -> list[str]:
    return [key for key in context.warm.keys() if not key.startswith("digest:")]  # noqa: SIM118 - no mapping


def test_the_parts_are_light_handles_with_their_facts(context: Context) -> None:
    model = load_model(context, "tiny/glide")
    assert model.denoiser is not None
    assert model.upsampler is not None
    assert (model.denoiser.model, model.denoiser.part, model.denoiser.facts["size"]) == ("tiny/glide", "denoiser", 8)
    assert model.upsampler.facts["conditions"] == ["text", "low_resolution"]
    assert model.clip is None
    assert _weights(context) == []


def test_an_unknown_name_suggests_the_nearest(context: Context) -> None:
    with pytest.raises(ModelRefused, match=r"no model is called 'tiny/glid'. Did you mean 'tiny/glide'\? The models"):
        load_model(context, "tiny/glid")
    with pytest.raises(ModelRefused, match="none: install a plugin that brings models"):
        load_model(Context(), "tiny/glide")


REFUSED: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda m: m.update(format=2), "wants format 1, found 2"),
    (lambda m: m.pop("parts"), "wants a mapping 'parts'"),
    (lambda m: m["parts"]["denoiser"].pop("kind"), "part 'denoiser': 'kind' must be one of TextEncoder, Denoiser"),
    (lambda m: m["parts"]["denoiser"].pop("size"), "part 'denoiser': model.json does not say its size"),
    (lambda m: m["parts"]["denoiser"].update(kind="CLIP", tokenizer="../tokenizer"), "part 'denoiser' is no Denoiser"),
    (lambda m: m["parts"]["denoiser"].update(folder="../../elsewhere"), "lies outside of"),
    (lambda m: m["parts"]["denoiser"].update(folder=".."), "lies outside of"),
    (lambda m: m["parts"]["denoiser"].update(folder="/etc"), "lies outside of"),
    (lambda m: m["parts"]["denoiser"].update(folder=7), "lies outside of"),
    (lambda m: m["parts"]["denoiser"].update(folder="missing"), "has no folder 'missing'"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_wrong_description_is_refused(edited_model: Edit, change: Any, message: str) -> None:
    with pytest.raises(ModelRefused, match=message):
        load_model(_with(edited_model(change)), "tiny/glide")


def test_a_link_out_of_the_models_folder_is_refused(edited_model: Edit, tmp_path: Path) -> None:
    folder = edited_model(lambda m: m["parts"]["denoiser"].update(folder="linked"))
    (tmp_path / "outside").mkdir()
    (folder / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(ModelRefused, match="lies outside of"):
        load_model(_with(folder), "tiny/glide")


def test_only_known_classes_are_loaded(edited_model: Edit) -> None:
    context = _with(edited_model(lambda m: m["parts"]["denoiser"].update({"class": "AutoModel"})))
    denoiser = load_model(context, "tiny/glide").denoiser
    assert denoiser is not None
    with pytest.raises(ModelRefused, match="the class 'AutoModel' is not one of AdmUNet, AutoencoderKL, BartForCausal"):
        module_of(context, denoiser)


def test_pickled_weights_are_not_read(edited_model: Edit) -> None:
    folder = edited_model(lambda m: None)
    (folder / "unet" / "diffusion_pytorch_model.safetensors").rename(folder / "unet" / "diffusion_pytorch_model.bin")
    context = _with(folder)
    denoiser = load_model(context, "tiny/glide").denoiser
    assert denoiser is not None
    with pytest.raises(ModelRefused, match=r"holds no .safetensors file"):
        module_of(context, denoiser)


@pytest.mark.parametrize("part", ["text_encoder", "denoiser"])
def test_weights_that_are_missing_are_no_noise(edited_model: Edit, part: str) -> None:
    from safetensors.torch import load_file, save_file

    folder = edited_model(lambda m: None)
    file = next((folder / {"text_encoder": "text_encoder", "denoiser": "unet"}[part]).glob("*.safetensors"))
    tensors = load_file(file)
    lost = sorted(tensors)[0]
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, file, {"format": "pt"})
    context = _with(folder)
    with pytest.raises(ModelRefused, match=f"has no weights for 1 tensors of a .*, such as {lost}"):
        module_of(context, getattr(load_model(context, "tiny/glide"), part))


def test_files_that_change_between_plan_and_use_are_noticed(edited_model: Edit) -> None:
    folder = edited_model(lambda m: None)
    context = _with(folder)
    model = load_model(context, "tiny/glide")
    assert model.denoiser is not None
    shutil.copy(folder / "upsampler" / "config.json", folder / "unet" / "config.json")
    with pytest.raises(ModelRefused, match="changed during the run; run again"):
        module_of(context, model.denoiser)


def test_a_revision_follows_the_files_of_its_own_part(edited_model: Edit) -> None:
    folder = edited_model(lambda m: None)
    before = load_model(_with(folder), "tiny/glide")
    config = json.loads((folder / "upsampler" / "config.json").read_text())
    (folder / "upsampler" / "config.json").write_text(json.dumps(config, indent=1))
    after = load_model(_with(folder), "tiny/glide")
    assert before.denoiser.revision == after.denoiser.revision  # type: ignore[union-attr]
    assert before.upsampler.revision != after.upsampler.revision  # type: ignore[union-attr]


def test_the_fingerprint_names_each_file_and_follows_its_bytes(edited_model: Edit, tmp_path: Path) -> None:
    folder = edited_model(lambda m: None)
    fingerprint = load_model.spec.fingerprint
    assert fingerprint is not None
    before = fingerprint(context=_with(folder), model="tiny/glide", **CHOICES)
    assert "file tiny/glide/unet/diffusion_pytorch_model.safetensors" in before
    assert not any(str(tmp_path) in label for label in before)
    (folder / "unet" / "config.json").write_text((folder / "unet" / "config.json").read_text() + "\n")
    after = fingerprint(context=_with(folder), model="tiny/glide", **CHOICES)
    assert [label for label in after if after[label] != before[label]] == ["file tiny/glide/unet/config.json"]


def test_large_files_are_digested_once_across_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graph_nodes import digests

    from graph_engine.files import digest_file

    large = tmp_path / "large.safetensors"
    large.write_bytes(bytes(1 << 22))
    folders = Folders(cache=tmp_path / "cache")
    assert digests.digest_of(Context(folders=folders), large) == digest_file(large)
    note = next((tmp_path / "cache" / "digests").iterdir())
    note.write_text(note.read_text().replace(digest_file(large), "remembered"))
    assert digests.digest_of(Context(folders=folders), large) == "remembered"
    large.write_bytes(bytes((1 << 22) + 1))
    assert digests.digest_of(Context(folders=folders), large) == digest_file(large)


def test_weights_are_read_once_in_the_runs_dtype_and_kept_warm(context: Context) -> None:
    denoiser = load_model(context, "tiny/glide").denoiser
    assert denoiser is not None
    module = module_of(context, denoiser)
    assert module is module_of(context, denoiser)
    assert module.dtype == torch.float32
    assert not module.training
    assert not any(parameter.requires_grad or parameter.is_inference() for parameter in module.parameters())
    assert module_of(replace(context, dtype="float16"), denoiser).dtype == torch.float16
    assert len(_weights(context)) == 2


def test_a_small_budget_evicts_the_weights_used_longest_ago(context: Context) -> None:
    model = load_model(context, "tiny/glide")
    assert model.text_encoder is not None
    assert model.denoiser is not None
    size = sum(parameter.numel() * 4 for parameter in module_of(context, model.denoiser).parameters())
    tight = replace(context, warm=WarmStore(budget_bytes=size + 4096))  # room for the base and the files' digests
    text = encode_text(tight, model.text_encoder, "a red circle")
    denoise(tight, model.denoiser, text, steps=1)
    assert [key.split("/")[-1] for key in _weights(tight)] == ["denoiser:cpu:float32"]


def test_model_json_and_the_schedule_must_agree_on_the_prediction(edited_model: Edit) -> None:
    context = _with(edited_model(lambda m: m["parts"]["denoiser"].update(prediction_type="epsilon")))
    denoiser = load_model(context, "tiny/glide").denoiser
    assert denoiser is not None
    with pytest.raises(ModelRefused, match=r"says prediction_type 'v_prediction', but model.json says 'epsilon'"):
        scheduler_config(context, denoiser)
