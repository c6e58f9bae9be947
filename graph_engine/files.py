"""Files, safely: one rooted opener for every path that a user or a workflow names, and atomic writes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from graph_engine.errors import GraphEngineError

__all__ = ["FileRefused", "atomic_write", "check_relative", "digest_file", "find_in_roots", "safe_name"]

_DEVICE_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class FileRefused(GraphEngineError):
    """A path leaves its root, or is not a plain relative path."""


def check_relative(path: str) -> PurePosixPath:
    """A path as written in a workflow, proved to be plain, relative and inside its root; raises FileRefused."""
    reason = _reason_to_refuse(path)
    if reason:
        raise FileRefused(
            f"the path {path!r} {reason}; give a path relative to the workflow's folder or the input folder"
        )
    return PurePosixPath(path)


def _reason_to_refuse(path: str) -> str | None:
    if not path or _CONTROL.search(path):
        return "is empty or holds control characters"
    if path.startswith(("/", "~")) or "\\" in path or ":" in path:
        return "is absolute or names a drive, a host or a stream"
    parts = path.split("/")
    if ".." in parts:
        return "climbs out of its folder with '..'"
    if any(_DEVICE_NAME.fullmatch(part) or len(part.encode("utf-8", "replace")) > 255 for part in parts):
        return "holds a reserved or too long name"
    return None


def find_in_roots(path: str, roots: Iterable[Path], granted: Iterable[Path] = (), *, folder: bool = False) -> Path:
    """The existing file (or folder) that `path` names below one of `roots`; symbolic links may not lead out of it.

    `granted` lists what the user named in person (a shell flag), which is accepted wherever it is.
    """
    for allowed in granted:
        if path == str(allowed):
            return allowed
    relative = check_relative(path)
    tried = list(dict.fromkeys(roots))
    for root in tried:
        base = root.resolve()
        try:
            candidate = (base / relative).resolve()
            exists = candidate.is_dir() if folder else candidate.is_file()
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links, a path that is too long
            raise FileRefused(f"the path {path!r} cannot be followed: {error}") from None
        if not candidate.is_relative_to(base):
            raise FileRefused(f"the path {path!r} leads out of {root} through a symbolic link")
        if exists:
            return candidate
    wanted = "folder" if folder else "file"
    raise FileNotFoundError(f"no {wanted} {path!r} in {' or '.join(str(root) for root in tried) or 'any folder'}")


def safe_name(label: str, fallback: str = "untitled") -> str:
    """A label made into a file name: letters, digits, `_`, `-` and `.`, at most 80 characters."""
    name = re.sub(r"[^\w.-]+", "-", label.strip().lower()).strip("-.")[:80]
    return name if name and not _DEVICE_NAME.fullmatch(name) else fallback


def digest_file(path: str | Path) -> str:
    """blake2b of a file's bytes, 32 bytes, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


@contextlib.contextmanager
def atomic_write(target: Path, *, durable: bool = False) -> Iterator[Path]:
    """Write to the yielded temporary path beside `target`; it replaces `target` only when the block succeeds.

    `durable` waits until the bytes are on the disk (for files that the user asked for).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        yield temporary
        if durable:
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
