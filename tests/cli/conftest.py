"""The real shell in this process: arguments in, exit code and what was printed out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graph_engine.cli import main
from graph_engine.cli.environment import Environment
from graph_engine.plugins import Pack, pack_from_module

from . import trial


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def trial_packs() -> list[Pack]:
    return [pack_from_module("trial", trial)]


@dataclass
class Shell:
    """A working folder with the shell in it; nothing of the user's own folders is touched."""

    folder: Path
    packs: Callable[[], Iterable[Pack]] = trial_packs
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("outputs", "cache", "data"):
            self.variables[f"GRAPH_ENGINE_{name.upper()}"] = str(self.folder / name)

    def __call__(self, *arguments: str, terminal: bool = False) -> Answer:
        out, err = io.StringIO(), Terminal() if terminal else io.StringIO()
        environment = Environment(io.StringIO(), out, err, self.variables, self.folder, self.packs)
        status = main(arguments, environment)
        return Answer(int(status), out.getvalue(), err.getvalue())

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def with_core(tmp_path: Path) -> Shell:
    """The same with the built-in nodes beside the trial ones."""
    import graph_nodes

    def packs() -> list[Pack]:
        return [pack_from_module("core", graph_nodes), *trial_packs()]

    return Shell(tmp_path, packs)


def workflow(nodes: str, inputs: str = "", outputs: str = "") -> str:
    """The text of a workflow file; each argument holds the lines of its section."""
    sections: dict[str, Any] = {"inputs": inputs, "nodes": nodes, "outputs": outputs}
    parts = ["format: 1"]
    for name, lines in sections.items():
        if lines:
            parts += [f"{name}:", *(f"  {line.strip()}" for line in lines.strip().splitlines())]
    return "\n".join(parts) + "\n"
