"""guided-diffusion in single files: what does not fit is told from configs and headers, before a weight is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from graph_nodes.binding import class_label, low_resolution
from graph_nodes.checkpoints.inspecting import describe
from graph_nodes.diffusion import denoise
from graph_nodes.errors import Misfit, ModelRefused
from graph_nodes.guidance import classifier_guidance
from graph_nodes.models import Model, load_model
from safetensors.torch import load_file, save_file

from graph_engine import Context, Engine, Folders, Image
from graph_engine.workflow import read_workflow

from .bench import Bench

CLASSIFIER = "classifier.safetensors"


def _open(bench: Bench, name: str) -> Model:
    bench.path("adm-file")
    return load_model(bench.context, f"adm-file/{name}.safetensors")


def test_each_file_is_the_part_that_it_was_published_as(bench: Bench) -> None:
    folder = bench.path("adm-file")
    found = [describe(name, folder / f"{name}.safetensors") for name in ("model", "classifier", "upsample")]
    assert [(facts.family, facts.parts[0].name, facts.parts[0].class_name) for facts in found] == [
        ("adm", "denoiser", "UNet2DModel"),
        ("adm-classifier", "classifier", "NoisedClassifier"),
        ("adm", "upsampler", "AdmUNet"),
    ]
    stored = load_file(folder / CLASSIFIER)
    assert found[1].parts[0].parameters == sum(tensor.numel() for tensor in stored.values())
    classifier = _open(bench, "classifier")
    assert classifier.classifier is not None
    assert classifier.denoiser is None
    assert classifier.classifier.facts["classes"] == [str(number) for number in range(1000)]


def test_a_classifier_of_another_size_is_told_before_any_weight_is_read(bench: Bench) -> None:
    guide = classifier_guidance(_open(bench, "classifier").classifier, "3")
    small = Image(torch.zeros(1, 3, 16, 16))
    upsampler = low_resolution(class_label(_open(bench, "upsample").upsampler, "3"), small)
    fresh = Context(folders=bench.context.folders)
    with pytest.raises(Misfit, match=r"works on 'pixel' of 64 x 64, but .*classifier.* reads pixels of 16 x 16"):
        denoise(fresh, upsampler, guidance=guide)
    assert [key for key in fresh.warm.keys() if not key.startswith("digest:")] == []  # noqa: SIM118


@pytest.mark.parametrize("label", ["1000", "-1", "golden retriever"])
def test_a_label_that_no_class_has_is_answered_with_those_there_are(bench: Bench, label: str) -> None:
    known = f"knows no class '{label}'.* It knows 1000, such as 0, 1, 2"
    with pytest.raises(Misfit, match=known):
        classifier_guidance(_open(bench, "classifier").classifier, label)
    with pytest.raises(Misfit, match=known):
        class_label(_open(bench, "model").denoiser, label)


def test_a_picture_of_another_size_is_not_enlarged(bench: Bench) -> None:
    upsampler = class_label(_open(bench, "upsample").upsampler, "3")
    with pytest.raises(Misfit, match="enlarges pictures of 16 x 16, found 8 x 8"):
        low_resolution(upsampler, Image(torch.zeros(1, 3, 8, 8)))


def _cut(folder: Path) -> None:
    (folder / CLASSIFIER).write_bytes((folder / CLASSIFIER).read_bytes()[:-100])


def _without_its_end(folder: Path) -> None:
    kept = {name: tensor for name, tensor in load_file(folder / CLASSIFIER).items() if "c_proj" not in name}
    save_file(kept, folder / CLASSIFIER)


def _with_fewer_classes(folder: Path) -> None:
    tensors = load_file(folder / CLASSIFIER)
    save_file(tensors | {"out.2.c_proj.bias": torch.zeros(10)}, folder / CLASSIFIER)


def _says(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "classifier.configs" / "classifier" / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def _with_the_configs_of_the_unet(folder: Path) -> None:
    shutil.rmtree(folder / "classifier.configs")
    shutil.copytree(folder / "model.configs", folder / "classifier.configs")


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut short": (_cut, r"classifier.safetensors: cut short: its tensors end at byte"),
    "without its end": (
        _without_its_end,
        r"classifier.safetensors lacks 2 of the \d+ tensors of its classifier, such as out.2.c_proj.weight; convert or",
    ),
    "another shape": (
        _with_fewer_classes,
        r"its classifier wants out.2.c_proj.bias of the shape \(1000,\), found \(10,\)",
    ),
    "the configs of a U-Net": (_with_the_configs_of_the_unet, r"lacks \d+ of the \d+ tensors of its unet, such as"),
    "a config of nonsense": (_says(block_out_channels="wide"), "config.json describes no network of guided-diffusion"),
    "a config without end": (_says(layers_per_block=1 << 40), "config.json describes no network .*layers_per_block"),
    "no configs": (lambda f: shutil.rmtree(f / "classifier.configs"), "is in no layout that is known here: .*guided-d"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_classifier_is_told_from_its_header(bench: Bench, tmp_path: Path, case: str) -> None:
    change, message = BROKEN[case]
    shutil.copytree(bench.path("adm-file"), tmp_path / "adm")
    change(tmp_path / "adm")
    context = Context(folders=Folders(model_roots=(tmp_path,)))
    with pytest.raises(ModelRefused, match=message):
        load_model(context, f"adm/{CLASSIFIER}")
    with pytest.raises(ModelRefused, match=message):
        describe(CLASSIFIER, tmp_path / "adm" / CLASSIFIER)


def test_a_classifier_where_a_unet_belongs_is_answered_with_what_the_file_has(bench: Bench, tmp_path: Path) -> None:
    bench.path("adm-file")
    folders = Folders(outputs=tmp_path / "outputs", cache=tmp_path / "cache", model_roots=(bench.folder,))
    workflow = read_workflow(Path(__file__).parents[2] / "workflows" / "checkpoints" / "openai_adm.yaml")
    result = Engine(folders=folders, device="cpu").run(workflow, {"model": f"adm-file/{CLASSIFIER}"})
    assert result.error is not None
    assert result.error.message == (
        "input 'denoiser' wants Denoiser, but model.denoiser gives nothing; what model gives: classifier"
    )
