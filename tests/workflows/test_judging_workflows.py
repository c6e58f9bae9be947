"""The judging workflows, headless, on the shipped models, with few pictures and steps."""

from __future__ import annotations

import csv
from pathlib import Path

import PIL.Image
import pytest

from graph_engine import Engine, Folders, Result, SavedFiles
from graph_engine.workflow import read_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"


def _run(engine: Engine, name: str, **inputs: object) -> Result:
    workflow = read_workflow(WORKFLOWS / name)
    assert engine.check(workflow) == []
    assert all(decl.description for decl in workflow.inputs.values())
    result = engine.run(workflow, inputs)
    assert result.status == "ok", result.error
    return result


def _rows(saved: SavedFiles) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(saved.paths[0]).read_text().splitlines()))


def test_better_pictures_are_nearer_to_ideal_ones(engine: Engine) -> None:
    after = {steps: _run(engine, "evaluate_fid.yaml", count=24, steps=steps).outputs for steps in (1, 4)}
    assert after[4]["clip_frechet_distance"] < after[1]["clip_frechet_distance"]
    assert after[1]["ideal_distance"] == after[4]["ideal_distance"] < after[1]["clip_frechet_distance"]
    assert all(0 <= after[4][f"{kind}{name}"] <= 1 for kind in ("", "ideal_") for name in ("precision", "recall"))
    assert PIL.Image.open(after[4]["sheet"].paths[0]).width > 1000


def test_the_clip_score_lies_between_other_pictures_and_ideal_ones(engine: Engine) -> None:
    outputs = _run(engine, "evaluate_clip_score.yaml", count=8, steps=4).outputs
    assert outputs["pictures_of_other_captions"] < outputs["clip_score"] < outputs["ideal_pictures"] + 0.2
    assert 0 < outputs["standard_error"] < 1
    assert Path(outputs["sheet"].paths[0]).is_file()


def test_drawbench_has_a_table_for_each_system_and_a_key_to_the_sheet(engine: Engine) -> None:
    inputs = {"first": "shapes/glide", "second": "shapes/glide", "second_scale": 1.0, "per_category": 1, "steps": 2}
    outputs = _run(engine, "drawbench.yaml", **inputs).outputs
    for name in ("first", "second"):
        table = _rows(outputs[f"{name}_table"])
        assert len(table) == 12
        assert float(table[-1]["everything"]) == pytest.approx(outputs[f"{name}_score"], abs=1e-4)
    key = _rows(outputs["key"])
    assert len(key) == 11
    assert {row["left"] for row in key} == {"first, shapes/glide", "second, shapes/glide"}
    width, height = PIL.Image.open(outputs["sheet"].paths[0]).size
    assert height > 11 * 96 > width / 2


def test_equal_inputs_give_equal_sheets(engine: Engine, tmp_path: Path) -> None:
    inputs = {"first": "shapes/glide", "second": "shapes/glide", "per_category": 1, "steps": 2}
    first = _run(engine, "drawbench.yaml", **inputs).outputs["sheet"]
    fresh = Engine(engine.registry, Folders(outputs=tmp_path, cache=None), device="cpu", dtype="float32")
    assert _run(fresh, "drawbench.yaml", **inputs).outputs["sheet"].digests == first.digests
