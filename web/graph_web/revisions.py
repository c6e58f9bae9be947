"""Earlier texts of workflows: each is a file of its own, never changed, the newest fifty of each workflow."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import msgspec

from graph_engine.files import atomic_write
from graph_web.disk import sync_folder
from graph_web.errors import Failure

__all__ = ["KEPT", "Revision", "Revisions"]

KEPT = 50
_ID = re.compile(r"[0-9]{13,16}-[0-9a-f]{8}")


class Revision(msgspec.Struct, frozen=True):
    """An earlier text of a workflow: `created` is when it was replaced, in seconds since 1970."""

    id: str
    created: float
    bytes: int


class Revisions:
    """The revisions of all workflows, in a folder for each: `<name>/<milliseconds>-<digest>.<ending>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str) -> Path:
        """Where the revisions of a workflow are; need not exist."""
        return self._folder / name

    def keep(self, name: str, data: bytes, ending: str) -> None:
        """Keep `data`, the text that is about to be replaced, unless it is the newest revision already."""
        found = self._files(name)
        digest = hashlib.blake2b(data, digest_size=4).hexdigest()
        if found and found[0].stem.endswith(f"-{digest}") and found[0].read_bytes() == data:
            return
        # A clock that was set back must not put the newest text behind older ones.
        stamp = max(int(time.time() * 1000), _milliseconds(found[0]) + 1 if found else 0)
        target = self.folder(name) / f"{stamp}-{digest}{ending}"
        with atomic_write(target, durable=True) as temporary:
            temporary.write_bytes(data)
        sync_folder(target.parent)
        for old in found[KEPT - 1 :]:
            old.unlink(missing_ok=True)

    def of(self, name: str) -> list[Revision]:
        """The revisions of a workflow, the newest first."""
        return [Revision(path.stem, _milliseconds(path) / 1000, path.stat().st_size) for path in self._files(name)]

    def find(self, name: str, revision: str) -> Path:
        """The file of a revision; Failure 404 when there is none."""
        found = next((path for path in self._files(name) if path.stem == revision), None)
        if found is None:
            advice = f"GET /api/v1/workflows/{name}/revisions lists those there are"
            raise Failure(404, "NotFound", f"the workflow '{name}' has no revision {revision[:60]!r}; {advice}")
        return found

    def rename(self, name: str, new: str) -> None:
        """Let the revisions follow a workflow to its new name."""
        if self.folder(name).is_dir():
            self.folder(name).rename(self.folder(new))

    def _files(self, name: str) -> list[Path]:
        folder = self.folder(name)
        entries = folder.iterdir() if folder.is_dir() else ()
        return sorted((path for path in entries if _ID.fullmatch(path.stem)), key=_milliseconds, reverse=True)


def _milliseconds(path: Path) -> int:
    return int(path.stem.partition("-")[0])
