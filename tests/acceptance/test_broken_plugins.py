"""Broken plugins, installed for real: the program goes on, and `plugins` says what is wrong with each."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Install

from .conftest import Shell

NODE = """
from graph_engine import hookimpl, node

@node
def twice(value: int = 1) -> int:
    '''Two times a number.'''
    return 2 * value
"""
BROKEN = {
    "raises": ("raise RuntimeError('no such library')", "could not be imported: RuntimeError: no such library"),
    "exits": ("raise SystemExit(3)", "could not be imported: SystemExit: 3"),
    "duplicate": (
        NODE + "@hookimpl\ndef register_nodes(): return [twice, twice]\n",
        "the node id 'duplicate.twice' is registered twice",
    ),
    "misspelt": (
        NODE + "@hookimpl\ndef register_nodez(): return [twice]\n",
        "has a hook 'register_nodez' that does not exist",
    ),
}


def test_the_program_goes_on_and_plugins_says_what_is_wrong(shell: Shell, install: Install, tmp_path: Path) -> None:
    for name, (source, _) in BROKEN.items():
        environment = install(name, source)
    other = Shell(tmp_path, {"PYTHONPATH": environment["PYTHONPATH"]})
    listed = other.run("plugins")
    for _, words in BROKEN.values():
        assert words in listed.stdout + listed.stderr
    path = tmp_path / "fine.yaml"
    path.write_text("format: 1\nnodes: {n: {node: duplicate.twice, with: {value: 4}}}\noutputs: {n: n}\n")
    assert other.json("run", path)["outputs"] == {"n": 8}
    path.write_text("format: 1\nnodes: {n: {node: raises.anything}}\noutputs: {n: n}\n")
    needed = other.run("run", path)
    assert needed.returncode == 4
    assert "no such library" in needed.stderr
