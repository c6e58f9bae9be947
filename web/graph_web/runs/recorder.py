"""What runs tell, on its way to the disk and to the listeners: in order, and each event stored before it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from graph_web.hub import Hub, Told, text_of
from graph_web.store import events as ledger
from graph_web.store.database import Database

__all__ = ["Recorder"]

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 0.02
Change = Callable[[sqlite3.Connection], dict[str, Any] | None]
"""Changes the database and gives the event that tells of it, or None when nothing changed."""


@dataclass
class _Entry:
    """One event, or a change that makes one; `done` is told whether it was made."""

    run: str
    event: dict[str, Any] | None = None
    change: Change | None = None
    done: asyncio.Future[bool] | None = None


class Recorder:
    """Takes events and changes; one task writes all that wait in one transaction and then tells the listeners."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database, self._hub = database, hub
        self._entries: list[_Entry] = []
        self._news = asyncio.Event()
        self._wanted = asyncio.Event()
        """Somebody waits for an answer."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write what waits, and end."""
        if self._task is not None:
            with contextlib.suppress(sqlite3.Error):  # said in the log by the task
                await self.change("", lambda _: None)
            self._task.cancel()

    def event(self, run: str, event: dict[str, Any]) -> None:
        """Record an event."""
        self._entries.append(_Entry(run, {**event, "at": round(time.time(), 3)}))
        self._news.set()

    async def change(self, run: str, change: Change) -> bool:
        """Make a change after all that was recorded before; whether it changed anything, once that is on the disk."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._entries.append(_Entry(run, change=change, done=done))
        self._news.set()
        self._wanted.set()
        return await done

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            if not self._wanted.is_set():  # events alone wait a moment for more of them
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), _PATIENCE_SECONDS)
            self._news.clear()
            self._wanted.clear()
            entries, self._entries = self._entries, []
            if not entries:
                continue
            try:
                told, made = await self._database.call(partial(_store, entries=entries))
            except Exception as error:  # noqa: BLE001 - a full disk must not end the server
                _log.exception("events could not be stored")
                _answer(entries, error)
                continue
            self._hub.tell(told)
            for entry, changed in zip(entries, made, strict=True):
                if entry.done and not entry.done.done():
                    entry.done.set_result(changed)


def _answer(entries: list[_Entry], error: Exception) -> None:
    for entry in entries:
        if entry.done and not entry.done.done():
            entry.done.set_exception(error)


def _store(connection: sqlite3.Connection, entries: list[_Entry]) -> tuple[list[Told], list[bool]]:
    """Make the changes and store the events, in order: a change sees the events that were recorded before it."""
    told, made = list[Told](), list[bool]()
    bodies: list[tuple[str, str]] = []
    for entry in entries:
        event = entry.event
        if entry.change is not None:
            told += _append(connection, bodies)
            bodies = []
            event = entry.change(connection)
            event = event and {**event, "at": round(time.time(), 3)}
        made.append(event is not None)
        if event:
            body = {"run": entry.run, **event} if entry.run else event
            bodies.append((body.get("run", ""), msgspec.json.encode(body).decode()))
    return told + _append(connection, bodies), made


def _append(connection: sqlite3.Connection, bodies: list[tuple[str, str]]) -> list[Told]:
    numbers = ledger.append(connection, bodies)
    return [Told(seq, run, text_of(seq, body)) for seq, (run, body) in zip(numbers, bodies, strict=True)]
