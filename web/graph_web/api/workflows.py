"""Saved workflows: list, read, save, rename, delete, earlier texts, and the declared interface of each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from graph_engine.errors import Problem
from graph_engine.reader import read_json, read_yaml
from graph_engine.workflow import parse_workflow
from graph_engine.writer import to_data, to_yaml
from graph_web.errors import Failure, Place
from graph_web.interface import Interface, interface_of
from graph_web.library import Library, Opened, Saved, SavedList
from graph_web.revisions import Revision
from graph_web.routing import Reply, route
from graph_web.sending import client_has
from graph_web.services import Services

__all__ = [
    "Converted",
    "Draft",
    "NewName",
    "RevisionPage",
    "RevisionText",
    "SavedWorkflow",
    "WorkflowDocument",
    "WorkflowPage",
    "places",
    "tell",
]

_Raw = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]


class WorkflowPage(msgspec.Struct, frozen=True):
    """All saved workflows, by name."""

    workflows: SavedList


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow to be saved: `text` as YAML, kept to the byte, or `document` as JSON, kept as YAML."""

    text: str | UnsetType = UNSET
    document: _Raw | UnsetType = UNSET


class SavedWorkflow(Saved, frozen=True):
    """What was saved. problems: why it cannot run as it is; a draft is saved all the same."""

    problems: list[Place] = msgspec.field(default_factory=list)


class WorkflowDocument(SavedWorkflow, frozen=True):
    """A saved workflow. text: its file; document: the same as JSON, or null when the file is no workflow document."""

    text: str = ""
    document: dict[str, Any] | None = None


class Converted(msgspec.Struct, frozen=True):
    """A workflow document: text is its YAML, document the same as JSON."""

    text: str
    document: dict[str, Any]


class NewName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name that a workflow is to have."""

    name: Annotated[str, Meta(max_length=200)]


class RevisionPage(msgspec.Struct, frozen=True):
    """The earlier texts of a workflow, newest first."""

    revisions: list[Revision]


class RevisionText(msgspec.Struct, frozen=True):
    """An earlier text of a workflow."""

    id: str
    text: str


@route("GET", "/api/v1/workflows")
async def list_workflows(services: Services) -> WorkflowPage:
    """All saved workflows; `problem` tells why one cannot be read."""
    return WorkflowPage(await asyncio.to_thread(services.library.list))


@route("GET", "/api/v1/workflows/{name}", errors=(404, 422), headers=("If-None-Match",))
async def read_workflow(services: Services, request: web.Request, name: str) -> Reply[WorkflowDocument]:
    """A workflow as text and as JSON, with its problems. Its ETag is what a save of a change needs as If-Match."""
    found = await asyncio.to_thread(_document, services, name)
    headers = {"ETag": found.etag}
    if client_has(request, found.etag):
        raise web.HTTPNotModified(headers=headers)
    return Reply(found, headers=headers)


@route(
    "PUT",
    "/api/v1/workflows/{name}",
    accepts="application/json, application/yaml",
    errors=(400, 409, 412, 422, 428, 507),
    headers=("If-Match", "If-None-Match"),
)
async def save_workflow(services: Services, request: web.Request, name: str, body: Draft) -> Reply[SavedWorkflow]:
    """Save a workflow, as JSON or as its YAML file; what stood there before becomes a revision.

    To replace one, send its ETag as If-Match (428 without, 412 when somebody else changed it meanwhile). A draft that
    cannot run yet is saved, and its problems are in the answer; what is no workflow document at all is refused.
    """
    if (body.text is UNSET) == (body.document is UNSET):
        raise Failure(422, "BadBody", "give either `text` (YAML) or `document` (JSON)")
    text = body.text if isinstance(body.text, str) else bytes(body.document).decode()  # type: ignore[arg-type]
    versions = request.headers.get("If-Match"), request.headers.get("If-None-Match")

    def save() -> tuple[bool, SavedWorkflow]:
        new = not services.library.exists(name)
        saved = services.library.save(name, text, *versions, json=body.text is UNSET)
        return new, _with_problems(services, saved)

    new, saved = await asyncio.to_thread(save)
    tell(services, name, saved.etag)
    headers = {"ETag": saved.etag} | ({"Location": request.rel_url.raw_path} if new else {})
    return Reply(saved, 201 if new else 200, headers)


@route("POST", "/api/v1/workflows/{name}/rename", errors=(400, 404, 409, 412), headers=("If-Match",))
async def rename_workflow(services: Services, request: web.Request, name: str, body: NewName) -> Reply[Saved]:
    """Give a workflow another name; its revisions go with it."""
    saved = await asyncio.to_thread(services.library.rename, name, body.name, request.headers.get("If-Match"))
    tell(services, name, "", body.name)
    tell(services, body.name, saved.etag)
    return Reply(saved, headers={"ETag": saved.etag})


@route("DELETE", "/api/v1/workflows/{name}", errors=(404, 412), headers=("If-Match",))
async def delete_workflow(services: Services, request: web.Request, name: str) -> None:
    """Move a workflow with its revisions to the trash. Runs of it go on: each has the workflow as it was submitted."""
    await asyncio.to_thread(services.library.delete, name, request.headers.get("If-Match"))
    tell(services, name, "")


@route("GET", "/api/v1/workflows/{name}/interface", errors=(404, 422))
async def read_interface(services: Services, name: str) -> Interface:
    """What a workflow takes, as the JSON Schema of its inputs, and what it gives."""

    def read() -> Interface:
        return interface_of(services.library.load(name)[0], services.engine)

    return await asyncio.to_thread(read)


@route("GET", "/api/v1/workflows/{name}/revisions", errors=(404,))
async def list_revisions(services: Services, name: str) -> RevisionPage:
    """The earlier texts of a workflow, newest first; the newest fifty are kept."""
    return RevisionPage(await asyncio.to_thread(services.library.revisions, name))


@route("GET", "/api/v1/workflows/{name}/revisions/{revision}", errors=(404, 422))
async def read_revision(services: Services, name: str, revision: str) -> RevisionText:
    """An earlier text of a workflow."""
    return RevisionText(revision, await asyncio.to_thread(services.library.read_revision, name, revision))


@route("POST", "/api/v1/workflows/{name}/revisions/{revision}/restore", errors=(404, 412, 422), headers=("If-Match",))
async def restore_revision(services: Services, request: web.Request, name: str, revision: str) -> Reply[SavedWorkflow]:
    """Make an earlier text the workflow again; the text that it replaces becomes a revision."""
    if_match = request.headers.get("If-Match")

    def restore() -> SavedWorkflow:
        return _with_problems(services, services.library.restore(name, revision, if_match))

    saved = await asyncio.to_thread(restore)
    tell(services, name, saved.etag)
    return Reply(saved, headers={"ETag": saved.etag})


@route("POST", "/api/v1/convert", accepts="application/json, application/yaml", errors=(400, 422), changes=False)
async def convert_workflow(body: Draft) -> Converted:
    """A workflow as YAML and as JSON, whichever was given; nothing is saved, and what cannot run is converted too."""
    if (body.text is UNSET) == (body.document is UNSET):
        raise Failure(422, "BadBody", "give either `text` (YAML) or `document` (JSON)")
    text = body.text if isinstance(body.text, str) else bytes(body.document).decode()  # type: ignore[arg-type]
    read = read_yaml if isinstance(body.text, str) else read_json

    def convert() -> Converted:
        workflow = parse_workflow(read(text, "document"), Path("document"))
        return Converted(to_yaml(workflow), to_data(workflow))

    return await asyncio.to_thread(convert)


def tell(services: Services, name: str, etag: str, renamed: str = "") -> None:
    """Let the listeners know that a file changed: an empty etag is one that is gone, `renamed` where it went."""
    event = {"type": "workflow", "name": name, "etag": etag}
    services.queue.recorder.event("", event | ({"renamed": renamed} if renamed else {}))


# In a thread --------------------------------------------------------------------------------------------------------


def _document(services: Services, name: str) -> WorkflowDocument:
    opened: Opened = services.library.open(name)
    saved = opened.saved
    problems = opened.problems if opened.workflow is None else services.engine.check(opened.workflow)
    return WorkflowDocument(
        *(saved.name, saved.title, saved.description, saved.etag, saved.modified, saved.problem),
        places(problems, services.library),
        opened.text,
        to_data(opened.workflow) if opened.workflow is not None else None,
    )


def _with_problems(services: Services, saved: Saved) -> SavedWorkflow:
    workflow, _ = services.library.load(saved.name)
    problems = places(services.engine.check(workflow), services.library)
    return SavedWorkflow(
        saved.name, saved.title, saved.description, saved.etag, saved.modified, saved.problem, problems
    )


def places(problems: Iterable[Problem], library: Library) -> list[Place]:
    """Problems with their places as the client knows them: a sub-workflow's file is named from the library's folder."""
    folder = f"{library.folder}/"
    found = []
    for problem in problems:
        where = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        found.append(Place(problem.message.replace(folder, ""), where.replace(folder, "")))
    return found
