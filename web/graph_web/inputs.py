"""Pictures that lie beside the workflows: what a file input may name besides an upload, shown before a run reads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from graph_engine.files import FileRefused, find_in_roots
from graph_web.disk import disk_told
from graph_web.errors import Failure
from graph_web.outputs import PICTURES

__all__ = ["InputPicture", "InputPictures", "InputPicturesPage"]

_MOST = 1000


class InputPicture(msgspec.Struct, frozen=True):
    """A picture by the path that a file input is given; modified: seconds since 1970."""

    path: str
    bytes: int
    modified: float


class InputPicturesPage(msgspec.Struct, frozen=True):
    """Pictures by name; complete: whether these are all, of a folder with very many the first ones are given."""

    pictures: list[InputPicture]
    complete: bool


class InputPictures:
    """The pictures below `listed` folders; what is named may also lie in one of `roots`, which file inputs read."""

    def __init__(self, listed: Iterable[Path], roots: Iterable[Path]) -> None:
        self._listed = tuple(listed)
        self._roots = tuple(roots)

    def list(self) -> InputPicturesPage:
        """The pictures that lie beside workflows, without what is hidden and without the templates' thumbnails."""
        with disk_told("the pictures could not be listed"):
            found = {picture.path: picture for folder in reversed(self._listed) for picture in _below(folder)}
        pictures = [found[path] for path in sorted(found)]
        return InputPicturesPage(pictures[:_MOST], len(pictures) <= _MOST)

    def find(self, path: str) -> Path:
        """The file that a file input of this value reads; Failure 404 for what is none, 415 for what is no picture."""
        if not path.lower().endswith(PICTURES):
            raise Failure(415, "NoPicture", f"{path[:80]!a} is no picture; wanted {', '.join(PICTURES)}")
        try:
            return find_in_roots(path, self._roots)
        except (FileRefused, FileNotFoundError):
            message = (
                f"there is no picture {path[:80]!a} beside the workflows; GET /api/v1/pictures lists those there are"
            )
            raise Failure(404, "NotFound", message) from None

    def key(self, path: Path) -> str:
        """A name for a file's content, which changes when the file does."""
        with disk_told("the picture could not be read"):
            status = os.stat(path)
        return hashlib.blake2b(f"{path} {status.st_mtime_ns} {status.st_size}".encode(), digest_size=16).hexdigest()


def _below(folder: Path) -> Iterator[InputPicture]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "thumbnails")
        for name in names:
            path = Path(base, name)
            if name.lower().endswith(PICTURES) and not name.startswith(".") and not path.is_symlink():
                status = path.stat()
                yield InputPicture(path.relative_to(folder).as_posix(), status.st_size, status.st_mtime)
