"""The queue as a whole: what runs and what waits, in order; pause, resume, cancel everything."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from graph_web.routing import route
from graph_web.runs.model import Run
from graph_web.services import Services
from graph_web.store import runs as store

__all__ = ["QueueChange", "QueueState"]


class QueueState(msgspec.Struct, frozen=True):
    """The running runs and then the waiting ones, in the order in which they go; `waiting` counts all that wait."""

    paused: bool
    running: int
    waiting: int
    runs: list[Run]


class QueueQuery(msgspec.Struct, frozen=True):
    """How many runs to show."""

    limit: Annotated[int, Meta(ge=0, le=1000)] = 100


class QueueChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the queue begins runs."""

    paused: bool


class CancelledAll(msgspec.Struct, frozen=True):
    """How many runs were cancelled."""

    cancelled: int


@route("GET", "/api/v1/queue")
async def read_queue(services: Services, query: QueueQuery) -> QueueState:
    """What runs and what waits."""
    return await _state(services, query.limit)


async def _state(services: Services, limit: int) -> QueueState:
    runs = await services.database.call(lambda db: store.in_order(db, limit))
    return QueueState(services.queue.paused, services.queue.running(), services.queue.waiting, runs)


@route("PATCH", "/api/v1/queue")
async def change_queue(services: Services, body: QueueChange) -> QueueState:
    """Pause the queue, or let it go on; running runs are left alone."""
    await services.queue.pause(body.paused)
    return await _state(services, 100)


@route("POST", "/api/v1/queue/cancel", status=202)
async def cancel_queue(services: Services) -> CancelledAll:
    """Cancel every run that has not ended."""
    return CancelledAll(await services.queue.cancel_all())
