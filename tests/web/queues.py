"""A queue with a real database and a real worker, without HTTP before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from graph_web.hub import Hub
from graph_web.metrics import Metrics
from graph_web.runs.model import RunDetail, RunOptions
from graph_web.runs.queue import Queue
from graph_web.settings import Settings
from graph_web.store import runs as store
from graph_web.store.database import Database
from graph_web.store.events import since
from graph_web.workers.base import Worker, WorkerPlaces
from graph_web.workers.process import ProcessWorker
from graph_web.workers.runner import make_engine
from graph_web.workers.thread import ThreadWorker


def places_of(settings: Settings) -> WorkerPlaces:
    inputs = [str(settings.assets)]
    library = str(settings.workflows)
    return WorkerPlaces(
        str(settings.outputs), str(settings.cache), inputs, library, settings.device, packs=list(settings.packs)
    )


def worker_of(settings: Settings) -> Worker:
    places = places_of(settings)
    if settings.worker == "thread":
        return ThreadWorker(make_engine(places), places, settings.parallel)
    return ProcessWorker(places, settings.parallel)


def document(nodes: dict[str, Any], outputs: dict[str, str] | None = None, **more: Any) -> str:
    return json.dumps({"format": 1, **more, "nodes": nodes, "outputs": outputs or {}})


def new(
    nodes: dict[str, Any], outputs: dict[str, str] | None = None, priority: int = 0, **options: Any
) -> store.NewRun:
    return store.NewRun(document(nodes, outputs), {}, RunOptions(**options), priority=priority)


@dataclass
class Running:
    """A queue at work."""

    queue: Queue
    database: Database
    hub: Hub

    async def submit(self, *arguments: Any, **options: Any) -> str:
        return await self.queue.submit(new(*arguments, **options))

    async def ended(self, run: str, seconds: float = 60) -> RunDetail:
        assert await self.queue.ended(run, seconds), f"{run} did not end: {await self.detail(run)}"
        return await self.detail(run)

    async def detail(self, run: str) -> RunDetail:
        found = await self.database.call(lambda db: store.detail(db, run))
        assert found is not None
        return found

    async def until(self, run: str, *states: str) -> RunDetail:
        while (found := await self.detail(run)).state not in states:
            await asyncio.sleep(0.01)
        return found

    async def events(self, run: str = "") -> list[dict[str, Any]]:
        rows = await self.database.call(lambda db: since(db, 0, 2**60, run, 100_000))
        return [json.loads(body) for _, body in rows]


@asynccontextmanager
async def running_queue(settings: Settings, **life: Any) -> AsyncIterator[Running]:
    """A queue from start to stop."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data)
    hub = Hub(database, 100)
    queue = Queue(settings, database, hub, worker_of(settings), Metrics())
    await hub.start()
    await queue.start()
    try:
        yield Running(queue, database, hub)
    finally:
        await queue.close()
        database.close()
