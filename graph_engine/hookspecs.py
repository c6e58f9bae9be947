"""The hooks that a plugin can implement; each returns a list. A plugin is a module named by an entry point."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

__all__ = ["Command", "ModelFacts", "ModelReader", "ModelSource", "PartFacts", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("graph_engine")
hookimpl = pluggy.HookimplMarker("graph_engine")


@dataclass(frozen=True)
class ModelSource:
    """A named model: `name` without the pack's prefix (the pack `shapes` and the name `glide` give `shapes/glide`)."""

    name: str
    folder: Path
    description: str = ""


@dataclass(frozen=True)
class PartFacts:
    """One part of a model: its kind (`Denoiser`), the class behind it, the space it works in, the space of the text
    that it reads or writes, the commonest dtype of its weights (`F16`), how many numbers they are, and their bytes."""

    name: str
    kind: str
    class_name: str = ""
    space: str = ""
    text_space: str = ""
    dtype: str = ""
    parameters: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class ModelFacts:
    """What a model is, told from its configs and the headers of its files alone."""

    name: str
    family: str
    description: str
    parts: tuple[PartFacts, ...] = ()

    @property
    def bytes(self) -> int:
        """Of all weights together."""
        return sum(part.bytes for part in self.parts)


def _nowhere(name: str) -> None:
    """No model has a place of its own."""


@dataclass(frozen=True)
class ModelReader:
    """Knows a layout in which models are published.

    find: the models below a folder, as paths relative to it; describe: (name, folder or file) -> its facts, without a
    weight being read; it raises a GraphEngineError that says what is wrong. A reader of models that have a place of
    their own, outside of the model folders, also tells those (`elsewhere`: name and folder of each) and finds one by
    its name (`locate`: its folder, None for a name that is not of that place).
    """

    find: Callable[[Path], Iterable[str]]
    describe: Callable[[str, Path], ModelFacts]
    elsewhere: Callable[[], Iterable[tuple[str, Path]]] = tuple
    locate: Callable[[str], Path | None] = _nowhere


@dataclass(frozen=True)
class Command:
    """A shell command `graph-engine NAME`; `run` gets the parsed arguments and returns the exit status."""

    name: str
    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


@hookspec
def register_nodes() -> list[Any]:  # type: ignore[empty-body]
    """Node functions of this pack; their ids become `<entry point name>.<function name>`."""


@hookspec
def register_kinds() -> list[type]:  # type: ignore[empty-body]
    """Value kinds of this pack: classes with the `@kind` decorator."""


@hookspec
def register_models() -> list[ModelSource]:  # type: ignore[empty-body]
    """Named models that this pack brings: folders with a model.json."""


@hookspec
def register_model_readers() -> list[ModelReader]:  # type: ignore[empty-body]
    """Layouts of published models that this pack can open from the model folders."""


@hookspec
def register_commands() -> list[Command]:  # type: ignore[empty-body]
    """Shell commands that this pack adds to `graph-engine`."""
