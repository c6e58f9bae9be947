"""Every hook and every node is documented where its users look."""

from __future__ import annotations

import inspect
import re
from typing import TypeVar, get_args, get_origin

import pytest

from graph_engine import hookspecs
from graph_engine.kinds import kind_of
from graph_engine.plugins import load_registry, pack_from_module
from graph_engine.sockets import split_optional

from .sources import ROOT

HOOKS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("register_")}


def registry():
    import graph_engine_posterize
    import graph_engine_shapes
    import graph_nodes

    names = {"core": graph_nodes, "shapes": graph_engine_shapes, "posterize": graph_engine_posterize}
    return load_registry([pack_from_module(name, module) for name, module in names.items()])


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_section_of_its_own_with_its_signature(hook):
    page = (ROOT / "docs/plugins/publishing.md").read_text()
    section = re.search(rf"^## `{hook}`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert section, f"docs/plugins/publishing.md has no section '## `{hook}`'"
    returns = inspect.signature(HOOKS[hook]).return_annotation
    assert f"def {hook}() -> {returns}" in section[1]


def test_the_packs_of_this_repository_register_without_a_problem():
    assert [str(problem) for problem in registry().problems] == []


def test_every_node_says_what_it_does_in_a_sentence():
    short = [spec.id for spec in registry().nodes.values() if len(spec.doc) < 20 or not spec.doc[0].isupper()]
    assert short == []


def explains_itself(name, tp):
    """A value kind says what it is; so do `value` of a value node and the lists that list nodes work on."""
    tp, _ = split_optional(tp)
    if get_origin(tp) is list:
        tp = get_args(tp)[0]
    return kind_of(tp) is not None or isinstance(tp, TypeVar) or name == "value"


def test_every_input_that_a_person_sets_is_documented():
    missing = [
        f"{spec.id}: {name}"
        for spec in registry().nodes.values()
        for name, socket in spec.inputs.items()
        if not explains_itself(name, socket.type) and not re.search(rf"\b{name}\b", spec.doc, re.IGNORECASE)
    ]
    assert missing == []


def test_every_kind_has_a_description_and_a_colour():
    for name, cls in registry().kinds.items():
        found = kind_of(cls)
        assert found.description, name
        assert re.fullmatch(r"#[0-9a-f]{6}", found.color), name
