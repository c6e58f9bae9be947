"""What a run gave: a status, the state and seconds of every node, the declared outputs, and the error if any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from graph_engine.events import Status
from graph_engine.kinds import SavedFiles, kind_of

__all__ = ["ErrorReport", "NodeReport", "NodeState", "Result"]

NodeState = Literal["ran", "memory", "disk", "skipped", "failed"]


@dataclass(frozen=True)
class NodeReport:
    """What became of one node; `seconds` is 0 for a node that did not run."""

    state: NodeState
    seconds: float = 0.0


@dataclass(frozen=True)
class ErrorReport:
    """The node that failed, the exception's type and message, the node's place in the file, and the traceback."""

    node: str
    type: str
    message: str
    where: str | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Result:
    """The outcome of a run. `outputs` holds the declared outputs by name, as far as they were computed."""

    status: Status
    nodes: Mapping[str, NodeReport] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: ErrorReport | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The object that `run --json` prints."""
        error = None
        if self.error:
            error = {name: getattr(self.error, name) for name in ("node", "type", "message", "where")}
        return {
            "status": self.status,
            "nodes": {name: asdict(report) for name, report in self.nodes.items()},
            "outputs": {name: _to_json(value) for name, value in self.outputs.items()},
            "error": error,
        }


def _to_json(value: Any) -> Any:
    """Saved files as paths (one alone, or a list), plain values as they are, other kinds as their name."""
    if isinstance(value, SavedFiles):
        return value.paths[0] if len(value.paths) == 1 else list(value.paths)
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _to_json(item) for name, item in value.items()}
    found = kind_of(type(value))
    return f"<{found.name}>" if found else value
