"""The database file: one transaction for all who wait, and no damage, full disk or second server is in the way."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from graph_web.store.database import Database, wal_reset_is_mended
from graph_web.store.lock import hold
from graph_web.store.migrations import MIGRATIONS

from graph_engine.errors import GraphEngineError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database(tmp_path)
    yield one
    one.close()


def keep(name: str, value: str):
    return lambda db: db.execute("INSERT INTO settings VALUES (?, ?)", (name, value))


def kept(db: sqlite3.Connection) -> list[str]:
    return [row[0] for row in db.execute("SELECT name FROM settings ORDER BY name")]


def test_a_call_that_fails_is_undone_and_its_neighbours_are_not(database: Database) -> None:
    def spoilt(db: sqlite3.Connection) -> None:
        keep("spoilt", "x")(db)
        raise ValueError("after all")

    async def all_at_once() -> list[object]:
        calls = [database.call(keep("a", "1")), database.call(spoilt), database.call(keep("b", "2"))]
        return await asyncio.gather(*calls, return_exceptions=True)

    _, error, _ = asyncio.run(all_at_once())
    assert str(error) == "after all"
    assert database.submit(kept).result() == ["a", "b"]


def test_calls_that_wait_together_are_committed_together(tmp_path: Path) -> None:
    database = Database(tmp_path)
    commits: list[str] = []
    database.submit(lambda db: db.set_trace_callback(commits.append)).result()

    async def storm() -> None:
        await asyncio.gather(*(database.call(keep(f"{n:04}", "")) for n in range(500)))

    asyncio.run(storm())
    assert database.submit(lambda db: len(kept(db))).result() == 500
    assert sum(sql == "COMMIT" for sql in commits) < 250
    database.close()


def test_a_disk_that_is_full_fails_the_calls_and_later_ones_work_again(database: Database) -> None:
    pages = database.submit(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result()
    database.submit(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone()).result()
    calls = [database.submit(keep(f"n{n}", "x" * 4000)) for n in range(100)]
    assert "full" in str(calls[-1].exception())
    database.submit(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone()).result()
    database.submit(keep("again", "x")).result()
    assert "again" in database.submit(kept).result()


@pytest.mark.parametrize("damage", [b"this is no database" * 1000, b"", "middle", "header"], ids=str)
def test_a_damaged_file_is_moved_aside_and_the_server_starts(tmp_path: Path, damage: bytes | str) -> None:
    one = Database(tmp_path)
    for n in range(300):
        one.submit(keep(f"n{n}", "y" * 500)).result()
    one.close()
    file = tmp_path / "state.db"
    data = file.read_bytes()
    spoilt = {"middle": data[:8192] + b"\xff" * 8192 + data[16384:], "header": b"\x00" * 100 + data[100:]}
    file.write_bytes(spoilt[damage] if isinstance(damage, str) else damage)
    again = Database(tmp_path)
    assert again.submit(kept).result() == []
    moved = list(tmp_path.glob("state.db.corrupt-*"))
    if damage:
        (notice,) = again.notices
        assert moved[0].name in notice
    again.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(GraphEngineError, match=r"state\.db cannot be used"):
        Database(tmp_path)


def test_an_older_schema_is_copied_and_brought_up_to_date_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    one = Database(tmp_path)
    one.submit(keep("old", "value")).result()
    one.close()
    more = (*MIGRATIONS, "CREATE TABLE later (x TEXT);")
    two = Database(tmp_path, more)
    assert two.submit(kept).result() == ["old"]
    two.submit(lambda db: db.execute("INSERT INTO later VALUES ('x')")).result()
    two.close()
    copy = sqlite3.connect(tmp_path / f"state.db.v{len(MIGRATIONS)}.bak")
    assert kept(copy) == ["old"]
    copy.close()
    with pytest.raises(GraphEngineError, match="newer version"):
        Database(tmp_path)


@pytest.mark.parametrize("defect", ["CREATE TABLE half (x TEXT)", "INSERT INTO settings VALUES ('a', NULL)"])
def test_a_migration_that_fails_changes_nothing(tmp_path: Path, defect: str) -> None:
    Database(tmp_path).close()
    with pytest.raises(GraphEngineError, match=r"state\.db cannot be used"):
        Database(tmp_path, (*MIGRATIONS, f"CREATE TABLE half (x TEXT); {defect};"))
    assert not list(tmp_path.glob("*corrupt*"))
    one = Database(tmp_path)
    tables = one.submit(lambda db: [row[0] for row in db.execute("SELECT name FROM sqlite_master")]).result()
    assert "half" not in tables
    one.close()


@pytest.mark.parametrize(
    ("version", "mended"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 60, 0), True),
    ],
)
def test_the_wal_reset_defect_is_known_by_version(version: tuple[int, ...], mended: bool) -> None:
    assert wal_reset_is_mended(version) is mended


def test_with_the_wal_reset_defect_nobody_else_can_open_the_file(database: Database) -> None:
    if wal_reset_is_mended(sqlite3.sqlite_version_info):
        pytest.skip("this SQLite does not have the defect")
    database.submit(keep("a", "1")).result()
    other = sqlite3.connect(database.file, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT * FROM settings").fetchall()


def test_a_second_server_on_the_folder_is_refused_by_name_and_a_dead_one_is_not_in_the_way(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from graph_web.store.lock import hold\n"
    script += "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(GraphEngineError, match=f"in use by process {other.pid} "), hold(tmp_path):
        pass
    other.kill()
    other.wait()
    with hold(tmp_path):
        pass
