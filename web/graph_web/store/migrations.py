"""The tables, as numbered steps: a database of version n gets every step after n, in one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from graph_engine.errors import GraphEngineError

__all__ = ["MIGRATIONS", "migrate"]

MIGRATIONS = (
    """
    CREATE TABLE documents (digest TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE runs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        workflow TEXT NOT NULL,
        title TEXT NOT NULL,
        document TEXT NOT NULL REFERENCES documents,
        inputs TEXT NOT NULL,
        options TEXT NOT NULL,
        priority INTEGER NOT NULL,
        position REAL NOT NULL,
        created REAL NOT NULL,
        started REAL,
        finished REAL,
        outcome TEXT,
        parent TEXT
    );
    CREATE INDEX runs_waiting ON runs (priority DESC, position, seq) WHERE state = 'queued';
    CREATE INDEX runs_by_state ON runs (state, seq);
    CREATE INDEX runs_by_workflow ON runs (workflow, seq);
    CREATE TABLE attempts (
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        started REAL NOT NULL,
        ended REAL,
        outcome TEXT,
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
    CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, body TEXT NOT NULL);
    CREATE INDEX events_by_run ON events (run, seq);
    CREATE TABLE outputs (
        id TEXT PRIMARY KEY,
        run TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        created REAL NOT NULL,
        deleted REAL
    ) WITHOUT ROWID;
    CREATE INDEX outputs_by_time ON outputs (created, id);
    CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
)
"""Never change a step that was published: add one."""


def migrate(connection: sqlite3.Connection, file: Path, steps: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring a database up to date, after copying it to `state.db.v<n>.bak`; raises when it is from a newer program."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(steps):
        raise GraphEngineError(
            f"{file} was written by a newer version of this program (schema {version}, this one knows {len(steps)}); "
            "upgrade graph-engine, or give another --data"
        )
    if version == len(steps):
        return
    if version:
        _back_up(connection, file.with_name(f"{file.name}.v{version}.bak"))
    script = "".join(steps[version:])
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {len(steps)}; COMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    target.unlink(missing_ok=True)
    copy = sqlite3.connect(target)
    try:
        connection.backup(copy)
    finally:
        copy.close()
