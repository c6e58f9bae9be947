"""Drawings: nothing overlaps, links run forward where they can, and size and mistakes are no obstacle."""

from __future__ import annotations

import itertools
import time
import xml.etree.ElementTree as ET

import pytest

from graph_engine import InputDecl, Link, NodeEntry, Workflow
from graph_engine.draw import draw_svg
from graph_engine.draw.arrange import arrange
from graph_engine.draw.boxes import INPUTS, OUTPUTS, read_boxes
from graph_engine.plugins import load_registry

from .conftest import trial_packs


@pytest.fixture
def registry():
    return load_registry(trial_packs())


def ladder(count):
    """Two chains with rungs between them, inputs for all, and one output."""
    nodes = {}
    for index in range(count):
        before = Link(f"a{index - 1}") if index else Link("inputs", "start")
        nodes[f"a{index}"] = NodeEntry("trial.add", {"b": index}, {"a": before})
        nodes[f"b{index}"] = NodeEntry("trial.add", {}, {"a": Link(f"a{index}"), "b": Link("inputs", "more")})
    inputs = {name: InputDecl(name, "int") for name in ("start", "more")}
    return Workflow(nodes, inputs, {"sum": Link(f"b{count - 1}")}, title="A ladder")


def test_no_two_boxes_overlap(registry):
    places = [place for place in arrange(*read_boxes(ladder(12), registry)).places.values() if place.box]
    for one, other in itertools.combinations(places, 2):
        apart_x = one.x + one.width < other.x or other.x + other.width < one.x
        apart_y = one.y + one.height < other.y or other.y + other.height < one.y
        assert apart_x or apart_y, (one.box.id, other.box.id)


def test_links_run_from_left_to_right(registry):
    arranged = arrange(*read_boxes(ladder(6), registry))
    for wire in arranged.wires:
        assert arranged.places[wire.source].x < arranged.places[wire.target].x
    assert arranged.places[INPUTS].layer == 0
    assert arranged.places[OUTPUTS].layer == max(place.layer for place in arranged.places.values())


def test_wires_go_around_the_boxes_between_their_ends(registry):
    arranged = arrange(*read_boxes(ladder(6), registry))
    waypoints = [place for place in arranged.places.values() if place.box is None]
    boxes = [place for place in arranged.places.values() if place.box]
    assert waypoints
    assert not any(
        box.layer == point.layer and box.y <= point.y <= box.y + box.height for point in waypoints for box in boxes
    )


def test_the_same_workflow_gives_the_same_picture(registry):
    assert draw_svg(ladder(5), registry) == draw_svg(ladder(5), registry)


def test_a_cycle_is_drawn(registry):
    nodes = {
        "a": NodeEntry("trial.add", {}, {"a": Link("b")}),
        "b": NodeEntry("trial.add", {}, {"a": Link("a"), "b": Link("b")}),
    }
    assert draw_svg(Workflow(nodes), registry).count("<circle") == 5


def test_an_empty_workflow_is_drawn(registry):
    ET.fromstring(draw_svg(Workflow({}), registry))


def test_names_and_values_cannot_break_the_picture(registry):
    nasty = "</text><script>alert(1)</script>&\x00\x1b"
    nodes = {"a": NodeEntry("trial.shout", {"text": nasty}, title=nasty)}
    root = ET.fromstring(draw_svg(Workflow(nodes, title=nasty), registry))
    assert not [item for item in root.iter() if item.tag.endswith("script")]


def test_muted_and_bypassed_nodes_are_dashed_and_say_so(registry):
    nodes = {
        "a": NodeEntry("trial.add", {"a": 1}, mode="mute"),
        "b": NodeEntry("trial.add", {"a": 1}, mode="bypass"),
        "c": NodeEntry("trial.add", {"a": 1}),
    }
    text = draw_svg(Workflow(nodes), registry)
    assert text.count("stroke-dasharray") == 2
    assert text.count("muted: trial.add") == text.count("bypassed: trial.add") == 1
    boxes, _ = read_boxes(Workflow(nodes), registry)
    widths = {name: place.width for name, place in arrange(boxes, []).places.items()}
    assert widths["b"] >= widths["c"]


def test_a_chain_of_a_thousand_nodes_is_drawn_in_seconds(registry):
    begun = time.process_time()
    draw_svg(ladder(500), registry)
    assert time.process_time() - begun < 10
