"""Outputs: the files that runs wrote, with thumbnails and the workflow inside each picture."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from graph_web.api.assets import ThumbnailQuery
from graph_web.outputs import Output, OutputFilter, OutputPage
from graph_web.routing import route
from graph_web.sending import Sent, send_file
from graph_web.services import Services

__all__ = ["OutputQuery"]


class OutputQuery(msgspec.Struct, frozen=True):
    """Which outputs: of a run, of a saved workflow, with a text in the path, the workflow's name or the run's title, of
    a time in seconds since 1970 (`until` itself is outside), pictures alone. after: the `next` of the page above."""

    run: Annotated[str, Meta(max_length=100)] = ""
    workflow: Annotated[str, Meta(max_length=200)] = ""
    text: Annotated[str, Meta(max_length=200)] = ""
    since: Annotated[float, Meta(ge=0, le=1e12)] = 0.0
    until: Annotated[float, Meta(ge=0, le=1e12)] = 0.0
    pictures: bool = False
    after: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


@route("GET", "/api/v1/outputs")
async def list_outputs(services: Services, query: OutputQuery) -> OutputPage:
    """The files that runs wrote, newest first."""
    wanted = OutputFilter(query.run, query.workflow, query.text, query.since, query.until, query.pictures)
    return await services.outputs.list(wanted, query.after, query.limit)


@route("GET", "/api/v1/outputs/{id}", gives="*/*", errors=(404,), headers=("If-None-Match",))
async def read_output(services: Services, request: web.Request, id: str) -> web.StreamResponse:
    """The file itself: pictures to be shown, everything else to be saved."""
    _, path = await services.outputs.find(id)
    return await send_file(request, path, Sent(path.name))


@route("GET", "/api/v1/outputs/{id}/info", errors=(404,))
async def read_output_info(services: Services, id: str) -> Output:
    """Which run and which declared output a file is of."""
    return await services.outputs.get(id)


@route("GET", "/api/v1/outputs/{id}/thumbnail", gives="image/webp", errors=(404, 415), headers=("If-None-Match",))
async def read_output_thumbnail(
    services: Services, request: web.Request, id: str, query: ThumbnailQuery
) -> web.StreamResponse:
    """A small WEBP of a picture."""
    path = await services.outputs.thumbnail(id, query.size)
    return await send_file(request, path, Sent(path.name, f'"{path.stem}"'))


@route("GET", "/api/v1/outputs/{id}/workflow", errors=(404,))
async def read_output_workflow(services: Services, id: str) -> dict[str, Any]:
    """The workflow document, with the values used, inside a picture: running it makes the same picture again."""
    return await services.outputs.workflow(id)


@route("DELETE", "/api/v1/outputs/{id}", errors=(404,))
async def delete_output(services: Services, id: str) -> None:
    """Move a file to the trash; the history of its run stays."""
    await services.outputs.delete(id)
