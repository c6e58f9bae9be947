"""Everything that a client can be told went wrong: a status, a type, one sentence with the next step, and places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from graph_engine.errors import GraphEngineError, Problem, WorkflowError

__all__ = ["Failure", "FailureReport", "Place", "failure_of"]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mistake: `where` is a JSON pointer into the body, or a file and a line; `message` says what is wrong."""

    message: str
    where: str = ""


class FailureReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer from 400 on, in `{"error": {...}}`; `problems` holds each mistake, with its place."""

    type: str
    message: str
    problems: list[Place] = []


class Failure(Exception):
    """Raised by a handler; becomes the answer."""

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        problems: list[Place] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.report = FailureReport(type, message, problems or [])
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"error": msgspec.to_builtins(self.report)}


def failure_of(error: GraphEngineError) -> Failure:
    """A refusal of the engine as an answer: 422, since the call was understood and cannot be done."""
    places = [_place(problem) for problem in error.problems] if isinstance(error, WorkflowError) else []
    return Failure(422, type(error).__name__, str(error), places)


def _place(problem: Problem) -> Place:
    where = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
    return Place(problem.message, where)
