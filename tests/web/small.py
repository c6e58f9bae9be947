"""A small application behind the gate, with a route of each sort, for the tests of the gate itself."""

from __future__ import annotations

import asyncio
import dataclasses
import sys

import msgspec
from aiohttp import web
from graph_web.errors import Failure
from graph_web.routing import add_routes, route, routes_of
from graph_web.security import protect
from graph_web.services import SERVICES, Services
from graph_web.settings import Limits, Settings

from .serving import TOKEN

CLICK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
"""What a browser says of a click on a link of another site."""
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Note(msgspec.Struct):
    text: str = ""


@route("GET", "/api/v1/notes/{name}")
async def read_note(services: Services, name: str) -> Note:
    """Read."""
    return Note(name)


@route("POST", "/api/v1/notes", status=201)
async def write_note(services: Services, body: Note) -> Note:
    """Write."""
    return body


@route("POST", "/api/v1/notes/look", changes=False)
async def look_at_note(services: Services, body: Note) -> Note:
    """A POST that changes nothing."""
    return body


@route("POST", "/api/v1/pictures", accepts="multipart/form-data", limit="upload_bytes")
async def upload_note(services: Services, request: web.Request) -> Note:
    """Takes a picture."""
    return Note(str(len(await request.content.read())))


@route("GET", "/api/v1/defect")
async def break_down(services: Services) -> Note:
    """Fails."""
    raise RuntimeError("the key to the safe is 1234")


@route("GET", "/api/v1/refusal")
async def refuse_note(services: Services) -> Note:
    """Refuses."""
    raise Failure(409, "Busy", "come back later \ud800", headers={"Retry-After": "3"})


@route("GET", "/api/v1/stream", gives="text/event-stream")
async def stream_notes(services: Services, request: web.Request) -> web.StreamResponse:
    """Begins an answer of its own, and fails in the middle when asked to."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: 1\n\n")
    if "fail" in request.query:
        raise RuntimeError("1234")
    while "long" in request.query:
        await asyncio.sleep(0.02)
        await response.write(b"data: 2\n\n")
    return response


@route("GET", "/api/v1/socket")
async def open_socket(services: Services, request: web.Request) -> web.WebSocketResponse:
    """A WebSocket."""
    response = web.WebSocketResponse()
    await response.prepare(request)
    await response.close()
    return response


async def page(request):
    return web.Response(text="<p>the editor</p>", content_type="text/html")


async def alive(request):
    return web.json_response({"status": "ok"})


def small_app(folder, patience=20.0, **changes):
    found = Settings(
        data=folder, cache=folder, outputs=folder, token=TOKEN, limits=Limits(document_bytes=1000, upload_bytes=5000)
    )
    found = dataclasses.replace(found, **changes)
    app = web.Application()
    app[SERVICES] = Services(found, *[None] * (len(dataclasses.fields(Services)) - 1))  # the gate needs no other part
    routes = routes_of(sys.modules[__name__])
    protect(app, found, routes, patience=patience)
    add_routes(app, routes)
    app.router.add_get("/", page)
    app.router.add_get("/healthz", alive)
    static = folder / "static"
    static.mkdir(exist_ok=True)
    (static / "editor.js").write_text("'use strict'")
    app.router.add_static("/static", static)
    return app
