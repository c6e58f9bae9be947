"""The shell as a process: how it starts, what it imports, and how it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import workflow

HEAVY = {"torch", "diffusers", "transformers", "networkx", "numpy", "PIL", "rich"}
TRIAL = (Path(__file__).parent / "trial.py").read_text()

LIST_MODULES = """
import json, sys
from graph_engine.cli import main
status = main(sys.argv[1:])
sys.stderr.write("\\n" + json.dumps([int(status), sorted({name.partition(".")[0] for name in sys.modules})]))
"""
GOOD = workflow("a: {node: trial.add, with: {a: 1}}\nb: {node: trial.add, from: {a: a}}", outputs="sum: b")


@pytest.fixture
def process(install, tmp_path):
    """Environment variables of a process that finds the trial pack, with folders of its own."""
    variables = install("trial", TRIAL)
    (tmp_path / "good.yaml").write_text(GOOD)
    folders = {f"GRAPH_ENGINE_{name.upper()}": str(tmp_path / name) for name in ("outputs", "cache")}
    return {**variables, **folders, "COLUMNS": "80"}


QUICK = [
    ["--help"],
    ["run", "good.yaml", "--help"],
    ["nodes"],
    ["nodes", "trial.add"],
    ["plugins"],
    ["models"],
    ["schema"],
    ["check", "good.yaml"],
    ["plan", "good.yaml"],
    ["cache", "info"],
    ["cache", "clear"],
]


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_a_command_without_a_model_imports_nothing_heavy(process, tmp_path, arguments):
    command = [sys.executable, "-c", LIST_MODULES, *arguments]
    run = subprocess.run(command, env=process, cwd=tmp_path, capture_output=True, text=True, check=True)
    status, modules = json.loads(run.stderr.splitlines()[-1])
    assert status == 0
    assert HEAVY & set(modules) == set()


def test_a_cached_run_imports_nothing_heavy(process, tmp_path):
    command = [sys.executable, "-c", LIST_MODULES, "run", "good.yaml"]
    for _ in range(2):
        run = subprocess.run(command, env=process, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "from the disk cache" in run.stderr
    assert HEAVY & set(json.loads(run.stderr.splitlines()[-1])[1]) == set()


def test_listing_nodes_takes_less_than_half_a_second_of_cpu(process, tmp_path):
    command = [sys.executable, "-m", "graph_engine.cli", "nodes"]
    subprocess.run(command, env=process, cwd=tmp_path, check=True, capture_output=True)
    seconds = []
    for _ in range(3):
        before = os.times()
        subprocess.run(command, env=process, cwd=tmp_path, check=True, capture_output=True)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 0.5


WAITING = workflow(
    nodes="""
    before: {node: trial.add, with: {a: 1}}
    long: {node: trial.wait, with: {seconds: 60.0}}
    """,
    outputs="""
    sum: before
    long: long
    """,
)


def start_waiting(process, tmp_path):
    (tmp_path / "wait.yaml").write_text(WAITING)
    command = [sys.executable, "-m", "graph_engine.cli", "run", "wait.yaml", "--json"]
    running = subprocess.Popen(
        command, env=process, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    entries = tmp_path / "cache"
    deadline = time.monotonic() + 30
    while not [path for path in entries.rglob("*") if len(path.name) == 64]:  # the first node is done
        assert time.monotonic() < deadline, "the run did not start"
        time.sleep(0.05)
    time.sleep(0.2)
    return running


def test_ctrl_c_stops_within_a_step_exits_with_130_and_keeps_what_is_done(process, tmp_path):
    running = start_waiting(process, tmp_path)
    begun = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert time.monotonic() - begun < 5
    assert running.returncode == 130
    assert "Stopping after this step" in err
    data = json.loads(out)
    assert data["status"] == "cancelled"
    assert data["nodes"]["before"]["state"] == "ran"
    command = [sys.executable, "-m", "graph_engine.cli", "plan", "wait.yaml", "--json"]
    plan = subprocess.run(command, env=process, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert {step["node"]: step["state"] for step in json.loads(plan.stdout)["steps"]} == {
        "before": "disk",
        "long": "run",
    }


STUBBORN = """
import sys, threading
from graph_engine import hookimpl, node

@node
def stubborn() -> int:
    "Never looks up."
    print("at work", file=sys.stderr, flush=True)
    threading.Event().wait(60)
    return 0

@hookimpl
def register_nodes():
    return [stubborn]
"""


def test_a_second_ctrl_c_ends_the_process_at_once(install, process, tmp_path):
    install("stub", STUBBORN)
    (tmp_path / "stub.yaml").write_text(workflow("one: {node: stub.stubborn}"))
    command = [sys.executable, "-m", "graph_engine.cli", "run", "stub.yaml"]
    running = subprocess.Popen(command, env=process, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert running.stderr.readline() == "at work\n"
    running.send_signal(signal.SIGINT)
    assert "Stopping after this step" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=10) == 130
    running.stderr.close()


def test_a_reader_that_goes_away_is_no_error(process, tmp_path):
    command = f"{sys.executable} -m graph_engine.cli schema | head -1"
    run = subprocess.run(["bash", "-c", command], env=process, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stderr == ""


def test_a_broken_plugin_among_the_installed_ones_is_told_and_survived(install, process, tmp_path):
    install("burst", "raise ImportError('no parrot')")
    run = subprocess.run(
        [sys.executable, "-m", "graph_engine.cli", "plugins"],
        env=process,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "test-pack-burst 1.2" in run.stdout
    assert "no parrot" in run.stdout
    assert "pip uninstall test-pack-burst" in run.stdout
