"""One broken plugin is a recorded problem that names its package; everything else goes on."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from graph_engine import Command, ModelSource, hookimpl
from graph_engine.engine import Engine
from graph_engine.plugins import load_registry, pack_from_module

from .toys import KINDS, Coin, add, number, pack, workflow


class Nasty:
    """Whatever is asked of it raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def module(**hooks: Any) -> types.ModuleType:
    made = types.ModuleType("made")
    for name, function in hooks.items():
        function.__name__ = name
        setattr(made, name, hookimpl(function))
    return made


def raising(error: BaseException) -> Any:
    def hook() -> list[Any]:
        raise error

    return hook


def another_coin() -> type:
    from dataclasses import dataclass

    from graph_engine import kind

    @kind(color="#000000")
    @dataclass(frozen=True)
    class Coin:
        """Not the toys' coin."""

    return Coin


CASES = [
    (module(register_nodes=raising(ImportError("no torch"))), "register_nodes failed: ImportError: no torch", True),
    (module(register_nodes=raising(SystemExit(3))), "register_nodes failed: SystemExit: 3", True),
    (module(register_nodes=lambda: None), "register_nodes failed: TypeError: must return a list, found NoneType", True),
    (module(register_nodes=lambda: {add}), "register_nodes failed: TypeError: must return a list, found set", True),
    (
        module(register_nodes=lambda: [len]),
        "register_nodes: <built-in function len> is no node; decorate it with @node",
        False,
    ),
    (module(register_nodes=lambda: [Nasty()]), "register_nodes: a Nasty is no node; decorate it with @node", False),
    (
        module(register_nodes=lambda: [add, add]),
        "register_nodes: the node id 'bad.add' is registered twice; the first",
        False,
    ),
    (module(register_kinds=lambda: [int]), "register_kinds: <class 'int'> is no kind; decorate it with @kind", False),
    (
        module(register_kinds=lambda: [another_coin()]),
        "register_kinds: the kind 'Coin' is registered twice; the first",
        False,
    ),
    (module(register_models=lambda: ["x"]), "register_models: 'x' is no ModelSource", False),
    (module(register_commands=lambda: ["x"]), "register_commands: 'x' is no Command", False),
    (
        module(register_node=lambda: []),
        "has a hook 'register_node' that does not exist and is never called; the hooks are ",
        False,
    ),
    (module(register_nodes=lambda wrong: []), "refused: ", False),
]


@pytest.mark.parametrize(("bad", "message", "fatal"), CASES)
def test_a_broken_plugin_is_told_and_the_others_go_on(bad, message, fatal):
    registry = load_registry([pack("good", [number], KINDS), pack_from_module("bad", bad), pack("after", [add])])
    assert "good.number" in registry.nodes
    assert "after.add" in registry.nodes
    problem = registry.problems[0]
    assert len(registry.problems) == 1
    assert str(problem).startswith(f"plugin 'bad' of module made: {message}")
    assert problem.fatal is fatal


def test_a_node_of_a_broken_plugin_is_unknown_because_of_it():
    bad = module(register_nodes=raising(ImportError("no torch")))
    one = Engine(load_registry([pack_from_module("bad", bad)]), device="cpu", disk=False)
    (problem,) = one.check(workflow("nodes: {x: {node: bad.thing}}"))
    assert str(problem).startswith(
        "flow.yaml:2: unknown node 'bad.thing': plugin 'bad' of module made: register_nodes failed"
    )


def test_the_same_name_twice_is_refused():
    registry = load_registry([pack("good", [number]), pack("good", [add])])
    assert "refused: " in str(registry.problems[0])
    assert list(registry.nodes) == ["good.number"]


def test_models_and_commands_are_registered_under_their_names():
    def run(_options: Any) -> int:
        return 0

    command = Command("thing", "does it", lambda parser: None, run)
    bag = module(
        register_models=lambda: [ModelSource("m", Path("folder"))] * 2, register_commands=lambda: [command] * 2
    )
    registry = load_registry([pack_from_module("bag", bag)])
    assert list(registry.models) == ["bag/m"]
    assert registry.commands == {"thing": command}
    assert [str(problem).partition(": ")[2] for problem in registry.problems] == [
        "register_models: the model 'bag/m' is registered twice; the first one is kept",
        "register_commands: the command 'thing' is registered twice; the first one is kept, rename the second",
    ]


def test_an_installed_plugin_that_cannot_be_imported_names_its_package(install, monkeypatch):
    import os
    import sys

    environment = install("broken", "raise SystemExit('bye')\n")
    monkeypatch.setattr(sys, "path", [environment["PYTHONPATH"].split(os.pathsep)[0], *sys.path])
    problem = next(one for one in load_registry().problems if one.pack == "broken")
    assert str(problem) == (
        "plugin 'broken' of test-pack-broken: could not be imported: SystemExit: bye; "
        "mend it or remove it with: pip uninstall test-pack-broken"
    )


def test_registries_share_nothing():
    first, second = load_registry([pack("a", [number], [Coin])]), load_registry([pack("b", [add])])
    assert (list(first.nodes), list(second.nodes)) == (["a.number"], ["b.add"])
    assert (list(first.kinds), list(second.kinds)) == (["Coin"], [])
