"""Draws a workflow as an SVG that a person can read: boxes in layers from left to right, links coloured by kind."""

from __future__ import annotations

from collections.abc import Mapping

from graph_engine.draw.arrange import arrange
from graph_engine.draw.boxes import read_boxes
from graph_engine.draw.svg import render
from graph_engine.plugins import Registry
from graph_engine.workflow import Workflow

__all__ = ["draw_svg"]


def draw_svg(workflow: Workflow, registry: Registry, states: Mapping[str, str] | None = None) -> str:
    """The text of an SVG file.

    states: what a plan says of each node (`run`, `memory`, `disk`, `not needed` ...), shown on its box when given.
    A workflow with mistakes is drawn as far as it goes: unknown nodes are dashed (as are muted and
    bypassed ones, which are right), links to nowhere are left out.
    """
    boxes, wires = read_boxes(workflow, registry)
    return render(arrange(boxes, wires), workflow.title, states or {})
