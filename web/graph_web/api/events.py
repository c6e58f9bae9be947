"""Live events: one WebSocket for the editor, server-sent events for curl; both begin where the client left off."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta

from graph_web.errors import Failure
from graph_web.hub import Told, preview_frame
from graph_web.routing import route
from graph_web.runs.model import ENDED
from graph_web.services import Services
from graph_web.store import runs as store
from graph_web.workers.base import Preview

__all__ = ["EventQuery"]

_BEHIND = 4008
"""The WebSocket close code of a listener that was too slow: it comes again with the number of its last event."""
_LARGEST_MESSAGE = 4096


class EventQuery(msgspec.Struct, frozen=True):
    """Events after number `after` (-1: from now on), of one run or of all; with previews (WebSocket only)."""

    after: Annotated[int, Meta(ge=-1, le=2**53)] = -1
    run: Annotated[str, Meta(max_length=64)] = ""
    previews: bool = False


@route("GET", "/api/v1/ws", gives="", errors=(404, 503))
async def listen(services: Services, request: web.Request, query: EventQuery) -> web.StreamResponse:
    """Events as text messages of JSON, previews as binary ones.

    A binary message is a header's length (4 bytes, little endian), the header as JSON, and the picture. The first
    message is `{"type": "hello", "seq": n}`, the newest event's number. A client that is too slow is closed with code
    4008; whoever comes again with `after` misses nothing.
    """
    await _known(services, query.run)
    services.hub.admit()
    socket = web.WebSocketResponse(heartbeat=30, max_msg_size=_LARGEST_MESSAGE)
    await socket.prepare(request)
    telling = asyncio.create_task(_tell(services, socket, query))
    reading = asyncio.create_task(_read(socket))
    done, _ = await asyncio.wait((telling, reading), return_when=asyncio.FIRST_COMPLETED)
    for task in (telling, reading):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await task
    await socket.close(code=_BEHIND if done == {telling} else WSCloseCode.OK)
    return socket


async def _read(socket: web.WebSocketResponse) -> None:
    """Wait for the client to leave; what it says is ignored, so that it may ping, as long as it is text."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            return


async def _tell(services: Services, socket: web.WebSocketResponse, query: EventQuery) -> None:
    """Tell events until the client is too far behind."""
    await socket.send_str(f'{{"type":"hello","seq":{services.hub.latest}}}')
    after = None if query.after < 0 else query.after
    async with contextlib.aclosing(services.hub.listen(after, query.run, query.previews)) as batches:
        async for batch in batches:
            for item in batch:
                if isinstance(item, Told):
                    await socket.send_str(item.text)
                elif isinstance(item, Preview):
                    await socket.send_bytes(preview_frame(item))


@route("GET", "/api/v1/events", gives="text/event-stream", headers=("Last-Event-ID",), errors=(404, 503))
async def stream_events(services: Services, request: web.Request, query: EventQuery) -> web.StreamResponse:
    """Events as server-sent events, each with its number as `id`; `Last-Event-ID` goes on where a client left off.

    With `run` the stream ends when that run has ended, so that `curl` does too.
    """
    await _known(services, query.run)
    after = _after(request, query)
    services.hub.admit()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    streaming = asyncio.create_task(_stream(services, response, query.run, after))
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((streaming, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:  # also when this request is cancelled, because its client is gone
        for task in (streaming, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
    return response


async def _left(request: web.Request) -> None:
    """Wait until the client is gone, which an idle stream would not notice."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(1)


async def _stream(services: Services, response: web.StreamResponse, run: str, after: int | None) -> None:
    """Stream events, for ever or until the run has ended."""
    async with contextlib.aclosing(services.hub.listen(after, run)) as batches:
        if run and await _has_told_all(services, run, after):
            return
        async for batch in batches:
            lines = [f"id: {item.seq}\ndata: {item.text}\n\n" for item in batch if isinstance(item, Told)]
            await response.write("".join(lines).encode() or b":\n\n")
            if run and any('"type":"ended"' in line for line in lines):
                return


def _after(request: web.Request, query: EventQuery) -> int | None:
    last = request.headers.get("Last-Event-ID", "")
    if not last:
        return None if query.after < 0 else query.after
    if not (last.isascii() and last.isdigit() and len(last) < 16):
        raise Failure(400, "BadHeader", f"Last-Event-ID wants the number of an event, found {last[:40]!r}")
    return int(last)


async def _known(services: Services, run: str) -> None:
    if run and await services.database.call(lambda db: store.detail(db, run)) is None:
        raise Failure(404, "NoSuchRun", f"there is no run {run!r}; GET /api/v1/runs lists them")


async def _has_told_all(services: Services, run: str, after: int | None) -> bool:
    """Whether a run has ended and tells nothing after event `after`."""
    found = await services.database.call(lambda db: store.detail(db, run))
    return found is not None and found.state in ENDED and (after is None or after >= found.last_event)
