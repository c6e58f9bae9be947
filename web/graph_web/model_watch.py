"""The model folders, looked at now and then, so that whoever listens is told when a model came, went or changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from graph_engine import Engine
from graph_engine.models import model_places
from graph_web.hub import Hub

__all__ = ["ModelWatch"]

_SECONDS = 2.0


class ModelWatch:
    """Tells `{"type": "models"}` when the models are others than they were; looks only while somebody listens."""

    def __init__(self, engine: Engine, hub: Hub, tell: Callable[[dict[str, Any]], None]) -> None:
        self._engine, self._hub, self._tell = engine, hub, tell
        self._seen: Mapping[str, int] | None = None
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            if self._seen is None or len(self._hub):
                await self.look()
            await asyncio.sleep(_SECONDS)

    async def look(self) -> None:
        """Look now; also whenever a client was told the models, so that what it knows is what it hears changes of."""
        async with self._looking:
            found = await asyncio.to_thread(self._look)
            if self._seen not in (None, found):
                self._tell({"type": "models"})
            self._seen = found

    def _look(self) -> Mapping[str, int]:
        """Each model with the time at which its file, its folder or one in there changed; 0 for one that went."""
        found = {}
        for name, path in model_places(self._engine.registry, self._engine.folders).items():
            try:
                found[name] = max(place.stat().st_mtime_ns for place in (path, *_folders(path)))
            except OSError:
                found[name] = 0
        return found


def _folders(path: Path) -> list[Path]:
    """The folders of a model's components: weights are often the last to come."""
    return [item for item in path.iterdir() if item.is_dir()] if path.is_dir() else []
