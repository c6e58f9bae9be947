"""Memory over disk, as the plan and the executor see it."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from graph_engine.cache.disk import DiskCache
from graph_engine.cache.memory import MemoryCache
from graph_engine.codec import NotStorable

__all__ = ["Cache", "Source"]

Source = Literal["memory", "disk"]
_RETRY_AFTER = 60.0
_MOST_BEHIND = 512


class WriteBehind:
    """A thread that does what it is given in order; who gives it more than it can do, waits."""

    def __init__(self) -> None:
        self._tasks: queue.Queue[Callable[[], None]] = queue.Queue(_MOST_BEHIND)
        threading.Thread(target=self._work, name="write-behind", daemon=True).start()

    def do(self, task: Callable[[], None]) -> None:
        """Have it done, soon."""
        self._tasks.put(task)

    def flush(self, seconds: float) -> None:
        """Wait until all that was given is done, no longer than so many seconds."""
        done = threading.Event()
        self._tasks.put(done.set)
        done.wait(seconds)

    def _work(self) -> None:
        while True:
            self._tasks.get()()


class Cache:
    """Looks in memory, then on disk. A failing disk (full, read-only) is a warning, told once, and nothing more.

    After a failure it is tried again in a minute, since a server outlives a full disk. write_behind: the disk is
    written by a thread, so that nobody waits for it; a process that ends at once loses what waits.
    """

    def __init__(self, memory: MemoryCache, disk: DiskCache | None, *, write_behind: bool = False) -> None:
        self.memory = memory
        self.disk = disk
        self._disk_failed_at = -math.inf
        self._later = WriteBehind() if write_behind and disk is not None else None

    def where(self, key: str) -> Source | None:
        """Where `key` seems to be; reading it may still fail."""
        if key in self.memory:
            return "memory"
        return "disk" if self.disk is not None and key in self.disk else None

    def get(self, key: str) -> tuple[Mapping[str, Any], Source] | None:
        """The outputs under `key` and where they came from."""
        outputs = self.memory.get(key)
        if outputs is not None:
            return outputs, "memory"
        outputs = self.disk.get(key) if self.disk is not None else None
        if outputs is None:
            return None
        self.memory.put(key, outputs)
        return outputs, "disk"

    def put(self, key: str, outputs: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        """Keep outputs in both; what cannot be stored stays in memory only."""
        self.memory.put(key, outputs)
        if self._later is not None:
            self._later.do(lambda: self._write(key, outputs, warn))
        else:
            self._write(key, outputs, warn)

    def flush(self, seconds: float) -> None:
        """Wait until what was put is on the disk, no longer than so many seconds."""
        if self._later is not None:
            self._later.flush(seconds)

    def _write(self, key: str, outputs: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        if self.disk is None or time.monotonic() - self._disk_failed_at < _RETRY_AFTER:
            return
        try:
            self.disk.put(key, outputs)
        except NotStorable as error:
            warn(f"kept in memory only: {error}")
        except OSError as error:
            told, self._disk_failed_at = self._disk_failed_at > 0, time.monotonic()
            if told:
                return
            reason = error.strerror or str(error)
            warn(f"the cache folder {self.disk.folder} cannot be written ({reason}); results are not kept on disk")

    def forget(self, key: str) -> None:
        """Let a key go from memory (its value turned out to be stale)."""
        self.memory.forget(key)
