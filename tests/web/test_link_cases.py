"""The table of link cases that the editor's tests run too: here it is held against the checker itself."""

from __future__ import annotations

import copy
import json

import pytest

from graph_engine.checker import check
from graph_engine.errors import WorkflowError
from graph_engine.reader import read_json
from graph_engine.workflow import parse_workflow

from . import link_cases

TABLE = json.loads(link_cases.TABLE.read_text("utf-8"))
HOWS = ("one", "item", "each")


@pytest.fixture(scope="module")
def registry():
    return link_cases.registry()


def wired(body, wire, how):
    """The document with the wire in it."""
    document = {"format": 1, **copy.deepcopy(body)}
    links = document["nodes"][wire["target"]].setdefault("from", {})
    link = f"{wire['source']}.{wire['output']}"
    before = links.get(wire["input"])
    links[wire["input"]] = {
        "one": link,
        "item": [*(before if isinstance(before, list) else []), link],
        "each": f"{link}[*]",
    }[how]
    return document


def problems(registry, document, target):
    """What the checker finds wrong at a node, inside it, or with the way of the links."""
    about = (f"node '{target}'", f"node '{target}/", "the links form a cycle")
    try:
        check(parse_workflow(read_json(json.dumps(document))), registry)
    except WorkflowError as error:
        return {problem.message for problem in error.problems if problem.message.startswith(about)}
    return set()


def takes(registry, body, wire, how):
    """Whether the wire brings nothing new that is wrong."""
    before = problems(registry, {"format": 1, **body}, wire["target"])
    return problems(registry, wired(body, wire, how), wire["target"]) <= before


def test_the_catalog_of_the_table_is_what_the_server_sends(registry):
    advice = "run: python -m tests.web.link_cases"
    assert TABLE["catalog"] == link_cases.sent(registry), advice


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["about"])
def test_the_verdict_is_the_checkers(registry, case):
    found = next((how for how in HOWS if takes(registry, case["body"], case["wire"], how)), None)
    assert found == case["how"]


def test_the_table_has_every_pair_of_types_and_no_case_twice():
    pairs = {
        (case["wire"]["source"], case["wire"]["target"])
        for case in TABLE["cases"]
        if case["wire"]["source"] in link_cases.GIVERS
    }
    assert pairs >= {(f"{source}", f"take_{target}") for source in link_cases.GIVERS for target in link_cases.TAKERS}
    names = [case["about"] for case in TABLE["cases"]]
    assert len(names) == len(set(names))
    assert {case["how"] for case in TABLE["cases"]} == {*HOWS, None}
