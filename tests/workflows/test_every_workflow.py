"""Every saved workflow: checked, described, and run headless on the shipped models with few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from graph_engine import Engine
from graph_engine.workflow import Workflow, read_workflow

WORKFLOWS = Path(__file__).parents[2] / "workflows"
NAMES = sorted(path.name for path in WORKFLOWS.glob("*.yaml"))
FEW: dict[str, Any] = {
    "steps": 2,
    "prior_steps": 2,
    "count": 2,
    "candidates": 2,
    "keep": 1,
    "stages": 2,
    "resample": 1,
    "seeds": 2,
    "scales": 2,
    "per_category": 1,
}
"""Values of declared inputs that make a run short."""


def _short(workflow: Workflow) -> dict[str, Any]:
    known = {name: value for name, value in FEW.items() if name in workflow.inputs}
    return {name: max(value, int(workflow.inputs[name].low or value)) for name, value in known.items()}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_right_and_says_what_its_inputs_mean(engine: Engine, name: str) -> None:
    workflow = read_workflow(WORKFLOWS / name)
    assert engine.check(workflow) == []
    assert workflow.title
    assert workflow.inputs
    for decl in workflow.inputs.values():
        assert decl.description, f"the input {decl.name} of {name} is not described"
        assert decl.has_default, f"{name} does not run as it is: {decl.name} has no default"


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_its_outputs_are_there(engine: Engine, name: str) -> None:
    workflow = read_workflow(WORKFLOWS / name)
    result = engine.run(workflow, _short(workflow))
    assert result.status == "ok", result.error
    assert result.outputs.keys() == workflow.outputs.keys()
    for value in result.outputs.values():
        for path in getattr(value, "paths", ()):
            assert Path(path).stat().st_size > 0
            if path.endswith(".png"):
                with PIL.Image.open(path) as picture:
                    assert min(picture.size) >= 32
