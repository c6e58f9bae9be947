"""Templates: the workflows that come with the program, to begin with."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from graph_engine.writer import to_data
from graph_web.api.workflows import places
from graph_web.errors import Place
from graph_web.routing import Reply, route
from graph_web.sending import Sent, client_has, send_file
from graph_web.services import Services
from graph_web.templates import Template, TemplateList

__all__ = ["TemplateDocument", "TemplatePage"]


class TemplatePage(msgspec.Struct, frozen=True):
    """All templates, by name."""

    templates: TemplateList


class TemplateDocument(Template, frozen=True):
    """A template. text: its file; document: the same as JSON, or null when the file is no workflow document;
    problems: why it cannot run here, such as a plugin that is not installed."""

    text: str = ""
    document: dict[str, Any] | None = None
    problems: list[Place] = msgspec.field(default_factory=list)


@route("GET", "/api/v1/templates")
async def list_templates(services: Services) -> TemplatePage:
    """The workflows that come with the program, with the models that each needs."""
    return TemplatePage(await asyncio.to_thread(services.templates.list))


@route("GET", "/api/v1/templates/{name}", errors=(400, 404, 422), headers=("If-None-Match",))
async def read_template(services: Services, request: web.Request, name: str) -> Reply[TemplateDocument]:
    """A template as text and as JSON. It runs as it is, and saved under any name: the files that it names are found."""
    found = await asyncio.to_thread(_document, services, name)
    headers = {"ETag": found.etag}
    if client_has(request, found.etag):
        raise web.HTTPNotModified(headers=headers)
    return Reply(found, headers=headers)


@route("GET", "/api/v1/templates/{name}/picture", gives="image/webp", errors=(400, 404), headers=("If-None-Match",))
async def read_template_picture(services: Services, request: web.Request, name: str) -> web.StreamResponse:
    """A small WEBP of what the template makes."""
    path = await asyncio.to_thread(services.templates.picture, name)
    return await send_file(request, path, Sent(path.name))


def _document(services: Services, name: str) -> TemplateDocument:
    template, opened, library = services.templates.open(name)
    workflow = opened.workflow
    problems = opened.problems if workflow is None else services.engine.check(workflow)
    return TemplateDocument(
        **msgspec.structs.asdict(template),
        text=opened.text,
        document=None if workflow is None else to_data(workflow),
        problems=places(problems, library),
    )
