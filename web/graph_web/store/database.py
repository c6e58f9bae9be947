"""The database file, its one thread and its one connection.

Every call is a function of the connection, run in the thread. Calls that wait at the same moment share one transaction,
each in a savepoint of its own, so that one fsync acknowledges them all; a call is answered after the commit.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from graph_engine.errors import GraphEngineError
from graph_web.store.migrations import MIGRATIONS, migrate

__all__ = ["Database", "wal_reset_is_mended"]

T = TypeVar("T")
_Call = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]
_TOGETHER = 512
"""Calls in one transaction at most."""


class Database:
    """`data/state.db`. `notices` are what a person should be told about its opening.

    A file that is no whole database is moved aside and a new one begun: the server starts, and says so.
    """

    def __init__(self, folder: Path, steps: tuple[str, ...] = MIGRATIONS) -> None:
        self.file = folder / "state.db"
        self.notices: list[str] = []
        self._steps = steps
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._work, args=(opened,), name="database", daemon=True)
        self._thread.start()
        opened.result()

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function` in a transaction, and give its answer once that is on the disk; if it raises, it is undone."""
        return await asyncio.wrap_future(self.submit(function))

    def submit(self, function: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """`call` for code that is not async."""
        answer: Future[T] = Future()
        self._calls.put((function, answer))
        return answer

    def close(self) -> None:
        """Finish what waits, and close the file."""
        self._calls.put(None)
        self._thread.join()

    # In the thread --------------------------------------------------------------------------------------------------

    def _work(self, opened: Future[None]) -> None:
        try:
            connection = self._open()
        except BaseException as error:  # noqa: BLE001 - handed to who opens it
            opened.set_exception(error)
            return
        opened.set_result(None)
        while (calls := self._next_calls()) is not None:
            _together(connection, calls)
        connection.close()

    def _next_calls(self) -> list[_Call] | None:
        first = self._calls.get()
        if first is None:
            return None
        calls = [first]
        while len(calls) < _TOGETHER and not self._calls.empty():
            following = self._calls.get()
            if following is None:
                self._calls.put(None)
                break
            calls.append(following)
        return calls

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise GraphEngineError(f"{self.file} cannot be used: {error}") from error
            self._move_aside(error)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, isolation_level=None)
        try:
            if not wal_reset_is_mended(sqlite3.sqlite_version_info):
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
            migrate(connection, self.file, self._steps)
        except BaseException:
            connection.close()
            raise
        return connection

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = self.file.with_name(f"{self.file.name}.corrupt-{stamp}")
        for ending in ("", "-wal", "-shm"):
            part = self.file.with_name(self.file.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
        self.notices.append(
            f"{self.file.name} was damaged ({error}) and is now {aside.name}; the queue and the history begin anew"
        )


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no whole database; anything else, as a migration that fails, must leave it where it is."""
    return "malformed" in str(error) or "not a database" in str(error)


def wal_reset_is_mended(version: tuple[int, ...]) -> bool:
    """Whether this SQLite lacks the WAL-reset defect (3.7.0 to 3.51.2), in which two connections can lose commits.

    With the defect the file is locked for this one connection, so that nobody else can open it.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _together(connection: sqlite3.Connection, calls: list[_Call]) -> None:
    """Run calls in one transaction, and answer each after its commit."""
    answers: list[tuple[Future[Any], Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN")
        for function, answer in calls:
            if answer.set_running_or_notify_cancel():
                answers.append((answer, *_alone(connection, function)))
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 - nothing of this transaction is there, and everybody is told
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        answers = [(answer, None, error) for _, answer in calls if not answer.cancelled()]
    for answer, value, failure in answers:
        if failure is None:
            answer.set_result(value)
        else:
            answer.set_exception(failure)


def _alone(connection: sqlite3.Connection, function: Callable[[sqlite3.Connection], Any]) -> tuple[Any, Any]:
    connection.execute("SAVEPOINT one")
    try:
        value = function(connection)
    except BaseException as error:
        if not connection.in_transaction:  # the disk is full, or fails, and SQLite has undone everything
            raise
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return None, error
    connection.execute("RELEASE one")
    return value, None
