"""What lies beside models, or was published under the same classes, is told for what it is and stops nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import graph_nodes
import pytest
import torch
from graph_nodes import memory_options
from graph_nodes.binding import class_label
from graph_nodes.checkpoints import hub
from graph_nodes.checkpoints.inspecting import describe, find
from graph_nodes.checkpoints.sources import locate
from graph_nodes.diffusion import denoise
from graph_nodes.errors import ModelRefused
from graph_nodes.guidance import classifier_guidance
from graph_nodes.models import load_model
from graph_nodes.weights import torch_dtype
from safetensors.torch import load_file, save_file

from graph_engine import Context, Denoiser, Folders, ModelReader
from graph_engine.models import find_models
from graph_engine.plugins import Registry, load_registry, pack_from_module

from .bench import Bench


def _config(part: str, **changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / part / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


ODD: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "sizes in a list": ("sd15", _config("unet", sample_size=[256, 256]), "has configs of no model that is known here"),
    "latents of nothing": ("sd15", _config("vae", latent_channels="four"), "has configs of no model that is known"),
    "unCLIP": ("sd21", _config("unet", class_embed_type="projection"), "reads one vector more"),
    "Flux Fill": ("flux-dev", _config("transformer", in_channels=96, out_channels=64), "reads 96 channels"),
}


@pytest.mark.parametrize("case", ODD)
def test_a_folder_that_is_something_else_is_refused_and_listed_beside_the_others(
    case: str, bench: Bench, tmp_path: Path
) -> None:
    family, change, message = ODD[case]
    shutil.copytree(bench.path(family), tmp_path / "odd")
    shutil.copytree(bench.path("sd15"), tmp_path / "right")
    change(tmp_path / "odd")
    with pytest.raises(ModelRefused, match=message):
        describe("odd", tmp_path / "odd")
    registry: Registry = load_registry([pack_from_module("core", graph_nodes)])
    odd, right = find_models(registry, Folders(model_roots=(tmp_path,)))
    assert (odd.name, right.name, right.problem) == ("odd", "right", "")
    assert odd.problem


def test_links_that_lead_out_of_a_model_folder_are_listed_with_what_to_do(bench: Bench, tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "people").mkdir(parents=True)
    (models / "people" / "ring").symlink_to(models)
    shutil.copytree(bench.path("sd15"), models / "here")
    (models / "people" / "again").symlink_to(models / "here")
    (models / "people" / "folder").symlink_to(bench.path("sd15"))
    (models / "file.safetensors").symlink_to(bench.path("sd15-file") / "model.safetensors")
    folders = Folders(model_roots=(models,))
    registry: Registry = load_registry([pack_from_module("core", graph_nodes)])
    problems = {model.name: model.problem for model in find_models(registry, folders)}
    outside = f"it leads out of {models} through a symbolic link; give the folder it lies in to --models"
    assert problems == {"file.safetensors": outside, "here": "", "people/again": "", "people/folder": outside}
    assert locate(Context(folders=folders), "people/again") == models / "here"
    with pytest.raises(ModelRefused, match="through a symbolic link"):
        locate(Context(folders=folders), "people/folder")


def test_a_reader_that_fails_is_listed_beside_what_the_others_find(bench: Bench, tmp_path: Path) -> None:
    def find(root: Path) -> Iterator[str]:
        yield "first"
        raise TypeError("not this folder")

    shutil.copytree(bench.path("sd15"), tmp_path / "mine")
    registry: Registry = load_registry([pack_from_module("core", graph_nodes)])
    registry.model_readers.append(ModelReader(find, describe))
    problems = {model.name: model.problem for model in find_models(registry, Folders(model_roots=(tmp_path,)))}
    assert problems.pop("mine") == ""
    assert problems.pop(__name__) == "what reads models there failed: TypeError: not this folder"
    assert list(problems) == ["first"]


def test_a_component_with_a_config_of_nonsense_is_passed_over(bench: Bench, tmp_path: Path) -> None:
    shutil.copytree(bench.path("sd15") / "vae", tmp_path / "vae")
    (tmp_path / "vae" / "config.json").write_text('{"architectures": 5}')
    assert list(find(tmp_path)) == []


def test_a_u_net_that_reads_a_pictures_embedding_is_told_in_one_file_too(bench: Bench, tmp_path: Path) -> None:
    tensors = load_file(bench.path("sd21-file") / "model.safetensors")
    (width,) = {tensor.shape[-1] for name, tensor in tensors.items() if name.endswith("attn2.to_k.weight")}
    wide = {
        name: torch.zeros(len(t), 1024) if t.shape[-1:] == (width,) and "attn2.to_" in name else t
        for name, t in tensors.items()
    }
    save_file(wide | {"model.diffusion_model.label_emb.0.0.weight": torch.zeros(8, 8)}, tmp_path / "u.safetensors")
    with pytest.raises(ModelRefused, match=r"reads the embedding of a picture \(unCLIP\)"):
        describe("u", tmp_path / "u.safetensors")


def test_what_cannot_be_read_in_the_hubs_cache_hides_nothing_else(bench: Bench, tmp_path: Path) -> None:
    for name in ("bad", "good"):
        repository = tmp_path / f"models--me--{name}"
        shutil.copytree(bench.path("sd15"), repository / "snapshots" / "0123")
        (repository / "refs" / "pr").mkdir(parents=True)
        for reference in ("main", "v1.0", "pr/1"):
            (repository / "refs" / reference).write_text("0123")
    (tmp_path / "models--me--bad" / "refs" / "main").write_bytes(b"\xff\xfe")
    found = [name for name, _ in hub.snapshots({"HF_HUB_CACHE": str(tmp_path)})]
    assert found == ["hub:me/good@main"]


def test_the_hubs_cache_is_where_its_own_library_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for environment, wanted in (
        ({"HF_HUB_CACHE": "~/x"}, "x"),
        ({"HUGGINGFACE_HUB_CACHE": "$HOME/y"}, "y"),
        ({"HF_HOME": "$HOME/z"}, "z/hub"),
        ({}, ".cache/huggingface/hub"),
    ):
        assert hub.cache_folder(environment) == tmp_path / wanted


def test_a_repository_of_half_precision_alone_is_fetched() -> None:
    files = ["model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors"]
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in hub.choose_files(files)


def test_a_classifier_that_was_moved_to_a_device_still_gives_a_gradient(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: there moving makes other tensors, which must not be those of inference mode."""
    plain = memory_options.apply

    def moved(module: Any, options: Any, device: str) -> Any:
        return plain(module, options, device).to(torch.float64).to(torch.float32)

    monkeypatch.setattr(memory_options, "apply", moved)
    bench.path("adm-file")
    context = Context(folders=bench.context.folders)
    denoiser = load_model(context, "adm-file/model.safetensors").denoiser
    classifier = load_model(context, "adm-file/classifier.safetensors").classifier
    assert isinstance(denoiser, Denoiser)
    assert classifier is not None
    guide = classifier_guidance(classifier, classifier.facts["classes"][3], scale=2.0)
    made = denoise(context, class_label(denoiser, denoiser.facts["classes"][3]), None, guide, steps=2)
    assert made.samples.isfinite().all()


def test_the_stored_dtype_is_that_of_the_part(bench: Bench, tmp_path: Path) -> None:
    tensors = load_file(bench.path("sd15-file") / "model.safetensors")
    halved = {name: t.bfloat16() if name.startswith("first_stage_model.") else t for name, t in tensors.items()}
    save_file(halved, tmp_path / "mixed.safetensors")
    os.symlink(bench.path("sd15-file") / "model.configs", tmp_path / "mixed.configs")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    model = load_model(context, "mixed.safetensors", dtype="stored")
    assert torch_dtype(context, model.vae) == torch.bfloat16
    assert torch_dtype(context, model.denoiser) == torch.float32
