"""One server for one data folder: the second one is refused by name."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import filelock

from graph_engine.errors import GraphEngineError

__all__ = ["hold"]


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep the folder for this process until the block ends; a process that dies lets it go."""
    lock, holder = filelock.FileLock(folder / "lock"), folder / "holder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise GraphEngineError(
            f"{folder} is in use by {_told(holder)}; stop that server, or give another --data"
        ) from None
    except OSError as error:
        raise GraphEngineError(f"{folder} cannot be used: {error.strerror or error}; give another --data") from None
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}", "utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _told(holder: Path) -> str:
    try:
        return holder.read_text("utf-8") or "another server"
    except OSError:
        return "another server"
