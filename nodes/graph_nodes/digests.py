"""Digests of large files, remembered by path, size and modification time: in the process and beside the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from graph_engine import Context
from graph_engine.files import atomic_write, digest_file

__all__ = ["digest_of", "digest_of_all"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGE = 1 << 22
"""Files of this many bytes or more are remembered on disk; smaller ones are read faster than looked up."""


def digest_of(context: Context, path: Path) -> str:
    """blake2b of a file's bytes as hex; read once as long as its size and modification time stay the same."""
    status = path.stat()
    blob = path.resolve()
    if status.st_size >= _LARGE and blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name):
        return f"sha256:{blob.name}"  # the hub's cache names a large file by its digest
    key = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}"
    find = _remembered if status.st_size >= _LARGE and context.folders.cache else _digest
    return context.warm.get(f"digest:{key}", lambda: find(context, path, key), len)


def _digest(context: Context, path: Path, key: str) -> str:
    return digest_file(path)


def _remembered(context: Context, path: Path, key: str) -> str:
    assert context.folders.cache is not None
    note = context.folders.cache / "digests" / f"{digest_of_all([key])}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(note.read_bytes())
        if found["file"] == key:
            return str(found["digest"])
    digest = digest_file(path)
    with contextlib.suppress(OSError), atomic_write(note) as temporary:
        temporary.write_text(json.dumps({"file": key, "digest": digest}))
    return digest


def digest_of_all(texts: Iterable[str]) -> str:
    """One digest over several texts, as hex."""
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=32).hexdigest()
