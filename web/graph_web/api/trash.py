"""The trash: what was deleted, and how to take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

import msgspec

from graph_web.api.workflows import tell
from graph_web.routing import route
from graph_web.services import Services
from graph_web.trash import Trashed

__all__ = ["TrashItem", "TrashPage"]

Kind = Literal["workflows", "assets", "outputs"]


class TrashItem(msgspec.Struct, frozen=True):
    """Something deleted. name: what it was called; deleted: when, in seconds since 1970."""

    kind: Kind
    id: str
    name: str
    deleted: float


class TrashPage(msgspec.Struct, frozen=True):
    """All that was deleted, the newest first."""

    items: list[TrashItem]


class Restored(msgspec.Struct, frozen=True):
    """Where something is again. name: of a workflow, else the id of the asset or output."""

    kind: Kind
    name: str
    url: str


@route("GET", "/api/v1/trash")
async def list_trashed(services: Services) -> TrashPage:
    """What was deleted, the newest first."""
    items = [
        *_items("workflows", await asyncio.to_thread(services.library.deleted)),
        *_items("assets", await asyncio.to_thread(services.assets.deleted)),
        *_items("outputs", await services.outputs.deleted()),
    ]
    return TrashPage(sorted(items, key=lambda item: item.deleted, reverse=True))


@route("POST", "/api/v1/trash/{kind}/{id}/restore", errors=(400, 404, 409, 507))
async def restore_trashed(services: Services, kind: Kind, id: str) -> Restored:
    """Take something back from the trash: a workflow comes with its revisions. 409 when its place is taken."""
    if kind == "workflows":
        saved = await asyncio.to_thread(services.library.undelete, id)
        tell(services, saved.name, saved.etag)
        return Restored(kind, saved.name, f"/api/v1/workflows/{saved.name}")
    name = (
        (await asyncio.to_thread(services.assets.undelete, id)).id
        if kind == "assets"
        else (await services.outputs.undelete(id)).id
    )
    return Restored(kind, name, f"/api/v1/{kind}/{name}")


def _items(kind: Kind, found: Iterable[tuple[Trashed, str]]) -> list[TrashItem]:
    return [TrashItem(kind, entry.id, name, entry.deleted) for entry, name in found]
