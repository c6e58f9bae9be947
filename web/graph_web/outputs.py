"""Files that runs wrote: known to clients by id alone, found by the path that was recorded, deleted to the trash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from graph_engine.errors import WorkflowError
from graph_engine.files import FileRefused, check_relative, find_in_roots
from graph_engine.png import workflow_text
from graph_engine.reader import read_json
from graph_web.disk import disk_told
from graph_web.errors import Failure
from graph_web.pictures import Thumbnails
from graph_web.trash import Named, find_trashed, list_trash, move_to_trash, take_back

if TYPE_CHECKING:
    from graph_web.store.database import Database

__all__ = ["Output", "OutputFilter", "OutputPage", "Outputs"]

_COLUMNS = "o.id, o.run, COALESCE(r.workflow, ''), o.name, o.path, o.bytes, o.created"
_FROM = "FROM outputs o LEFT JOIN runs r ON r.id = o.run WHERE o.deleted IS NULL"
_TEXT = "(o.path LIKE ? ESCAPE '\\' OR r.workflow LIKE ? ESCAPE '\\' OR r.title LIKE ? ESCAPE '\\')"
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class Output(msgspec.Struct, frozen=True):
    """A file that a run wrote. workflow: the saved workflow that was run, if it was one; name: the declared output;
    path: below the folder of outputs, for the eye; picture: whether it has a thumbnail; missing: whether somebody
    removed the file behind the server's back; created: seconds since 1970."""

    id: str
    run: str
    workflow: str
    name: str
    path: str
    bytes: int
    created: float
    url: str
    picture: bool
    missing: bool


class OutputPage(msgspec.Struct, frozen=True):
    """Outputs, newest first; `next` is what `after` is to be for the page below, empty on the last page."""

    outputs: list[Output]
    next: str = ""


@dataclass(frozen=True)
class OutputFilter:
    """Which outputs: those of which all that is given holds. text: in the path, in the workflow's name or in the run's
    title; since, until: seconds since 1970, `until` itself is outside; pictures: no other files."""

    run: str = ""
    workflow: str = ""
    text: str = ""
    since: float = 0.0
    until: float = 0.0
    pictures: bool = False


class Outputs:
    """The outputs below `folder`, as the database has them."""

    def __init__(self, folder: Path, trash: Path, thumbnails: Path, database: Database) -> None:
        self.folder = folder
        self.thumbnails = Thumbnails(thumbnails)
        self._trash = trash
        self._database = database

    async def list(self, wanted: OutputFilter | None = None, after: str = "", limit: int = 100) -> OutputPage:
        """A page of outputs. after: the `next` of the page above."""
        sql, values = _selection(wanted or OutputFilter(), after)

        def ask(connection: sqlite3.Connection) -> list[Any]:
            if after and not connection.execute("SELECT 1 FROM outputs WHERE id = ?", (after,)).fetchone():
                raise Failure(400, "BadCursor", "`after` is no `next` of a page; leave it out for the first page")
            return connection.execute(sql, (*values, limit + 1)).fetchall()

        rows = await self._database.call(ask)
        found = await asyncio.to_thread(lambda: [self._output(row) for row in rows[:limit]])
        return OutputPage(found, found[-1].id if len(rows) > limit else "")

    async def get(self, output: str) -> Output:
        """One output; Failure 404."""
        sql = f"SELECT {_COLUMNS} {_FROM} AND o.id = ?"
        row = await self._database.call(lambda db: db.execute(sql, (output,)).fetchone()) if _plain(output) else None
        if row is None:
            message = f"there is no output {output[:60]!a}; GET /api/v1/outputs lists those there are"
            raise Failure(404, "NotFound", message)
        return await asyncio.to_thread(self._output, row)

    async def find(self, output: str) -> tuple[Output, Path]:
        """An output and its file; Failure 404, also when the file is gone or lies outside the folder of outputs."""
        found = await self.get(output)
        return found, await asyncio.to_thread(self._file, found)

    async def thumbnail(self, output: str, size: int) -> Path:
        """A small WEBP of a picture; Failure 415 for what is none."""
        found, path = await self.find(output)
        if not found.picture:
            raise Failure(415, "NoPicture", f"the output {found.path} is no picture; GET {found.url} gives the file")
        return await self.thumbnails.get(await asyncio.to_thread(_content_key, found.id, path), path, size)

    async def workflow(self, output: str) -> dict[str, Any]:
        """The workflow document, with the values used, that the engine put into a picture; Failure 404 when none is."""
        found, path = await self.find(output)
        try:
            return await asyncio.to_thread(_workflow_inside, path)
        except WorkflowError as error:
            reason = error.problems[0].message
            raise Failure(404, "NoWorkflow", f"the output {found.path} {reason}") from None

    async def delete(self, output: str) -> None:
        """Move an output's file to the trash and forget it; the history of its run stays."""
        found = await self.get(output)
        if not found.missing:
            await asyncio.to_thread(self._discard, found)
        sql = "UPDATE outputs SET deleted = ? WHERE id = ?"
        await self._database.call(lambda db: db.execute(sql, (time.time(), found.id)).rowcount)

    async def deleted(self) -> Named:
        """The deletions in the trash with the paths that the files had, the newest first."""
        found = await asyncio.to_thread(list_trash, self._trash, "outputs")
        sql = "SELECT id, path FROM outputs"
        paths = dict(await self._database.call(lambda db: db.execute(sql).fetchall()))
        return [(entry, paths[entry.label]) for entry in found if entry.label in paths]

    async def undelete(self, identity: str) -> Output:
        """Take a file back from the trash; Failure 404, or 409 when another one has its name now."""
        entry = await asyncio.to_thread(find_trashed, self._trash, "outputs", identity)
        sql = "SELECT path FROM outputs WHERE id = ?"
        row = await self._database.call(lambda db: db.execute(sql, (entry.label,)).fetchone())
        if row is None:
            raise Failure(404, "NotFound", "the history knows nothing of this file; move it back by hand")
        target = self.folder / check_relative(row[0])
        if not target.parent.resolve().is_relative_to(self.folder.resolve()):
            raise Failure(404, "NotFound", f"{row[0]} would lead out of the folder of outputs; move it back by hand")
        await asyncio.to_thread(take_back, entry, {target.name: target})
        sql = "UPDATE outputs SET deleted = NULL WHERE id = ?"
        await self._database.call(lambda db: db.execute(sql, (entry.label,)).rowcount)
        return await self.get(entry.label)

    def _discard(self, output: Output) -> None:
        with disk_told(f"the output {output.path} could not be deleted"):
            path = self._file(output)
            self.thumbnails.forget(_content_key(output.id, path))
            move_to_trash(self._trash, "outputs", output.id, [path])

    def _output(self, row: Any) -> Output:
        identity, run, workflow, name, path, size, created = row
        picture = path.lower().endswith(PICTURES)
        url = f"/api/v1/outputs/{identity}"
        return Output(identity, run, workflow, name, path, size, created, url, picture, not self._is_there(path))

    def _is_there(self, path: str) -> bool:
        try:
            find_in_roots(path, [self.folder])
        except (FileRefused, FileNotFoundError):
            return False
        return True

    def _file(self, output: Output) -> Path:
        try:
            return find_in_roots(output.path, [self.folder])
        except (FileRefused, FileNotFoundError):
            advice = "run the workflow again, or DELETE the output to forget it"
            raise Failure(404, "FileGone", f"the file {output.path} is not there any more; {advice}") from None


def _selection(wanted: OutputFilter, after: str) -> tuple[str, list[str | float]]:
    clauses, values = [""], list[str | float]()
    exact = (("o.run = ?", wanted.run), ("r.workflow = ?", wanted.workflow))
    times = (("o.created >= ?", wanted.since), ("o.created < ?", wanted.until))
    for clause, value in (*exact, *times):
        if value:
            clauses.append(clause)
            values.append(value)
    if wanted.text:
        like = re.sub(r"([%_\\])", r"\\\1", wanted.text)
        clauses.append(_TEXT)
        values += [f"%{like}%"] * 3
    if wanted.pictures:
        clauses.append("(" + " OR ".join("o.path LIKE ?" for _ in PICTURES) + ")")
        values += [f"%{ending}" for ending in PICTURES]
    if after:
        clauses.append("(o.created, o.id) < (SELECT created, id FROM outputs WHERE id = ?)")
        values.append(after)
    return f"SELECT {_COLUMNS} {_FROM} {' AND '.join(clauses)} ORDER BY o.created DESC, o.id DESC LIMIT ?", values


def _plain(text: str) -> bool:
    """Whether SQLite takes a text that came with a URL."""
    return text.isascii() and "\0" not in text


def _content_key(output: str, path: Path) -> str:
    """The same output with another content, after a file of that name was written anew, has another key."""
    status = os.stat(path)
    facts = f"{output} {status.st_mtime_ns} {status.st_size}"
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


def _workflow_inside(path: Path) -> dict[str, Any]:
    data = read_json(workflow_text(path)).data
    return data if isinstance(data, dict) else {}
