"""Everything that can go wrong, as types: a problem has a place, what was wanted, what was found, and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "Cancelled",
    "GraphEngineError",
    "InputError",
    "NodeFailure",
    "NotCached",
    "PluginBroken",
    "Problem",
    "WorkflowError",
    "did_you_mean",
]


class GraphEngineError(Exception):
    """Base of every error that the engine raises on purpose; its text is meant for the user."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a workflow, with the place where it stands."""

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.message}" if place else self.message


class WorkflowError(GraphEngineError):
    """A workflow cannot be used; carries every problem that was found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(GraphEngineError):
    """A value given to a declared input, a flag or `--set` is wrong."""


class PluginBroken(GraphEngineError):
    """A plugin that the workflow needs could not be loaded."""


class NotCached(GraphEngineError):
    """Something would have to run although the caller asked for cached results only."""


class Cancelled(GraphEngineError):
    """The run was cancelled; raised by `Context.progress` inside a node."""

    def __init__(self) -> None:
        super().__init__("the run was cancelled")


class NodeFailure(GraphEngineError):
    """A node raised; the original exception is `__cause__`."""

    def __init__(self, node: str, node_type: str, error: BaseException, where: str | None) -> None:
        self.node = node
        self.node_type = node_type
        self.error_type = type(error).__name__
        self.message = str(error) or self.error_type
        self.where = where
        place = f"{where}: " if where else ""
        super().__init__(f"{place}node '{node}' ({node_type}) failed: {self.error_type}: {self.message}")


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the closest known name, or an empty string when nothing is close."""
    close = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""
