"""Pictures that lie beside the workflows, for those who choose one and for those who look at what was chosen."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from graph_web.inputs import InputPicturesPage
from graph_web.routing import route
from graph_web.sending import Sent, send_file
from graph_web.services import Services

__all__ = ["PictureQuery"]


class PictureQuery(msgspec.Struct, frozen=True):
    """path: what a file input is given. size: the longest side of a thumbnail; 0 is the picture as it is."""

    path: Annotated[str, Meta(min_length=1, max_length=1000)]
    size: Annotated[int, Meta(ge=0, le=1024)] = 0


@route("GET", "/api/v1/pictures")
async def list_pictures(services: Services) -> InputPicturesPage:
    """The pictures beside the workflows and the templates, by the paths that their file inputs are given."""
    return await asyncio.to_thread(services.inputs.list)


@route("GET", "/api/v1/picture", gives="image/*", errors=(404, 415), headers=("If-None-Match",))
async def read_picture(services: Services, request: web.Request, query: PictureQuery) -> web.StreamResponse:
    """A picture that a file input names, as it is or as a small WEBP."""
    path = await asyncio.to_thread(services.inputs.find, query.path)
    if query.size == 0:
        return await send_file(request, path, Sent(path.name))
    key = await asyncio.to_thread(services.inputs.key, path)
    small = await services.outputs.thumbnails.get(key, path, query.size)
    return await send_file(request, small, Sent(small.name, f'"{small.stem}"'))
