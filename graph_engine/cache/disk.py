"""The cache on disk, shared by the shell, servers and tests, by many processes at once, with no lock and no database.

An entry is a small JSON file named by its key; the tensors it speaks of lie in safetensors files named by the digest
of their bytes. Both are written beside their place and renamed into it, and both are verified on every read, so a
killed writer, a flipped bit or an evicted file is a miss and never a wrong answer. What is used is touched; the gc
removes what was not used for longest, entries and blobs alike, since an entry without its blob is only a miss.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.codec import NotStorable, decode, encode

__all__ = ["DiskCache", "DiskInfo"]

Outputs = Mapping[str, Any]
_LAYOUT = "v1"
_TOUCH_AFTER = 3600.0
_ORPHAN_AFTER = 3600.0
_GC_EVERY_BYTES = 256 << 20
_GC_EVERY_ENTRIES = 20_000


@dataclass(frozen=True)
class DiskInfo:
    """What a cache folder holds."""

    folder: Path
    entries: int
    blobs: int
    bytes: int
    budget_bytes: int


class DiskCache:
    """One cache folder; any number of these, in any number of processes, may share it."""

    def __init__(self, folder: Path, kinds: Mapping[str, type], budget_bytes: int = 20 << 30) -> None:
        self.folder = folder / _LAYOUT
        self.kinds = kinds
        self.budget_bytes = budget_bytes
        self._token = secrets.token_hex(6)  # two caches in one process, or one process id on two machines
        self._counter = itertools.count()
        self._gc_every_bytes = max(1, min(_GC_EVERY_BYTES, budget_bytes // 10))
        # Many processes are too short to write that much: starting anywhere, one in so many of them collects.
        self._written_bytes = secrets.randbelow(self._gc_every_bytes)
        self._written_entries = secrets.randbelow(_GC_EVERY_ENTRIES)
        self._lock = threading.Lock()
        self._entries = str(self.folder / "entries")

    # Reading --------------------------------------------------------------------------------------------------------

    def __contains__(self, key: str) -> bool:
        return os.path.exists(self._entry_path(key))

    def get(self, key: str) -> Outputs | None:
        """The outputs under `key`, or None when there is nothing there that can be trusted."""
        path = self._entry_path(key)
        try:
            with open(path, "rb") as file:
                entry = self._verified_entry(file.read(), key)
            tensors = self._read_blob(entry["blob"]) if entry["blob"] else []
            outputs: Outputs = decode(entry["outputs"], tensors, self.kinds)
        except (FileNotFoundError, IsADirectoryError) as error:
            if error.filename != path or isinstance(error, IsADirectoryError):
                self._remove(path)  # an entry without its blob, or something that is no entry
                self._remove(error.filename)
            return None
        except OSError:  # not readable now (too many open files, a failing disk), which says nothing of the entry
            return None
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError):
            self._remove(path)
            return None
        _touch(path)
        return outputs

    def _verified_entry(self, data: bytes, key: str) -> dict[str, Any]:
        check, _, body = data.partition(b"\n")
        if check.decode("ascii") != hashlib.blake2b(body, digest_size=32).hexdigest():
            raise ValueError("the entry does not match its digest")
        entry: dict[str, Any] = json.loads(body)
        if entry["key"] != key:
            raise ValueError("the entry is another key's")
        return entry

    def _read_blob(self, digest: str) -> list[Any]:
        from safetensors import SafetensorError
        from safetensors.torch import load

        path = self._blob_path(digest)
        with open(path, "rb") as file:
            data = file.read()
        if hashlib.blake2b(data, digest_size=32).hexdigest() != digest:
            self._remove(path)
            raise ValueError("the tensors do not match their digest")
        try:
            tensors = load(data)
        except SafetensorError as error:
            raise ValueError(f"the tensors cannot be read: {error}") from error
        _touch(path)
        return [tensors[str(index)] for index in range(len(tensors))]

    # Writing --------------------------------------------------------------------------------------------------------

    def put(self, key: str, outputs: Outputs) -> None:
        """Store `outputs`; raises OSError (disk full, read-only) or NotStorable, having left nothing half written."""
        try:
            encoded, tensors = encode(dict(outputs))
            blob = self._write_blob(tensors) if tensors else None
            entry = {"key": key, "blob": blob, "outputs": encoded}
            body = json.dumps(entry, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        except (OSError, NotStorable):
            raise
        except Exception as error:  # an endless list, a number of 5,000 digits, a tensor that safetensors does not know
            raise NotStorable(f"a value cannot be stored ({type(error).__name__}: {error})") from error
        check = hashlib.blake2b(body, digest_size=32).hexdigest().encode()
        self._write(self._entry_path(key), check + b"\n" + body)
        self._collect_now_and_then(len(body))

    def _write_blob(self, tensors: list[Any]) -> str:
        from safetensors.torch import save

        data = save({str(index): tensor.detach().cpu().contiguous().clone() for index, tensor in enumerate(tensors)})
        digest = hashlib.blake2b(data, digest_size=32).hexdigest()
        path = self._blob_path(digest)
        if os.path.exists(path):
            _touch(path)
        else:
            self._write(path, data)
            self._written_bytes += len(data)
        return digest

    def _write(self, path: str, data: bytes) -> None:
        try:
            self._write_and_rename(path, data)
        except FileNotFoundError:  # the folder is new, or somebody cleared the cache at this moment
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._write_and_rename(path, data)

    def _write_and_rename(self, path: str, data: bytes) -> None:
        name = f".{os.getpid()}-{self._token}-{next(self._counter)}.tmp"
        temporary = f"{path[: path.rindex(os.sep)]}{os.sep}{name}"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            try:
                _write_all(handle, data)
            finally:
                os.close(handle)
            os.replace(temporary, path)
        except OSError:
            self._remove(temporary)
            raise

    def _entry_path(self, key: str) -> str:
        return f"{self._entries}{os.sep}{key[:2]}{os.sep}{key}"

    def _blob_path(self, digest: str) -> str:
        return str(self.folder / "blobs" / digest[:2] / f"{digest}.safetensors")

    @staticmethod
    def _remove(path: str) -> None:
        with contextlib.suppress(OSError):
            if os.path.isdir(path) and not os.path.islink(path):
                _remove_folder(path)
            else:
                os.unlink(path)

    # Keeping house --------------------------------------------------------------------------------------------------

    def _collect_now_and_then(self, size: int) -> None:
        self._written_bytes += size
        self._written_entries += 1
        if self._written_bytes > self._gc_every_bytes or self._written_entries > _GC_EVERY_ENTRIES:
            self._written_bytes = self._written_entries = 0
            if self._lock.acquire(blocking=False):
                try:
                    self.gc()
                finally:
                    self._lock.release()

    def _files(self) -> Iterator[tuple[float, int, str]]:
        for section in ("entries", "blobs"):
            for folder in _scan(str(self.folder / section)):
                for item in _scan(folder.path):
                    try:
                        stat = item.stat()
                    except OSError:
                        continue
                    yield stat.st_mtime, stat.st_size, item.path

    def gc(self, budget_bytes: int | None = None) -> int:
        """Remove what was not used for longest until nine tenths of the budget are left; returns the bytes removed."""
        budget = self.budget_bytes if budget_bytes is None else budget_bytes
        now = time.time()
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        removed = 0
        for modified, size, path in files:
            in_writing = path.endswith(".tmp")
            orphan = in_writing and abs(now - modified) > _ORPHAN_AFTER
            if orphan or (not in_writing and total > budget and total - removed > budget * 0.9):
                self._remove(path)
                removed += size
        return removed

    def info(self) -> DiskInfo:
        """Count what is there."""
        sizes = [(path, size) for _, size, path in self._files()]
        blobs = sum(path.endswith(".safetensors") for path, _ in sizes)
        total = sum(size for _, size in sizes)
        return DiskInfo(self.folder, len(sizes) - blobs, blobs, total, self.budget_bytes)

    def verify(self) -> list[str]:
        """Read every entry; the keys of those that were damaged, which are removed."""
        keys = [os.path.basename(path) for _, _, path in self._files() if _is_key(os.path.basename(path))]
        return [key for key in keys if self.get(key) is None]

    def clear(self) -> None:
        """Remove everything but what somebody is writing just now."""
        for modified, _, path in self._files():
            if not path.endswith(".tmp") or abs(time.time() - modified) > _ORPHAN_AFTER:
                self._remove(path)


def _is_key(name: str) -> bool:
    return len(name) == 64 and "." not in name


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(handle, view)
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as items:
            return list(items)
    except OSError:
        return []


def _touch(path: str) -> None:
    with contextlib.suppress(OSError):
        if abs(time.time() - os.stat(path).st_mtime) > _TOUCH_AFTER:
            os.utime(path)


def _remove_folder(path: str) -> None:
    for item in _scan(path):
        DiskCache._remove(item.path)
    with contextlib.suppress(OSError):
        os.rmdir(path)
