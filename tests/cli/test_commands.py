"""`cache`, `draw`, plugin commands, and the front door."""

from __future__ import annotations

import argparse
import xml.etree.ElementTree as ET
from types import ModuleType

import pytest

from graph_engine import Command, hookimpl
from graph_engine.cli.main import COMMANDS
from graph_engine.plugins import pack_from_module

from .conftest import Shell, trial_packs, workflow

CHAIN = workflow(
    nodes="""
    first: {node: trial.add, with: {a: 1}}
    second: {node: trial.add, from: {a: first, b: inputs.more}}
    """,
    inputs="more: {type: int, default: 3}",
    outputs="sum: second",
)


@pytest.fixture
def chain(shell):
    shell.write("chain.yaml", CHAIN)
    return shell


def test_cache_info_counts_what_runs_left_there(chain):
    assert "results  0" in chain("cache", "info").out
    chain("run", "chain.yaml")
    info = chain("cache", "info").out
    assert "results  2" in info
    assert str(chain.folder / "cache") in info


def test_cache_clear_forgets_everything(chain):
    chain("run", "chain.yaml")
    assert chain("cache", "clear").out.startswith("removed ")
    assert "results  0" in chain("cache", "info").out
    assert "2 ran" in chain("run", "chain.yaml").err


def test_cache_gc_keeps_the_size_that_is_asked_for(chain):
    chain("run", "chain.yaml")
    assert chain("cache", "gc", "--size", "1M").out == "removed 0 B\n"
    assert chain("cache", "gc", "--size", "0").out != "removed 0 B\n"
    assert "results  0" in chain("cache", "info").out


def test_cache_verify_removes_what_is_damaged(chain):
    chain("run", "chain.yaml")
    entry = next(path for path in (chain.folder / "cache").rglob("*") if path.is_file() and len(path.name) == 64)
    entry.write_bytes(entry.read_bytes()[:-3] + b"xxx")
    assert chain("cache", "verify").out == "1 results are sound, 1 were damaged and are removed\n"
    assert "1 ran" in chain("run", "chain.yaml").err


def test_a_cache_action_that_does_not_exist_is_refused(chain):
    answer = chain("cache", "explode")
    assert answer.status == 2
    assert "explode" in answer.err


def test_draw_writes_an_svg_with_every_node_and_the_given_values(chain):
    answer = chain("draw", "chain.yaml", "-o", "chain.svg", "--more", "42")
    assert answer.lines == ["chain.svg"]
    texts = [item.text for item in ET.parse(chain.folder / "chain.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"first", "second", "Inputs", "Outputs", "more", "42", "sum"} <= set(texts)


def test_draw_goes_to_stdout_without_a_file_name(chain):
    assert chain("draw", "chain.yaml").out.startswith("<svg ")


def test_draw_can_show_the_plan(chain):
    chain("run", "chain.yaml")
    out = chain("draw", "chain.yaml", "--plan", "--more", "4").out
    assert ">disk</text>" in out
    assert ">run</text>" in out


def test_a_workflow_with_mistakes_is_drawn_as_far_as_it_goes(shell):
    shell.write("odd.yaml", workflow("a: {node: gone.node, from: {x: b}}\nb: {node: trial.add, from: {a: a}}"))
    answer = shell("draw", "odd.yaml")
    assert answer.status == 0
    assert "unknown: gone.node" in answer.out


def with_command() -> list[object]:
    module = ModuleType("greeter")

    def configure(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--name", default="you")

    def run(options: argparse.Namespace) -> int:
        return 7 if options.name == "seven" else 0

    @hookimpl
    def register_commands() -> list[Command]:
        return [Command("greet", "says hello", configure, run)]

    module.register_commands = register_commands
    return [*trial_packs(), pack_from_module("greeter", module)]


def test_a_plugin_command_is_a_command(tmp_path):
    shell = Shell(tmp_path, with_command)
    assert shell("greet").status == 0
    assert shell("greet", "--name", "seven").status == 7
    assert "says hello" in shell("--help").out
    assert "--name NAME" in shell("greet", "--help").out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(shell, command):
    answer = shell(command, "--help")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: graph-engine {command}")


def test_the_front_door_lists_every_command(shell):
    assert shell().out == shell("--help").out
    assert all(f"\n  {command} " in shell().out for command in COMMANDS)


def test_an_unknown_command_gets_a_suggestion(shell):
    answer = shell("rnu")
    assert (answer.status, answer.err) == (
        2,
        "graph-engine: no command 'rnu'. Did you mean 'run'? See: graph-engine --help\n",
    )


def test_the_version_is_the_packages_own(shell):
    from importlib.metadata import version

    assert shell("--version").lines == [f"graph-engine {version('graph-engine')}"]
