"""Assets: pictures and masks that clients upload, for the file inputs of workflows."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from graph_web.assets import Asset, AssetPage
from graph_web.disk import disk_told
from graph_web.routing import Reply, route
from graph_web.sending import Sent, send_file
from graph_web.services import Services
from graph_web.uploads import receive_file

__all__ = ["AssetQuery", "ThumbnailQuery"]


class AssetQuery(msgspec.Struct, frozen=True):
    """Which page of the assets: `after` is the `next` of the page above."""

    after: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ThumbnailQuery(msgspec.Struct, frozen=True):
    """The longest side in pixels; thumbnails come in a few sizes, and the next larger one is sent."""

    size: Annotated[int, Meta(ge=1, le=1024)] = 256


@route("GET", "/api/v1/assets")
async def list_assets(services: Services, query: AssetQuery) -> AssetPage:
    """The uploaded pictures, newest first."""
    return await asyncio.to_thread(services.assets.list, query.after, query.limit)


@route(
    "POST",
    "/api/v1/assets",
    status=201,
    accepts="multipart/form-data",
    errors=(400, 413, 415, 507),
    limit="upload_bytes",
)
async def upload_asset(services: Services, request: web.Request) -> Reply[Asset]:
    """Upload a PNG, JPEG or WEBP as the form's field `file`. The same bytes always get the same id."""
    assets = services.assets
    upload = await asyncio.to_thread(assets.new_upload)
    try:
        name = await receive_file(request, upload, services.settings.limits.upload_bytes)
        asset = await asyncio.to_thread(assets.add, upload, name)
    finally:
        with disk_told("the upload could not be removed"):
            await asyncio.to_thread(upload.unlink, missing_ok=True)
    return Reply(asset, headers={"Location": f"/api/v1/assets/{asset.id}"})


@route("GET", "/api/v1/assets/{id}", gives="image/*", errors=(404,), headers=("If-None-Match",))
async def read_asset(services: Services, request: web.Request, id: str) -> web.StreamResponse:
    """The bytes of a picture, as they were uploaded."""
    path = await asyncio.to_thread(services.assets.find, id)
    return await send_file(request, path, Sent(id, f'"{path.stem}"', forever=True))


@route("GET", "/api/v1/assets/{id}/info", errors=(404,))
async def read_asset_info(services: Services, id: str) -> Asset:
    """What a picture is called, and its size."""
    return await asyncio.to_thread(services.assets.get, id)


@route("GET", "/api/v1/assets/{id}/thumbnail", gives="image/webp", errors=(404, 415), headers=("If-None-Match",))
async def read_asset_thumbnail(
    services: Services, request: web.Request, id: str, query: ThumbnailQuery
) -> web.StreamResponse:
    """A small WEBP of a picture."""
    source = await asyncio.to_thread(services.assets.find, id)
    path = await services.outputs.thumbnails.get(source.stem, source, query.size)
    return await send_file(request, path, Sent(path.name, f'"{path.stem}"', forever=True))


@route("DELETE", "/api/v1/assets/{id}", errors=(404,))
async def delete_asset(services: Services, id: str) -> None:
    """Move a picture to the trash."""
    await asyncio.to_thread(services.assets.delete, id)
    services.outputs.thumbnails.forget(id.partition(".")[0])
