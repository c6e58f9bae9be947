"""`graph-engine plan`: what would run and why, without running it."""

from __future__ import annotations

import json

import pytest

from .conftest import workflow


@pytest.fixture
def sums(shell):
    shell.write(
        "sum.yaml",
        workflow(
            nodes="""
            first: {node: trial.add, from: {a: inputs.start}}
            second: {node: trial.add, with: {b: 10}, from: {a: first}}
            aside: {node: trial.add, with: {a: 1}}
            unused: {node: trial.add, from: {a: aside}}
            """,
            inputs="start: {type: int, default: 5}",
            outputs="sum: second",
        ),
    )
    return shell


def states(answer):
    return {step["node"]: step["state"] for step in json.loads(answer.out)["steps"]}


def test_plan_runs_nothing(sums):
    assert states(sums("plan", "sum.yaml", "--json"))["second"] == "run"
    assert states(sums("plan", "sum.yaml", "--json"))["second"] == "run"


def test_plan_says_each_node_its_state_and_the_reason(sums):
    lines = sums("plan", "sum.yaml").lines
    assert any(line.split() == ["first", "run", "never", "run"] for line in lines)
    assert any(line.split()[:3] == ["aside", "not", "needed"] for line in lines)
    assert lines[-1] == "2 run, 2 not needed"


def test_plan_after_a_run_names_exactly_what_a_change_costs(sums):
    sums("run", "sum.yaml")
    assert states(sums("plan", "sum.yaml", "--json"))["second"] == "disk"
    answer = sums("plan", "sum.yaml", "--set", "second.b=9")
    assert any("second" in line and "b 10 -> 9" in line for line in answer.lines)
    assert states(sums("plan", "sum.yaml", "--set", "second.b=9", "--json")) == {
        "first": "disk",
        "second": "run",
        "aside": "not needed",
        "unused": "not needed",
    }


def test_plan_to_a_target_leaves_the_rest(sums):
    assert states(sums("plan", "sum.yaml", "--target", "unused", "--json"))["second"] == "not needed"


def test_require_cached_exits_with_3_until_everything_is_cached(sums):
    assert sums("plan", "sum.yaml", "--require-cached").status == 3
    sums("run", "sum.yaml")
    assert sums("plan", "sum.yaml", "--require-cached").status == 0
    assert sums("plan", "sum.yaml", "--start", "6", "--require-cached").status == 3


def test_json_steps_have_node_type_state_and_reason(sums):
    steps = json.loads(sums("plan", "sum.yaml", "--json").out)["steps"]
    assert steps[0].keys() == {"node", "node_type", "state", "reason"}
