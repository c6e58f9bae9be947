"""The cache in memory: outputs by key, bounded by bytes, the least recently used go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graph_engine.codec import size_of

__all__ = ["MemoryCache"]

Outputs = Mapping[str, Any]


class MemoryCache:
    """Safe to share between threads. A value larger than the whole budget is not kept."""

    def __init__(self, budget_bytes: int = 2 << 30) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._held: OrderedDict[str, tuple[Outputs, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str) -> Outputs | None:
        """The outputs under `key`, which become the most recently used."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: str, outputs: Outputs) -> None:
        """Keep `outputs`, letting old ones go when the budget is spent."""
        size = size_of(outputs) + len(key)
        with self._lock:
            self._drop(key)
            if size > self.budget_bytes:
                return
            self._held[key] = (outputs, size)
            self.used_bytes += size
            while self.used_bytes > self.budget_bytes:
                self._drop(next(iter(self._held)))

    def forget(self, key: str) -> None:
        """Let one key go."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()
            self.used_bytes = 0

    def _drop(self, key: str) -> None:
        found = self._held.pop(key, None)
        if found:
            self.used_bytes -= found[1]
