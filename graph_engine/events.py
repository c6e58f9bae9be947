"""What a run tells while it goes: a stream of small typed events that the shell, a server and Python code all read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Event",
    "EventHandler",
    "NodeCached",
    "NodeExpanded",
    "NodeFailed",
    "NodeFinished",
    "NodePreview",
    "NodeProgress",
    "NodeStarted",
    "RunFinished",
    "RunStarted",
    "RunWarning",
    "Status",
]

Status = Literal["ok", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The plan is known: how many nodes will run and how many are cached."""

    to_run: int
    cached: int


@dataclass(frozen=True, slots=True)
class NodeStarted:
    node: str
    node_type: str


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """Step `step` of `total` inside a node is done."""

    node: str
    step: int
    total: int


@dataclass(frozen=True, slots=True)
class NodePreview:
    """A picture of the work so far; `value` is of a kind that has a preview (usually Image)."""

    node: str
    value: object


@dataclass(frozen=True, slots=True)
class NodeExpanded:
    """A node was replaced by `nodes` (a mapped list, a loop, a generated graph)."""

    node: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NodeFinished:
    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeCached:
    node: str
    source: Literal["memory", "disk"]


@dataclass(frozen=True, slots=True)
class NodeFailed:
    node: str
    message: str


@dataclass(frozen=True, slots=True)
class RunWarning:
    """Something that the user should know and that does not stop the run."""

    message: str
    node: str | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    status: Status
    seconds: float


Event = (
    RunStarted
    | NodeStarted
    | NodeProgress
    | NodePreview
    | NodeExpanded
    | NodeFinished
    | NodeCached
    | NodeFailed
    | RunWarning
    | RunFinished
)
EventHandler = Callable[[Event], None]
