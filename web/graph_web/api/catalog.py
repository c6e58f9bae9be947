"""What is installed: node types, kinds of values, plugins and models."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from graph_engine.errors import did_you_mean
from graph_engine.models import find_models
from graph_engine.node import NodeSpec
from graph_web import catalog
from graph_web.catalog import KindInfo, ModelInfo, NodeInfo, PluginInfo
from graph_web.disk import etag_of
from graph_web.errors import Failure
from graph_web.routing import Reply, route
from graph_web.sending import client_has
from graph_web.services import Services

__all__ = ["KindPage", "ModelPage", "NodePage", "NodeQuery", "PluginPage"]


class NodeQuery(msgspec.Struct, frozen=True):
    """Which nodes: of a category; with all words of `text` in their id, title or documentation; after an id."""

    category: Annotated[str, Meta(max_length=200)] = ""
    text: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class NodePage(msgspec.Struct, frozen=True):
    """Node types by id. categories: how many nodes each has, of all that are installed; `next` is what `after` is to be
    for the page below, empty on the last page."""

    nodes: list[NodeInfo]
    categories: dict[str, int]
    total: int
    next: str = ""


class KindPage(msgspec.Struct, frozen=True):
    """The kinds of values. fits: for each type that an input wants, the types of outputs that may be linked to it."""

    kinds: list[KindInfo]
    fits: dict[str, list[str]]


class PluginPage(msgspec.Struct, frozen=True):
    """The installed plugins; `core` is the built-in one."""

    plugins: list[PluginInfo]


class ModelPage(msgspec.Struct, frozen=True):
    """The models that plugins bring, and those in the model folders."""

    models: list[ModelInfo]


@route("GET", "/api/v1/nodes", headers=("If-None-Match",))
async def list_nodes(services: Services, request: web.Request, query: NodeQuery) -> Reply[NodePage]:
    """The node types with their sockets, widgets and documentation, by id."""
    return _tagged(request, await asyncio.to_thread(_page, services.engine.registry.nodes, query))


@route("GET", "/api/v1/nodes/{id}", errors=(404,), headers=("If-None-Match",))
async def read_node(services: Services, request: web.Request, id: str) -> Reply[NodeInfo]:
    """One node type."""
    registry = services.engine.registry
    if id in registry.nodes:
        return _tagged(request, catalog.describe_node(registry.nodes[id]))
    broken = registry.broken_pack(id)
    if broken:
        raise Failure(404, "PluginBroken", f"no node {id[:60]!a} here: {broken}")
    hint = did_you_mean(id[:100], registry.nodes)
    raise Failure(404, "NotFound", f"no node {id[:60]!a}.{hint} GET /api/v1/nodes lists those there are")


@route("GET", "/api/v1/kinds", headers=("If-None-Match",))
async def list_kinds(services: Services, request: web.Request) -> Reply[KindPage]:
    """The kinds of values that travel along links, and which types fit which."""
    registry = services.engine.registry
    kinds = [catalog.describe_kind(cls) for _, cls in sorted(registry.kinds.items())]
    return _tagged(request, KindPage(kinds, await asyncio.to_thread(services.fits.get)))


@route("GET", "/api/v1/plugins")
async def list_plugins(services: Services) -> PluginPage:
    """The installed plugins, what each brings, and what is wrong with it."""
    registry = services.engine.registry
    return PluginPage([catalog.describe_plugin(pack, registry) for pack in registry.packs])


@route("GET", "/api/v1/models")
async def list_models(services: Services) -> ModelPage:
    """The models: where they come from, how large they are, and whether they are warm."""
    status = await services.worker.status()
    warm = status.warm if status is not None else None
    registry, folders = services.engine.registry, services.engine.folders

    def describe() -> list[ModelInfo]:
        return [catalog.describe_model(model, registry, warm) for model in find_models(registry, folders)]

    page = ModelPage(await asyncio.to_thread(describe))
    await services.model_watch.look()
    return page


def _page(specs: dict[str, NodeSpec], query: NodeQuery) -> NodePage:
    words = query.text.casefold().split()
    found = [
        spec
        for name, spec in sorted(specs.items())
        if name > query.after and query.category in ("", spec.category) and _mentions(spec, words)
    ]
    categories: dict[str, int] = {}
    for spec in specs.values():
        categories[spec.category] = categories.get(spec.category, 0) + 1
    page = found[: query.limit]
    following = page[-1].id if len(found) > len(page) else ""
    return NodePage(
        [catalog.describe_node(spec) for spec in page], dict(sorted(categories.items())), len(specs), following
    )


def _mentions(spec: NodeSpec, words: list[str]) -> bool:
    text = f"{spec.id} {spec.title} {spec.doc}".casefold()
    return all(word in text for word in words)


def _tagged(request: web.Request, value: Any) -> Reply[Any]:
    """An answer with its etag, or 304 when the client has it already."""
    headers = {"ETag": etag_of(msgspec.json.encode(value)), "Cache-Control": "private, no-cache"}
    if client_has(request, headers["ETag"]):
        raise web.HTTPNotModified(headers=headers)
    return Reply(value, headers=headers)
