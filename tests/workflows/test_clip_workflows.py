"""The CLIP workflows, headless, on the shipped models: what they pick, and where they put it."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from graph_engine import Engine, Result
from graph_engine.workflow import read_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"
PICTURES = WORKFLOWS / "pictures"


def _run(engine: Engine, name: str, **inputs: object) -> Result:
    workflow = read_workflow(WORKFLOWS / name)
    assert engine.check(workflow) == []
    assert all(decl.description for decl in workflow.inputs.values())
    result = engine.run(workflow, inputs)
    assert result.status == "ok", result.error
    return result


ONE_OBJECT = [path for path in sorted(PICTURES.glob("*-*.png")) if path.stem.count("-") == 1]


@pytest.mark.parametrize("path", ONE_OBJECT, ids=lambda path: path.stem)
def test_classify_names_what_the_picture_is_called_after(engine: Engine, path: Path) -> None:
    labels = [other.stem.replace("-", " ") for other in ONE_OBJECT]
    result = _run(engine, "clip_classify.yaml", image=f"pictures/{path.name}", labels=labels)
    (probabilities,) = result.outputs["probabilities"]
    assert result.outputs["label"] == [path.stem.replace("-", " ")]
    assert sum(probabilities) == pytest.approx(1)
    assert result.outputs["report"].startswith(f"picture 1: {result.outputs['label'][0]} ")


def test_classify_runs_as_it_is(engine: Engine) -> None:
    outputs = _run(engine, "clip_classify.yaml").outputs
    assert outputs["label"] == ["blue ring"]
    assert Path(outputs["image"].paths[0]).is_file()


def test_rerank_saves_the_best_enlarged_and_a_sheet_of_all(engine: Engine) -> None:
    outputs = _run(engine, "clip_rerank.yaml", candidates=5, keep=2, steps=2, seed=3).outputs
    assert len(outputs["image"].paths) == len(outputs["scores"]) == len(outputs["order"]) == 2
    assert outputs["scores"] == sorted(outputs["scores"], reverse=True)
    assert PIL.Image.open(outputs["image"].paths[0]).size == (64, 64)
    width, height = PIL.Image.open(outputs["ranking"].paths[0]).size
    assert 3 * 128 < width < 3 * 128 + 150
    assert 2 * 128 < height < 2 * 128 + 150


def test_rerank_finds_the_same_candidates_that_are_drawn_alone(engine: Engine) -> None:
    among = _run(engine, "clip_rerank.yaml", candidates=4, keep=4, steps=2, seed=3).outputs
    scores = dict(zip(among["order"], among["scores"], strict=True))
    for place in (0, 3):
        alone = _run(engine, "clip_rerank.yaml", candidates=1, keep=1, steps=2, seed=3 + place).outputs
        assert alone["scores"] == [pytest.approx(scores[place], abs=1e-4)]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a large red square left of a small green triangle", "red-square-green-triangle.png"),
        ("a large green square left of a small red triangle", "green-square-red-triangle.png"),
        ("a blue ring", "blue-ring.png"),
        ("a small circle above a large cross", "yellow-circle-purple-cross.png"),
        ("a heart on a pink background", "purple-heart.png"),
    ],
)
def test_search_finds_the_picture_that_is_meant(engine: Engine, prompt: str, name: str) -> None:
    outputs = _run(engine, "clip_search.yaml", prompt=prompt, keep=3).outputs
    assert outputs["names"][0] == name
    assert len(outputs["scores"]) == 3
    assert Path(outputs["image"].paths[0]).is_file()


def test_search_goes_through_a_folder_of_the_users_and_sees_what_is_new_there(engine: Engine) -> None:
    folder = engine.folders.inputs[0] / "mine"
    folder.mkdir()
    for name in ("blue-ring.png", "teal-diamond.png"):
        (folder / name).write_bytes((PICTURES / name).read_bytes())
    search = {"folder": "mine", "prompt": "a yellow star on a navy background"}
    before = _run(engine, "clip_search.yaml", **search).outputs["names"]
    assert sorted(before) == ["blue-ring.png", "teal-diamond.png"]
    (folder / "new.png").write_bytes((PICTURES / "yellow-star.png").read_bytes())
    assert _run(engine, "clip_search.yaml", **search).outputs["names"][0] == "new.png"
