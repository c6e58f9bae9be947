"""What a run shows while it goes: a bar for each node on a terminal, nothing but warnings elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graph_engine import events
from graph_engine.cli.environment import Environment

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["follow"]


@contextmanager
def follow(environment: Environment, *, quiet: bool) -> Iterator[events.EventHandler]:
    """A handler for the run's events; the display is taken down when the block ends."""
    if quiet or not environment.interactive:
        yield _Warnings(environment)
        return
    bars = _Bars(environment)
    try:
        yield bars
    finally:
        bars.close()


class _Warnings:
    """Says each warning once."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._said: set[str] = set()

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.RunWarning) and event.message not in self._said:
            self._said.add(event.message)
            place = f"node '{event.node}': " if event.node else ""
            self._show(f"warning: {place}{event.message}")

    def _show(self, text: str) -> None:
        self._environment.complain(text)


class _Bars(_Warnings):
    """A bar for each node that reports steps, and one for the node at work.

    rich is imported when the first node starts, so a cached run never pays for it.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._with_steps: set[str] = set()

    def __call__(self, event: events.Event) -> None:
        match event:
            case events.NodeStarted(node=node):
                self._tasks[node] = self._display().add_task(node, total=None, steps="")
            case events.NodeProgress(node=node, step=step, total=total) if node in self._tasks:
                self._with_steps.add(node)
                self._display().update(self._tasks[node], completed=step, total=total, steps=f"{step}/{total}")
            case events.NodeFinished(node=node) if node in self._tasks and node not in self._with_steps:
                self._display().remove_task(self._tasks[node])
            case events.RunWarning():
                super().__call__(event)

    def close(self) -> None:
        """Leave the finished bars on the screen and give the terminal back."""
        if self._progress is not None:
            self._progress.stop()

    def _display(self) -> Progress:
        if self._progress is None:
            self._progress = _make_display(self._environment)
            self._progress.start()
        return self._progress

    def _show(self, text: str) -> None:
        if self._progress is None:
            super()._show(text)
        else:
            self._progress.console.print(text, style="yellow", markup=False, highlight=False)


def _make_display(environment: Environment) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(file=environment.stderr, _environ=environment.variables)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[steps]}"),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=5,
    )
