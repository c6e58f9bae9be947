"""The hooks that a plugin can implement; each returns a list. A plugin is a module named by an entry point."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

__all__ = ["Command", "ModelSource", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("graph_engine")
hookimpl = pluggy.HookimplMarker("graph_engine")


@dataclass(frozen=True)
class ModelSource:
    """A named model: `name` without the pack's prefix (the pack `shapes` and the name `glide` give `shapes/glide`)."""

    name: str
    folder: Path
    description: str = ""


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
def register_commands() -> list[Command]:  # type: ignore[empty-body]
    """Shell commands that this pack adds to `graph-engine`."""
