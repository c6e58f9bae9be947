"""What the queue knows of a worker: jobs go in, events and previews come out, and one outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec

from graph_web.runs.model import RunOptions

__all__ = ["Job", "JobOutcome", "OnEvent", "OnPreview", "Preview", "Status", "Worker", "WorkerDied", "WorkerPlaces"]


class WorkerPlaces(msgspec.Struct, frozen=True):
    """Where a worker reads and writes, what it computes on, and its packs when they are not the installed ones.

    inputs: the roots of file parameters. library: the saved workflows. templates: the folder that sub-workflows are
    looked for in after the one of the file that names them. models: the folders of checkpoints.
    """

    outputs: str
    cache: str
    inputs: list[str]
    library: str
    device: str = "auto"
    dtype: str = "auto"
    packs: list[tuple[str, str]] = []
    templates: str = ""
    models: list[str] = []

    @property
    def unsaved(self) -> Path:
        """The file that a document without a file of its own is taken to be: relative names start beside it."""
        return Path(self.library) / "unsaved.json"


class Job(msgspec.Struct, frozen=True):
    """One attempt of one run. document: the JSON text of the workflow."""

    run: str
    document: str
    inputs: dict[str, Any] = {}
    options: RunOptions = RunOptions()


class JobOutcome(msgspec.Struct, frozen=True):
    """How a job ended: `ok`, `failed` or `cancelled`; body: what RunDetail adds to Run; files: what it wrote, as
    (output, path relative to the outputs folder, bytes)."""

    state: str
    body: dict[str, Any] = {}
    files: list[tuple[str, str, int]] = []


@dataclass(frozen=True)
class Preview:
    """An encoded picture of the work so far."""

    run: str
    node: str
    format: str
    width: int
    height: int
    data: bytes = field(repr=False)


class Status(msgspec.Struct, frozen=True):
    """What a worker is made of now. warm: names of loaded models; bytes: of warm models, of cached values in memory,
    and of the process."""

    device: str
    dtype: str
    pid: int
    warm: list[str] = []
    warm_bytes: int = 0
    cached_bytes: int = 0
    resident_bytes: int = 0


class WorkerDied(Exception):
    """The worker ended while it ran jobs; its text says how."""


OnEvent = Callable[[str, dict[str, Any]], None]
"""(run, event)"""
OnPreview = Callable[[Preview], None]


class Worker(Protocol):
    """Runs jobs, several at once as far as the queue gives it several."""

    async def start(self) -> None:
        """Be ready for jobs."""

    async def run(self, job: Job, on_event: OnEvent, on_preview: OnPreview) -> JobOutcome:
        """Run a job to its end; raises WorkerDied."""

    def cancel(self, run: str) -> None:
        """Ask a job to stop at its next step."""

    async def end(self, reason: str) -> None:
        """End the worker at once, whatever it is doing: its jobs raise WorkerDied(reason). The next job starts it."""

    async def status(self) -> Status | None:
        """What it holds; None when it is not running, or too busy to say."""

    async def free(self) -> None:
        """Let warm models and values in memory go."""

    async def close(self) -> None:
        """End for good."""
