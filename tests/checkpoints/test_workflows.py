"""Every workflow for published checkpoints is right, and runs on the tiny model of its default, sizes and all."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from graph_engine import Engine, Folders
from graph_engine.workflow import Workflow, read_workflow

from .bench import Bench

WORKFLOWS = Path(__file__).parents[2] / "workflows"
NAMES = sorted(path.stem for path in (WORKFLOWS / "checkpoints").glob("*.yaml"))
FEW = {
    "steps": 2,
    "prior_steps": 2,
    "second_steps": 2,
    "third_steps": 2,
    "prompt": "a (red:1.2) fox",
}
MODELS = ("model", "classifier", "refiner", "prior", "second", "upscaler", "clip")


@pytest.fixture(scope="module")
def engine(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("run")
    folders = Folders(outputs=folder / "outputs", cache=folder / "cache", model_roots=(bench.folder,))
    return Engine(folders=folders, device="cpu", dtype="float32")


def few(workflow: Workflow) -> dict[str, object]:
    return {name: value for name, value in FEW.items() if name in workflow.inputs}


def test_no_two_workflows_have_one_name() -> None:
    """The editor offers each as a template by its name, whichever folder it is in."""
    names = [path.stem for path in WORKFLOWS.rglob("*.yaml")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_right_and_runs_on_a_tiny_model(engine: Engine, bench: Bench, name: str) -> None:
    workflow = read_workflow(WORKFLOWS / "checkpoints" / f"{name}.yaml")
    assert engine.check(workflow) == []
    assert all(decl.description and decl.has_default for decl in workflow.inputs.values())
    for model in MODELS:
        if model in workflow.inputs:
            bench.path(str(workflow.inputs[model].default).partition("/")[0])
    result = engine.run(workflow, few(workflow))
    assert result.status == "ok", result.error
    (path,) = result.outputs["image"].paths
    with PIL.Image.open(path) as picture:
        assert min(picture.size) >= 16
        colours = picture.convert("RGB").getcolors(1 << 16)
        assert colours is None or len(colours) > 16, "the picture is empty"
