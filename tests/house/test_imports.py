"""Each module imports alone in a fresh interpreter, and quick ones stay quick."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from .sources import PACKAGES, modules

HEAVY = {"torch", "numpy", "PIL", "diffusers", "transformers", "networkx", "rich", "safetensors", "matplotlib"}

IMPORT_EACH_IN_A_FORK = """
import importlib, json, os, sys, traceback
warm_up, names = json.load(sys.stdin)
for name in warm_up:  # other people's packages, which are slow, come in once; ours are forgotten again
    importlib.import_module(name)
for name in [name for name in sys.modules if name.partition(".")[0] in {name.partition(".")[0] for name in names}]:
    del sys.modules[name]
for name in names:
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            importlib.import_module(name)
            answer = ["", sorted({module.partition(".")[0] for module in sys.modules})]
        except BaseException:
            answer = [traceback.format_exc(), []]
        os.write(write, json.dumps([name, *answer]).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        print(pipe.read(), flush=True)
    os.wait()
"""


def import_each(names: list[str], warm_up: list[str]) -> dict[str, tuple[str, set[str]]]:
    """For each module: the traceback of its import in a process of its own, and the top packages loaded there."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH_IN_A_FORK],
        input=json.dumps([warm_up, names]),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return {name: (error, set(loaded)) for name, error, loaded in answers}


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_imports_alone(package):
    names = [name for name, _ in modules(package) if not name.endswith("__main__")]
    assert {name: error for name, (error, _) in import_each(names, warm_up=names).items() if error} == {}


def test_the_engine_and_the_packs_load_without_anything_heavy():
    loaded = import_each(["graph_engine.engine", "graph_engine.cli.main", *PACKAGES], warm_up=[])
    assert {name: packages & HEAVY for name, (_, packages) in loaded.items() if packages & HEAVY} == {}
