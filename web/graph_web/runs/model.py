"""Runs as clients see them: what is asked for, the states that a run goes through, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

__all__ = [
    "ENDED",
    "Change",
    "Failed",
    "NodeOutcome",
    "OutputFile",
    "PreviewOptions",
    "Run",
    "RunDetail",
    "RunOptions",
    "State",
    "Submission",
]

State = Literal["queued", "running", "interrupted", "ok", "failed", "cancelled"]
"""queued -> running -> ok, failed or cancelled. A run whose server died is queued again, or `interrupted` until a
person lets it go on, as the server was started."""
ENDED = ("ok", "failed", "cancelled")

Priority = Annotated[int, Meta(ge=-1000, le=1000)]
Targets = Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=1000)]


class PreviewOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pictures of the work so far: longest side in pixels, how many a second at most, and their format."""

    size: Annotated[int, Meta(ge=16, le=1024)] = 256
    per_second: Annotated[float, Meta(gt=0, le=30)] = 4.0
    format: Literal["jpeg", "webp"] = "jpeg"


class RunOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a run is made: only the nodes or outputs `targets` and what they need; without the cache; with previews."""

    targets: Targets = []
    use_cache: bool = True
    previews: PreviewOptions | None = None


class Submission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run to be queued: of a saved `workflow` by name, or of a `document` (the JSON of a workflow file).

    inputs: values of declared inputs; set: values of node inputs, `{"base.steps": 10}`, in place of values or links;
    priority: higher goes first; wait: seconds to wait for the end before answering.
    """

    workflow: Annotated[str, Meta(max_length=200)] = ""
    document: dict[str, Any] | UnsetType = UNSET
    inputs: dict[str, Any] = {}
    set: dict[str, Any] = {}
    options: RunOptions = RunOptions()
    priority: Priority = 0
    wait: Annotated[float, Meta(ge=0, le=300)] = 0


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a waiting run: its priority, or its place: before another waiting run of the same priority."""

    priority: Priority | UnsetType = UNSET
    before: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    place: Literal["first", "last"] | UnsetType = UNSET


class NodeOutcome(msgspec.Struct, frozen=True):
    """What became of a node: ran, memory, disk, skipped or failed; seconds is 0 for one that did not run."""

    state: str
    seconds: float = 0.0


class Failed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a run failed. `node` is empty when no node is to blame: the worker died, the input no longer fits."""

    type: str
    message: str
    node: str = ""
    where: str = ""
    traceback: str = ""


class OutputFile(msgspec.Struct, frozen=True):
    """A file that a run wrote; fetched at `url`."""

    id: str
    name: str
    url: str
    bytes: int


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run in a list. Times are seconds since 1970; `seq` is the order of submission, which no clock can change."""

    id: str
    seq: int
    state: State
    title: str
    workflow: str
    priority: int
    attempts: int
    created: float
    started: float | None = None
    finished: float | None = None
    error: Failed | None = None
    parent: str | None = None


class RunDetail(Run, frozen=True, omit_defaults=True):
    """A run with all that belongs to it. outputs: by declared name, values or lists of files; nodes: of the last
    attempt; last_event: the number of its newest event."""

    inputs: dict[str, Any] = {}
    options: RunOptions = RunOptions()
    outputs: dict[str, Any] = {}
    nodes: dict[str, NodeOutcome] = {}
    seconds: float = 0.0
    last_event: int = 0
