"""What the disk refuses, told to the client; the mark of some bytes; and renames that survive a power cut."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from graph_web.errors import Failure

__all__ = ["disk_told", "etag_of", "etag_of_file", "sync_folder"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def disk_told(doing: str) -> Iterator[None]:
    """Turn an error of the disk inside the block into an answer: 507 when it is full, 503 for every other one.

    doing: what was tried, as in `the workflow could not be saved`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise Failure(507, "DiskFull", f"{doing}: {reason}; free some space and try again") from error
        if error.errno in _CLOSED:
            advice = "let the server's user write to its data folder"
            raise Failure(503, "DiskClosed", f"{doing}: {reason}; {advice} and try again") from error
        raise Failure(503, "DiskError", f"{doing}: {reason}; look at the server's disk and try again") from error


def etag_of(data: bytes) -> str:
    """The entity tag of some bytes: the same bytes have the same tag, in every process."""
    return f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"'


def etag_of_file(path: Path) -> str:
    """`etag_of` the bytes of a file of any size."""
    with open(path, "rb") as file:
        return f'"{hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()}"'


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system has such a thing."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
