"""An event loop in a thread of its own, where the `async def` nodes of a run wait together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

__all__ = ["Exit", "LoopThread"]

_STOP_SECONDS = 5.0


class LoopThread:
    """Started by the first async node of a run, stopped with the run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="async nodes", daemon=True)
        self._thread.start()

    def submit(self, make: Callable[[], Any]) -> Future[Any]:
        async def call() -> Any:
            try:
                return await make()
            except SystemExit as error:  # it would end the loop, and with it every other async node
                return Exit(error)

        return asyncio.run_coroutine_threadsafe(call(), self._loop)

    def stop(self) -> None:
        """Cancel what is left and end the thread; a node that blocks the loop is left behind."""

        async def cancel() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(cancel(), self._loop).result(timeout=_STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=_STOP_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


class Exit:
    """A SystemExit that an async node raised, on its way to the thread of the run."""

    def __init__(self, error: SystemExit) -> None:
        self.error = error
