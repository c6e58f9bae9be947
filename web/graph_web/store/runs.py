"""Runs in the database: functions of the connection, each one transaction when the Database calls it."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from graph_web.runs.model import ENDED, Run, RunDetail, RunOptions, State

_COLUMNS = (
    "r.id, r.seq, r.state, r.title, r.workflow, r.priority, "
    "(SELECT COUNT(*) FROM attempts a WHERE a.run = r.id), "
    "r.created, r.started, r.finished, json_extract(r.outcome, '$.error'), r.parent"
)
_SOME_SECONDS = 2.0
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class NewRun:
    """A run to be stored. document: the JSON text of its workflow, with everything in it that it needs."""

    document: str
    inputs: dict[str, Any]
    options: RunOptions
    title: str = ""
    workflow: str = ""
    priority: int = 0
    parent: str | None = None


@dataclass(frozen=True)
class Claim:
    """A run that a worker is to begin, and the number of this attempt."""

    id: str
    attempt: int
    document: str
    inputs: dict[str, Any]
    options: RunOptions


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended: its state, and the JSON that a RunDetail is made of."""

    state: State
    body: dict[str, Any] = {}


@dataclass(frozen=True)
class Selection:
    """Which runs a list shows: in these states, of this saved workflow, older than `before` (a seq), newest first."""

    states: Sequence[str] = ()
    workflow: str = ""
    before: int = 0
    limit: int = 100


def new_id() -> str:
    """An id that says nothing and is never given twice."""
    return "r" + secrets.token_hex(8)


def output_id(path: str) -> str:
    """The id of the output at `path`, which is never written twice."""
    return hashlib.blake2b(path.encode(), digest_size=12).hexdigest()


def insert(connection: sqlite3.Connection, new: NewRun) -> str:
    """Store a run at the end of its priority's queue, and give its id."""
    digest = hashlib.blake2b(new.document.encode(), digest_size=16).hexdigest()
    connection.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (digest, new.document))
    run = new_id()
    values = (
        *(run, "queued", new.workflow, new.title, digest, _text(new.inputs), _text(new.options), new.priority),
        *(_last_position(connection) + 1, time.time(), new.parent),
    )
    connection.execute(
        "INSERT INTO runs (id, state, workflow, title, document, inputs, options, priority, position, created, parent) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return run


def _last_position(connection: sqlite3.Connection) -> float:
    """Positions only grow with submission, so the newest run's is a bound for all that were never moved to the end."""
    found = connection.execute("SELECT MAX(seq) FROM runs").fetchone()[0]
    return float(found or 0)


def waiting(connection: sqlite3.Connection) -> int:
    """How many runs wait."""
    return int(connection.execute("SELECT COUNT(*) FROM runs WHERE state = 'queued'").fetchone()[0])


def claim(connection: sqlite3.Connection) -> Claim | None:
    """Begin the next waiting run, or None when none waits."""
    row = connection.execute(
        "SELECT r.id, d.body, r.inputs, r.options, (SELECT COUNT(*) FROM attempts a WHERE a.run = r.id) "
        "FROM runs r JOIN documents d ON d.digest = r.document "
        "WHERE r.state = 'queued' ORDER BY r.priority DESC, r.position, r.seq LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    run, document, inputs, options, before = row
    now = time.time()
    connection.execute("UPDATE runs SET state = 'running', started = COALESCE(started, ?) WHERE id = ?", (now, run))
    connection.execute("INSERT INTO attempts (run, number, started) VALUES (?, ?, ?)", (run, before + 1, now))
    return Claim(run, before + 1, document, msgspec.json.decode(inputs), msgspec.json.decode(options, type=RunOptions))


def finish(connection: sqlite3.Connection, run: str, outcome: Outcome) -> bool:
    """Give a run its end; False when it had one already, which is then left as it is."""
    changed = connection.execute(
        "UPDATE runs SET state = ?, finished = ?, outcome = ? WHERE id = ? AND state NOT IN (?, ?, ?)",
        (outcome.state, time.time(), _text(outcome.body), run, *ENDED),
    ).rowcount
    if changed:
        end_attempt(connection, run, outcome.state)
    return bool(changed)


def end_attempt(connection: sqlite3.Connection, run: str, outcome: str) -> None:
    """Say how the attempt that is going on ended: now, or, with its server, when it last told something."""
    now = time.time()
    if outcome == "interrupted":
        sign = "SELECT json_extract(body, '$.at') FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1"
        row = connection.execute(sign, (run,)).fetchone()
        now = row[0] if row else now
    connection.execute(
        "UPDATE attempts SET ended = ?, outcome = ? WHERE run = ? AND ended IS NULL", (now, outcome, run)
    )


def put_back(connection: sqlite3.Connection, run: str, outcome: str, state: State = "queued") -> None:
    """A run that was begun waits again, at its old place; `outcome` says why this attempt came to nothing."""
    end_attempt(connection, run, outcome)
    connection.execute("UPDATE runs SET state = ? WHERE id = ? AND state = 'running'", (state, run))


def failed_attempts(connection: sqlite3.Connection, run: str) -> int:
    """How many attempts of a run ended with their worker, or with their server after some seconds of work.

    A server that dies as soon as it has started says nothing of the run that it had just begun.
    """
    row = connection.execute(
        "SELECT COUNT(*) FROM attempts WHERE run = ? "
        "AND (outcome = 'worker died' OR (outcome = 'interrupted' AND ended - started > ?))",
        (run, _SOME_SECONDS),
    ).fetchone()
    return int(row[0])


def running(connection: sqlite3.Connection) -> list[str]:
    """Runs that the database believes are running."""
    return [row[0] for row in connection.execute("SELECT id FROM runs WHERE state = 'running' ORDER BY seq")]


def set_state(connection: sqlite3.Connection, run: str, state: State, among: Iterable[str]) -> bool:
    """Change the state of a run that is in one of `among`."""
    allowed = list(among)
    marks = ", ".join("?" * len(allowed))
    sql = f"UPDATE runs SET state = ? WHERE id = ? AND state IN ({marks})"  # noqa: S608 - only question marks
    return bool(connection.execute(sql, (state, run, *allowed)).rowcount)


def move(connection: sqlite3.Connection, run: str, *, priority: int | None, before: str, place: str) -> bool:
    """Give a waiting run another priority or place; False when it, or the run `before`, does not wait."""
    found = connection.execute("SELECT priority FROM runs WHERE id = ? AND state = 'queued'", (run,)).fetchone()
    if found is None:
        return False
    rank = int(found[0]) if priority is None else priority
    position = _position(connection, run, rank, before, place)
    if position is None:
        return False
    connection.execute("UPDATE runs SET priority = ?, position = ? WHERE id = ?", (rank, position, run))
    return True


def _position(connection: sqlite3.Connection, run: str, priority: int, before: str, place: str) -> float | None:
    order = connection.execute(
        "SELECT id, position FROM runs WHERE state = 'queued' AND priority = ? AND id != ? ORDER BY position, seq",
        (priority, run),
    ).fetchall()
    positions = [float(row[1]) for row in order]
    if before:
        at = next((index for index, row in enumerate(order) if row[0] == before), None)
        if at is None:
            return None
        low = positions[at - 1] if at else positions[at] - 2
        return (low + positions[at]) / 2
    if place == "first":
        return positions[0] - 1 if positions else 0.0
    if place == "last" and positions:
        return max(positions[-1], _last_position(connection)) + 0.5
    own = connection.execute("SELECT position FROM runs WHERE id = ?", (run,)).fetchone()
    return float(own[0])


def listed(connection: sqlite3.Connection, selection: Selection) -> list[Run]:
    """Runs, newest first."""
    clauses, values = ["1"], list[Any]()
    if selection.states:
        clauses.append(f"r.state IN ({', '.join('?' * len(selection.states))})")
        values += selection.states
    if selection.workflow:
        clauses.append("r.workflow = ?")
        values.append(selection.workflow)
    if selection.before:
        clauses.append("r.seq < ?")
        values.append(selection.before)
    where = " AND ".join(clauses)
    sql = f"SELECT {_COLUMNS} FROM runs r WHERE {where} ORDER BY r.seq DESC LIMIT ?"  # noqa: S608 - no value in it
    return [_run(row) for row in connection.execute(sql, (*values, selection.limit))]


def in_order(connection: sqlite3.Connection, limit: int) -> list[Run]:
    """The running runs and then the waiting ones, in the order in which they go."""
    sql = (
        f"SELECT {_COLUMNS} FROM runs r WHERE r.state IN ('running', 'queued', 'interrupted') "  # noqa: S608
        "ORDER BY CASE r.state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END, "
        "r.priority DESC, r.position, r.seq LIMIT ?"
    )
    return [_run(row) for row in connection.execute(sql, (limit,))]


def detail(connection: sqlite3.Connection, run: str) -> RunDetail | None:
    """All of a run, or None."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM runs r WHERE r.id = ?", (run,)).fetchone()  # noqa: S608
    if row is None:
        return None
    inputs, options, outcome = connection.execute(
        "SELECT inputs, options, outcome FROM runs WHERE id = ?", (run,)
    ).fetchone()
    last = connection.execute("SELECT MAX(seq) FROM events WHERE run = ?", (run,)).fetchone()[0]
    found = msgspec.to_builtins(_run(row))
    more = {
        "inputs": msgspec.json.decode(inputs),
        "options": msgspec.json.decode(options),
        "last_event": last or 0,
        **(msgspec.json.decode(outcome) if outcome else {}),
    }
    return msgspec.convert({**found, **more}, RunDetail)


def document_of(connection: sqlite3.Connection, run: str) -> str | None:
    """The JSON text of the workflow that a run is of."""
    row = connection.execute(
        "SELECT d.body FROM runs r JOIN documents d ON d.digest = r.document WHERE r.id = ?", (run,)
    ).fetchone()
    return row[0] if row else None


def setting(connection: sqlite3.Connection, name: str, fallback: str) -> str:
    """A remembered setting."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else fallback


def keep_setting(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a setting."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def _run(row: Sequence[Any]) -> Run:
    names = (
        "id", "seq", "state", "title", "workflow", "priority", "attempts", "created", "started", "finished", "error",
        "parent",
    )  # fmt: skip
    data = dict(zip(names, row, strict=True))
    data["error"] = msgspec.json.decode(data["error"]) if data["error"] else None
    return msgspec.convert(data, Run)


def _text(value: Any) -> str:
    return _encode(value).decode()
