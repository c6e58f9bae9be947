"""Saved workflows: files in one folder, which a person may also edit by hand, with the earlier texts of each.

A workflow is known by a flat name; the server makes the path of it. What is saved is on the disk, whole, before the
answer. All methods are plain functions that touch the disk: a handler calls them in a thread.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graph_engine.errors import Problem, WorkflowError
from graph_engine.files import FileRefused, atomic_write, check_relative, find_in_roots
from graph_engine.reader import MAX_BYTES, read_json, read_yaml
from graph_engine.workflow import Workflow, parse_workflow
from graph_engine.writer import to_yaml
from graph_web.disk import disk_told, etag_of, etag_of_file, sync_folder
from graph_web.errors import Failure
from graph_web.revisions import Revision, Revisions
from graph_web.trash import Named, Trashed, find_trashed, list_trash, move_to_trash, take_back

__all__ = ["Library", "Opened", "Saved", "check_name"]

ENDINGS = (".yaml", ".yml", ".json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")
_RULE = "a name has 1 to 80 letters, digits, spaces, _, - and ., begins with a letter or digit, and has no ending"
_REMEMBERED_BYTES = 16 << 20


class Saved(msgspec.Struct, frozen=True):
    """A saved workflow in a list. `problem` says why the file cannot be read as one, and is empty when it can."""

    name: str
    title: str
    description: str
    etag: str
    modified: float
    problem: str = ""


SavedList = list[Saved]  # inside the class, `list` is the method
RevisionList = list[Revision]


@dataclass(frozen=True)
class Opened:
    """A workflow's file, read once: its text, and the workflow, or None with the problems that it has as a document."""

    saved: Saved
    text: str
    workflow: Workflow | None
    problems: list[Problem] = field(default_factory=list)


_Stamp = tuple[int, int, int]
"""What a file looks like from outside while it is unchanged: time, size and inode."""


class Library:
    """The workflows in `folder`; deleted ones go to `trash`."""

    def __init__(self, folder: Path, trash: Path) -> None:
        self.folder = folder
        self._trash = trash
        self._revisions = Revisions(folder / ".revisions")
        self._lock = threading.RLock()
        self._listed: dict[str, tuple[_Stamp, Saved]] = {}
        self._parsed: OrderedDict[str, tuple[_Stamp, Workflow, str]] = OrderedDict()

    # Reading --------------------------------------------------------------------------------------------------------

    def list(self) -> SavedList:
        """All workflows by name; a file is read again only when it changed."""
        with self._lock, disk_told("the workflows could not be listed"):
            found = {name: self._listing(name, path) for name, path in self._files()}
            self._listed = {name: item for name, item in self._listed.items() if name in found}
        return [found[name] for name in sorted(found)]

    def load(self, name: str) -> tuple[Workflow, str]:
        """The workflow of that name and its etag; Failure 404, or WorkflowError when the file is no workflow."""
        path = self._existing(name)
        with self._lock:
            stamp = _stamp(path)
            known = self._parsed.get(name)
            if known and known[0] == stamp:
                self._parsed.move_to_end(name)
                return known[1], known[2]
        data = _read(path)
        workflow, etag = _parse(_decode(data, path), path), etag_of(data)
        with self._lock:
            self._parsed[name] = (stamp, workflow, etag)
            self._parsed.move_to_end(name)
            while len(self._parsed) > 1 and sum(item[0][1] for item in self._parsed.values()) > _REMEMBERED_BYTES:
                self._parsed.popitem(last=False)
        return workflow, etag

    def open(self, name: str) -> Opened:
        """All of a workflow, also of one that is broken; Failure 404, or 422 when the file holds no text at all."""
        path = self._existing(name)
        data = _read(path)
        try:
            text = _decode(data, path)
        except WorkflowError as error:
            raise Failure(422, "NoText", f"{error}; mend or remove the file") from None
        return _opened(name, path, data, text)

    def read(self, name: str) -> tuple[str, str]:
        """The text of a workflow as it stands in its file, and its etag."""
        opened = self.open(name)
        return opened.text, opened.saved.etag

    def exists(self, name: str) -> bool:
        """Whether there is a workflow of that name; Failure 400 for what can be no name."""
        return self._find(name) is not None

    # Changing -------------------------------------------------------------------------------------------------------

    def save(
        self, name: str, text: str, if_match: str | None = None, if_none_match: str | None = None, *, json: bool = False
    ) -> Saved:
        """Write a workflow: YAML text, kept as it is, or the text of a JSON document. What stood there is a revision.

        A draft with unknown nodes or wrong links is saved; what is no workflow document raises WorkflowError. An
        existing workflow is replaced only with its etag (or `*`) as `if_match`: Failure 428 without, 412 with another.
        """
        check_name(name)
        target = self.folder / f"{name}.yaml"
        data = _encode(_yaml_of(text) if json else text)
        workflow = _parse(data.decode(), target)
        with self._lock, disk_told(f"the workflow '{name}' could not be saved"):
            current = self._find(name)
            self._check_version(name, current, if_match, if_none_match)
            if current is None:
                self._refuse_collision(name)
            if current != target or etag_of_file(current) != etag_of(data):
                self._replace(name, target, data)
            return _saved(name, data, os.stat(target), workflow)

    def rename(self, name: str, new: str, if_match: str | None = None) -> Saved:
        """Give a workflow, with its revisions, another name; Failure 409 when that is taken."""
        check_name(new)
        with self._lock, disk_told(f"the workflow '{name}' could not be renamed"):
            path = self._existing(name)
            if if_match is not None:
                self._check_version(name, path, if_match, None)
            if new != name:
                self._refuse_collision(new, but=name)
                path.rename(self.folder / f"{new}{path.suffix}")
                self._revisions.rename(name, new)
                sync_folder(self.folder)
            return self.open(new).saved

    def delete(self, name: str, if_match: str | None = None) -> None:
        """Move a workflow with its revisions to the trash."""
        with self._lock, disk_told(f"the workflow '{name}' could not be deleted"):
            path = self._existing(name)
            if if_match is not None:
                self._check_version(name, path, if_match, None)
            parts = [*self._all_files(name), self._revisions.folder(name)]
            move_to_trash(self._trash, "workflows", name, parts)
            sync_folder(self.folder)

    def deleted(self) -> Named:
        """The deletions in the trash with the names that the workflows had, the newest first."""
        found = ((entry, _name_inside(entry)) for entry in list_trash(self._trash, "workflows"))
        return [(entry, name) for entry, name in found if name]

    def undelete(self, identity: str) -> Saved:
        """Take a workflow, with its revisions, back from the trash; Failure 404, or 409 when its name is taken."""
        entry = find_trashed(self._trash, "workflows", identity)
        name = _name_inside(entry)
        with self._lock, disk_told(f"the workflow '{name}' could not be taken back"):
            if name:
                self._refuse_collision(name)
            files = {path.name: self.folder / path.name for path in entry.folder.iterdir() if path.name != name}
            kept = {name: self._revisions.folder(name)} if name and (entry.folder / name).is_dir() else {}
            take_back(entry, {**files, **kept} if name else {})
            return self.open(name).saved

    # Revisions ------------------------------------------------------------------------------------------------------

    def revisions(self, name: str) -> RevisionList:
        """The earlier texts of a workflow, the newest first."""
        self._existing(name)
        with disk_told(f"the revisions of '{name}' could not be listed"):
            return self._revisions.of(name)

    def read_revision(self, name: str, revision: str) -> str:
        """An earlier text of a workflow."""
        self._existing(name)
        path = self._revisions.find(name, revision)
        return _decode(_read(path), path)

    def restore(self, name: str, revision: str, if_match: str | None = None) -> Saved:
        """Make an earlier text the workflow again; the one that it replaces becomes a revision itself."""
        self._existing(name)
        path = self._revisions.find(name, revision)
        return self.save(name, _decode(_read(path), path), if_match or "*", json=path.suffix == ".json")

    # Files ----------------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> Path | None:
        check_name(name)
        for ending in ENDINGS:
            try:
                find_in_roots(f"{name}{ending}", [self.folder])
            except FileNotFoundError:
                continue
            except FileRefused:
                message = f"the file of '{name}' is a link that leads out of the folder of workflows; put a file there"
                raise Failure(404, "NotFound", message) from None
            return self.folder / f"{name}{ending}"
        return None

    def _existing(self, name: str) -> Path:
        found = self._find(name)
        if found is None:
            message = f"there is no workflow '{name}'; GET /api/v1/workflows lists those there are"
            raise Failure(404, "NotFound", message)
        return found

    def _all_files(self, name: str) -> Iterator[Path]:
        return (path for ending in ENDINGS if os.path.lexists(path := self.folder / f"{name}{ending}"))

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Each name once, with the file that stands for it."""
        if not self.folder.is_dir():
            return
        seen: dict[str, Path] = {}
        for entry in os.scandir(self.folder):
            stem, ending = os.path.splitext(entry.name)
            if ending not in ENDINGS or stem.startswith(".") or not (entry.is_file() or entry.is_symlink()):
                continue
            if stem not in seen or ENDINGS.index(ending) < ENDINGS.index(seen[stem].suffix):
                seen[stem] = self.folder / entry.name
        yield from seen.items()

    def _listing(self, name: str, path: Path) -> Saved:
        shown = name.encode("utf-8", "replace").decode()
        try:
            check_name(name)
            found = self._existing(name)
            stamp = _stamp(found)
            known = self._listed.get(name)
            if known and known[0] == stamp:
                return known[1]
            data = _read(found)
            saved = _opened(name, found, data, _decode(data, found)).saved
        except (Failure, WorkflowError) as error:
            return Saved(shown, "", "", "", _stamp(path)[0] / 1e9, str(error))
        self._listed[name] = (stamp, saved)
        return saved

    def _replace(self, name: str, target: Path, data: bytes) -> None:
        """Write the file of a name. Whatever stood for that name before, under any ending, is a revision afterwards."""
        before = list(self._all_files(name))
        for path in before:
            self._revisions.keep(name, path.read_bytes(), path.suffix)
        with atomic_write(target, durable=True) as temporary:
            temporary.write_bytes(data)
        for path in before:
            if path != target:
                path.unlink()
        sync_folder(self.folder)

    # Refusals -------------------------------------------------------------------------------------------------------

    def _refuse_collision(self, name: str, but: str | None = None) -> None:
        """Names that differ only in case are one file on other systems."""
        for other, path in self._files():
            if other != but and other.casefold() == name.casefold():
                message = f"there is a workflow '{path.stem}' already; choose another name or rename that one"
                raise Failure(409, "NameTaken", message)

    def _check_version(self, name: str, current: Path | None, if_match: str | None, if_none_match: str | None) -> None:
        etag = etag_of_file(current) if current else ""
        headers = {"ETag": etag} if etag else {}
        if if_none_match is not None and etag and _names(if_none_match, etag):
            message = f"there is a workflow '{name}' already; choose another name, or save with If-Match: {etag}"
            raise Failure(412, "Exists", message, headers=headers)
        if if_match is None and if_none_match is None and etag:
            advice = "send the ETag of the version that you changed as If-Match, or 'If-Match: *' to replace any"
            raise Failure(428, "NeedsIfMatch", f"there is a workflow '{name}' already; {advice}", headers=headers)
        if if_match is not None and not etag:
            advice = "save it without If-Match to make it anew"
            raise Failure(412, "Gone", f"the workflow '{name}' is not there any more; {advice}")
        if if_match is not None and not _names(if_match, etag):
            advice = "read it again and change that, or save under another name"
            message = f"the workflow '{name}' was changed by somebody else, and is now {etag}; {advice}"
            raise Failure(412, "Changed", message, headers=headers)


def check_name(name: str) -> None:
    """Refuse (Failure 400) what can be no workflow's name on every system."""
    fits = _NAME.fullmatch(name) and name[-1] not in " ." and not name.lower().endswith(ENDINGS)
    try:
        if fits:
            check_relative(name)
    except FileRefused:  # CON, NUL and the like
        fits = None
    if not fits:
        raise Failure(400, "BadName", f"{name[:90]!a} can be no workflow's name: {_RULE}")


def _names(header: str, etag: str) -> bool:
    tags = [tag.strip() for tag in header.split(",")]
    return "*" in tags or etag in tags


def _name_inside(entry: Trashed) -> str:
    """The name of the workflow that was deleted; empty when there is none in the folder any more."""
    names = (path.stem for path in entry.folder.iterdir() if path.suffix in ENDINGS and path.is_file())
    return next((name for name in names if _NAME.fullmatch(name)), "")


def _stamp(path: Path) -> _Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> bytes:
    """The bytes of a file, refused when they are more than a workflow may have."""
    with disk_told(f"{path.name} could not be read"), open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _too_large(path.name)
    return data


def _too_large(name: str | None) -> WorkflowError:
    return WorkflowError([Problem(f"is larger than {MAX_BYTES >> 20} MB; split it into sub-workflows", name)])


def _encode(text: str) -> bytes:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"the text holds half of a surrogate pair at position {error.start}; remove it"
        raise WorkflowError([Problem(message)]) from None
    if len(data) > MAX_BYTES:
        raise _too_large(None)
    return data


def _decode(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WorkflowError([Problem("is not UTF-8 text", path.name, line)]) from None


def _yaml_of(document: str) -> str:
    """The YAML of a JSON document; what is none raises WorkflowError."""
    return to_yaml(parse_workflow(read_json(document, "document")))


def _parse(text: str, path: Path) -> Workflow:
    """The workflow in a text. Its problems name the file alone: where the server keeps it is nobody's business."""
    read = read_json if path.suffix == ".json" else read_yaml
    return parse_workflow(read(text, path.name), path)


def _opened(name: str, path: Path, data: bytes, text: str) -> Opened:
    workflow, problems = None, list[Problem]()
    try:
        workflow = _parse(text, path)
    except WorkflowError as error:
        problems = error.problems
    with disk_told(f"{path.name} could not be read"):
        status = os.stat(path)
    return Opened(_saved(name, data, status, workflow, problems), text, workflow, problems)


def _saved(
    name: str, data: bytes, status: os.stat_result, workflow: Workflow | None, problems: list[Problem] | None = None
) -> Saved:
    title, description = (workflow.title, workflow.description) if workflow else ("", "")
    return Saved(name, title, description, etag_of(data), status.st_mtime, str(problems[0]) if problems else "")
