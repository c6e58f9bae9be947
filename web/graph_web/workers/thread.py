"""A worker in the server's own process: for tests and for embedding. A node that kills its process kills the server."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from graph_engine import Engine
from graph_web.workers.base import Job, JobOutcome, OnEvent, OnPreview, Status, WorkerPlaces
from graph_web.workers.runner import Runner

__all__ = ["ThreadWorker"]


class ThreadWorker:
    """Runs each job in a thread."""

    def __init__(self, engine: Engine, places: WorkerPlaces, parallel: int = 1) -> None:
        self._runner = Runner(engine, places)
        self._pool = ThreadPoolExecutor(parallel, "run")

    async def start(self) -> None:
        """Nothing to do."""

    async def run(self, job: Job, on_event: OnEvent, on_preview: OnPreview) -> JobOutcome:
        """Run a job in a thread; events and previews are handed over in the loop's thread."""
        loop = asyncio.get_running_loop()

        told: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

        def hand_over() -> None:
            while not told.empty():
                told.get()()

        def later(function: Callable[[], None]) -> None:
            waiting = not told.empty()
            told.put(function)
            if not waiting:
                with contextlib.suppress(RuntimeError):  # the server was stopped while a node went on
                    loop.call_soon_threadsafe(hand_over)

        def work() -> JobOutcome:
            return self._runner.run(
                job,
                lambda event: later(partial(on_event, job.run, event)),
                lambda preview: later(partial(on_preview, preview)),
            )

        outcome = await loop.run_in_executor(self._pool, work)
        hand_over()
        return outcome

    def cancel(self, run: str) -> None:
        """Ask a job to stop at its next step."""
        self._runner.cancel(run)

    async def end(self, reason: str) -> None:
        """A thread cannot be ended from outside: its job is asked to stop."""

    async def status(self) -> Status | None:
        """What the engine holds."""
        return self._runner.status()

    async def free(self) -> None:
        """Let warm models and values in memory go."""
        self._runner.free()

    async def close(self) -> None:
        """Wait for the threads no longer than the jobs take to see that they are cancelled."""
        self._pool.shutdown(wait=False, cancel_futures=True)
