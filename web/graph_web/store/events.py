"""Events in the database: numbered once, for ever, in the order in which they came."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

__all__ = ["append", "forget_progress", "latest", "since"]

PROGRESS = '"type":"progress"'


def append(connection: sqlite3.Connection, events: Sequence[tuple[str, str]]) -> list[int]:
    """Store (run, JSON text without its number) and give the numbers."""
    if not events:
        return []
    first = latest(connection) + 1
    numbered = [(first + index, run, body) for index, (run, body) in enumerate(events)]
    connection.executemany("INSERT INTO events VALUES (?, ?, ?)", numbered)
    return [number for number, _, _ in numbered]


def latest(connection: sqlite3.Connection) -> int:
    """The highest number that was ever given."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def since(connection: sqlite3.Connection, after: int, until: int, run: str, limit: int) -> list[tuple[int, str]]:
    """(number, JSON text) of the events after `after` and up to `until`, of one run or of all (`run` empty)."""
    if run:
        sql = "SELECT seq, body FROM events WHERE run = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        return connection.execute(sql, (run, after, until, limit)).fetchall()
    sql = "SELECT seq, body FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
    return connection.execute(sql, (after, until, limit)).fetchall()


def forget_progress(connection: sqlite3.Connection, run: str) -> None:
    """Let the steps of an ended run go: they tell nothing any more, and are most of what is stored."""
    connection.execute("DELETE FROM events WHERE run = ? AND instr(body, ?) > 0", (run, PROGRESS))
