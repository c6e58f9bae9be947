"""Loops: a sub-workflow run again and again on its own result. Once per element needs no node: write `[*]`."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from graph_engine import Expansion, InputDecl, Link, NodeEntry, Slider, Workflow, node

__all__ = ["repeat"]

T = TypeVar("T")


@node(category="lists")
def repeat(
    body: Workflow, value: T, times: Annotated[int, Slider(0, 1000)] = 2, settings: dict[str, Any] | None = None
) -> Expansion[T]:
    """Run a sub-workflow `times` times, each time on the result of the time before.

    `body` is `subgraph:name` or `workflow:file.yaml` with a declared input and an output called `value`; `value` goes
    in at the start. A declared input `index` of the body, if it has one, counts from 0. `settings` gives values to its
    other declared inputs, the same every time. Each round is a node of its own: it is cached, shown and cancelled as
    such, so that raising `times` runs only the new rounds.
    """
    for need, names in (("a declared input", body.inputs), ("an output", body.outputs)):
        if "value" not in names:
            raise ValueError(f"the body of a repeat needs {need} called 'value'; it has {', '.join(names) or 'none'}")
    nodes = {}
    result = Link("inputs", "value")
    for index in range(times):
        counted = {"index": index} if "index" in body.inputs else {}
        nodes[f"round{index}"] = NodeEntry("subgraph:body", {**(settings or {}), **counted}, {"value": result})
        result = Link(f"round{index}", "value")
    inputs = {"value": InputDecl("value", "any")}
    return Expansion(Workflow(nodes, inputs, {"value": result}, subgraphs={"body": body}))
