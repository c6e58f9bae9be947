"""Ctrl-C during a run: the first one asks the run to stop after the step at hand, the second one ends the process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus

__all__ = ["cancel_on_interrupt"]


@contextlib.contextmanager
def cancel_on_interrupt(environment: Environment) -> Iterator[threading.Event]:
    """The event that a run watches, set by SIGINT. Outside the main thread, where signals cannot be caught, just it."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            os._exit(ExitStatus.INTERRUPTED)
        cancel.set()
        environment.complain("Stopping after this step; press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
