"""A file that was written for an older version of a node, brought up by the publisher's own functions."""

from __future__ import annotations

from typing import Any

import pytest

from graph_engine import node

from .toys import engine, workflow


@node(version=3)
def scale(amount: int, factor: int = 1) -> int:
    """Version 1 called `amount` `number`; version 2 had `percent` in place of `factor`."""
    return amount * factor


@scale.upgrade(1)
def _renamed(inputs: dict[str, Any]) -> dict[str, Any]:
    inputs["amount"] = inputs.pop("number")
    return inputs


@scale.upgrade(2)
def _percent(inputs: dict[str, Any]) -> dict[str, Any]:
    inputs["factor"] = inputs.pop("percent", 100) // 100
    return inputs


@node(version=3)
def lost(a: int = 0) -> int:
    """Has an upgrade from version 1 only, and a bad one."""
    return a


@lost.upgrade(1)
def _raises(inputs: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("gone")


CASES = [
    ("x: {node: toy.scale, version: 1, with: {number: 2, percent: 300}}", 6),
    ("x: {node: toy.scale, version: 2, with: {amount: 2, percent: 300}}", 6),
    ("x: {node: toy.scale, version: 3, with: {amount: 2, factor: 3}}", 6),
    ("x: {node: toy.scale, with: {amount: 2, factor: 3}}", 6),
    ("n: {node: toy.number, with: {value: 4}}\n  x: {node: toy.scale, version: 1, from: {number: n}}", 4),
]


@pytest.mark.parametrize(("nodes", "value"), CASES)
def test_values_and_links_are_renamed_and_rewritten(nodes, value):
    assert engine(None, scale).run(workflow(f"nodes:\n  {nodes}\noutputs: {{x: x}}")).outputs == {"x": value}


MISTAKES = [
    (
        "x: {node: toy.scale, version: 9, with: {amount: 1}}",
        "the file was written for toy.scale version 9, installed is 3",
    ),
    ("x: {node: toy.lost, version: 2}", "toy.lost has no upgrade from version 2; set the node's values anew"),
    ("x: {node: toy.lost, version: 1}", "its upgrade from version 1 failed: KeyError: 'gone'; set its values anew"),
    ("x: {node: toy.scale, version: 1}", "its upgrade from version 1 failed: KeyError: 'number'"),
]


@pytest.mark.parametrize(("nodes", "message"), MISTAKES)
def test_what_cannot_be_upgraded_is_told_and_nothing_crashes(nodes, message):
    problems = engine(None, scale, lost).check(workflow(f"nodes:\n  {nodes}"))
    assert any(str(problem).startswith(f"flow.yaml:3: node 'x': {message}") for problem in problems), problems
