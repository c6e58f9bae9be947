"""The whole application in a test, with a client that shows the token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import TCPConnector
from aiohttp.test_utils import TestClient, TestServer
from graph_web.app import make_app
from graph_web.settings import Settings


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[TestClient[Any, Any]]:
    headers = {"Authorization": f"Bearer {settings.token}"}
    connector = TCPConnector(limit=0)
    async with TestClient(TestServer(make_app(settings)), headers=headers, connector=connector) as client:
        yield client


Work = Callable[[TestClient[Any, Any]], Awaitable[None]]


def with_client(settings: Settings, **changes: Any) -> Callable[[Work], None]:
    """Run an async function with a client of a server."""

    async def whole(work: Work) -> None:
        async with client_of(replace(settings, **changes)) as client:
            await work(client)

    return lambda work: asyncio.run(whole(work))


async def ask(client: TestClient[Any, Any], method: str, path: str, status: int = 200, **options: Any) -> Any:
    """The JSON of an answer that has to have this status."""
    async with client.request(method, path, **options) as answer:
        body = await answer.read()
        assert answer.status == status, (answer.status, body[:2000])
        return await answer.json() if body else None
