"""The server itself: whether it lives, its figures, its memory, and the description of this API."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from graph_web.metrics import CONTENT_TYPE_LATEST
from graph_web.routing import route
from graph_web.services import Services
from graph_web.workers.base import Status

__all__ = ["Health", "Memory", "ServerInfo"]


class Health(msgspec.Struct, frozen=True):
    """Told without a token."""

    status: str = "ok"


class ServerInfo(msgspec.Struct, frozen=True):
    """What a client wants to know first. notices: what a person should be told."""

    version: str
    read_only: bool
    paused: bool
    latest_event: int
    notices: list[str]


class Memory(msgspec.Struct, frozen=True):
    """Bytes of the server process, and what the worker holds; no worker before the first run."""

    server_bytes: int
    worker: Status | None


@route("GET", "/healthz")
async def health(services: Services) -> Health:
    """Answers as long as the server takes runs in: the database was asked."""
    await services.database.call(lambda db: db.execute("SELECT 1").fetchone())
    return Health()


@route("GET", "/metrics", gives="text/plain")
async def metrics(services: Services) -> web.Response:
    """Figures for Prometheus."""
    figures = services.metrics
    figures.waiting.set(services.queue.waiting)
    figures.running.set(services.queue.running())
    figures.listeners.set(len(services.hub))
    return web.Response(body=figures.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@route("GET", "/api/v1/server")
async def read_server(services: Services) -> ServerInfo:
    """The version, the state of the queue, and what a person should be told."""
    from importlib.metadata import version

    return ServerInfo(
        version("graph-engine"),
        services.settings.read_only,
        services.queue.paused,
        services.hub.latest,
        services.notices,
    )


@route("GET", "/api/v1/memory")
async def read_memory(services: Services) -> Memory:
    """What the server and its worker hold in memory."""
    return await _memory(services)


@route("POST", "/api/v1/memory/free")
async def free_memory(services: Services) -> Memory:
    """Let the worker's warm models and cached values in memory go; what is on disk stays."""
    await services.worker.free()
    return await _memory(services)


async def _memory(services: Services) -> Memory:
    import psutil

    return Memory(int(psutil.Process().memory_info().rss), await services.worker.status())


@route("GET", "/api/v1/openapi.json")
async def read_openapi(services: Services) -> dict[str, Any]:
    """This API as an OpenAPI 3.1 document, with one typed operation for each saved workflow."""
    from graph_web import openapi

    return await asyncio.to_thread(openapi.document, services.routes, services.library, services.engine)
