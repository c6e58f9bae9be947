"""What a plugin brings is found; what is wrong with one is recorded, and never stops the others."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graph_engine import Command, ModelSource, hookimpl, kind, node
from graph_engine.plugins import load_registry, pack_from_module


@node
def one() -> int:
    """One."""
    return 1


@node
def other(one: int) -> int:
    """Another one."""
    return one


@kind(color="#123456")
@dataclass(frozen=True)
class Thing:
    """A thing."""

    value: int


def pack(name: str, **hooks: Any):
    """A pack whose hooks return these values; a function is the hook itself."""
    module = ModuleType(name)
    for hook, result in hooks.items():
        implementation = result if callable(result) else (lambda found=result: found)
        setattr(module, hook, hookimpl(implementation))
    return pack_from_module(name, module)


def register_nodes() -> list[Any]:
    raise RuntimeError("out of cheese")


def test_everything_that_a_pack_brings_is_registered_under_its_name():
    command = Command("cheese", "sells cheese", lambda parser: None, lambda options: 0)
    model = ModelSource("tiny", Path("tiny"), "a small one")
    found = pack(
        "mine",
        register_nodes=[one, other],
        register_kinds=[Thing],
        register_models=[model],
        register_commands=[command],
    )
    registry = load_registry([found])
    assert set(registry.nodes) == {"mine.one", "mine.other"}
    assert registry.nodes["mine.one"].pack == "mine"
    assert registry.kinds == {"Thing": Thing}
    assert registry.models == {"mine/tiny": ModelSource("mine/tiny", Path("tiny"), "a small one")}
    assert registry.commands == {"cheese": command}
    assert registry.problems == []


def test_two_packs_may_have_nodes_of_one_name():
    registry = load_registry([pack("left", register_nodes=[one]), pack("right", register_nodes=[one])])
    assert set(registry.nodes) == {"left.one", "right.one"}


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ({"register_nodse": [one]}, "has a hook 'register_nodse' that does not exist"),
        ({"register_nodes": [one, one]}, "the node id 'mine.one' is registered twice"),
        ({"register_nodes": [len]}, "is no node; decorate it with @node"),
        ({"register_nodes": register_nodes}, "register_nodes failed: RuntimeError: out of cheese"),
        ({"register_nodes": {"one": one}}, "must return a list, found dict"),
        ({"register_kinds": [int]}, "is no kind; decorate it with @kind"),
        ({"register_models": ["tiny"]}, "is no ModelSource"),
        ({"register_models": [ModelSource("a", Path()), ModelSource("a", Path())]}, "'mine/a' is registered twice"),
        ({"register_commands": ["run"]}, "is no Command"),
    ],
)
def test_what_is_wrong_with_a_pack_is_said_and_the_others_work(hooks, message):
    registry = load_registry([pack("mine", **hooks), pack("good", register_nodes=[other])])
    assert [message in problem.message for problem in registry.problems] == [True]
    assert registry.problems[0].pack == "mine"
    assert "good.other" in registry.nodes


def test_two_kinds_of_one_name_keep_the_first():
    @kind(color="#654321")
    @dataclass(frozen=True)
    class Thing:
        """Another thing."""

    registry = load_registry(
        [pack("first", register_kinds=[globals()["Thing"]]), pack("second", register_kinds=[Thing])]
    )
    assert registry.kinds["Thing"] is globals()["Thing"]
    assert "the kind 'Thing' is registered twice" in registry.problems[0].message


def test_installed_packs_are_found_by_their_entry_points_the_built_in_one_first(install):
    install("aaa", "from graph_engine import hookimpl")
    variables = install("burst", "raise SystemExit('no parrot')")
    code = (
        "import json; from graph_engine.plugins import find_plugins; print(json.dumps("
        "[[p.name, p.distribution, p.version, p.problem and p.problem.message] for p in find_plugins()]))"
    )
    run = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    packs = json.loads(run.stdout)
    assert packs[0][0] == "core"
    assert ["aaa", "test-pack-aaa", "1.2", None] in packs
    burst = next(found for found in packs if found[0] == "burst")
    assert "SystemExit: no parrot" in burst[3]
    assert "pip uninstall test-pack-burst" in burst[3]
