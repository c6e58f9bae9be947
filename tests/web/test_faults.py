"""What goes wrong around a server: full disks, unwritable folders, clocks, clients that vanish or dawdle."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from graph_web.app import make_app
from graph_web.serve import Patience
from graph_web.services import services_of
from graph_web.settings import Settings

from benchmarks.server.process import served, start

from .clients import ask, with_client
from .test_api_runs import SLOW, SUM, submit

Client = TestClient[Any, Any]


async def _room(client: Client, pages: int | None) -> None:
    """Let the database grow by so many pages and no more; None: as much as it wants."""
    assert client.app is not None
    database = services_of(client.app).database

    def limit(db: Any) -> None:
        most = 1 << 30 if pages is None else db.execute("PRAGMA page_count").fetchone()[0] + pages
        db.execute(f"PRAGMA max_page_count = {most}").fetchone()

    await database.call(limit)


def test_a_full_disk_refuses_runs_and_loses_none_and_goes_on_when_there_is_room(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        before = await submit(client, wait=10)
        await _room(client, 0)
        document = {**SUM, "description": "x" * 100_000}
        refused = await ask(client, "POST", "/api/v1/runs", 507, json={"document": document})
        assert "full" in refused["error"]["message"]
        assert (await ask(client, "GET", f"/api/v1/runs/{before['id']}"))["state"] == "ok"
        await _room(client, None)
        assert (await submit(client, document, wait=10))["state"] == "ok"
        assert len((await ask(client, "GET", "/api/v1/runs"))["runs"]) == 2


def test_the_end_of_a_run_waits_for_room_on_the_disk(settings: Settings) -> None:
    nodes = {f"n{k}": {"node": "fault.number", "with": {"value": k}} for k in range(200)}
    nodes["s"] = {"node": "fault.steps", "with": {"count": 10, "seconds": 0.05}}
    document = {"format": 1, "nodes": nodes, "outputs": {name: name for name in nodes}}

    @with_client(settings)
    async def _(client: Client) -> None:
        run = await submit(client, document)
        while (await ask(client, "GET", f"/api/v1/runs/{run['id']}"))["state"] != "running":
            await asyncio.sleep(0.01)
        await _room(client, 0)
        await asyncio.sleep(1.5)
        await _room(client, None)
        while (found := await ask(client, "GET", f"/api/v1/runs/{run['id']}"))["state"] == "running":
            await asyncio.sleep(0.1)
        assert found["state"] == "ok"
        assert found["outputs"]["n7"] == 7


def test_a_data_folder_that_cannot_be_written_is_named_at_the_start() -> None:
    with pytest.raises(RuntimeError, match=r"/proc/nothing/data cannot be used: .*give another --data"):
        start(Path("/proc/nothing"), log=Path("/tmp") / f"graph-engine-{time.time_ns()}.log")


def test_a_cache_folder_that_cannot_be_written_costs_a_warning_and_nothing_else(settings: Settings) -> None:
    @with_client(settings, cache=Path("/proc/nothing/cache"))
    async def _(client: Client) -> None:
        assert (await submit(client, wait=10))["state"] == "ok"
        async with client.get("/api/v1/events?after=0") as answer:
            line = b""
            while b"cannot be written" not in line:
                line = await asyncio.wait_for(answer.content.readline(), 10)
        assert b'"warning"' in line


def test_an_outputs_folder_that_cannot_be_written_fails_the_run_and_names_it(settings: Settings) -> None:
    document = {"format": 1, "nodes": {"w": {"node": "fault.write"}}, "outputs": {"w": "w"}}

    @with_client(settings, outputs=Path("/proc/nothing/outputs"))
    async def _(client: Client) -> None:
        run = await submit(client, document, wait=10)
        assert run["state"] == "failed"
        assert "/proc/nothing" in run["error"]["message"]


def test_a_database_that_is_damaged_is_moved_aside_and_the_server_says_so(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    (settings.data / "state.db").write_bytes(b"not a database at all" * 500)

    @with_client(settings)
    async def _(client: Client) -> None:
        (notice,) = (await ask(client, "GET", "/api/v1/server"))["notices"]
        assert "was damaged" in notice
        assert (await submit(client, wait=10))["state"] == "ok"

    assert list(settings.data.glob("state.db.corrupt-*"))


def test_a_clock_that_jumps_changes_neither_order_nor_outcome(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, jumps = time.time(), iter([0, -86400, 86400, -1_000_000_000, 3600])

    @with_client(settings)
    async def _(client: Client) -> None:
        await ask(client, "PATCH", "/api/v1/queue", json={"paused": True})
        ids = []
        for number, jump in enumerate(jumps):
            monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
            ids.append((await submit(client, inputs={"first": number}))["id"])
        await ask(client, "PATCH", "/api/v1/queue", json={"paused": False})
        while (await ask(client, "GET", "/api/v1/queue"))["runs"]:
            await asyncio.sleep(0.02)
        runs = (await ask(client, "GET", "/api/v1/runs"))["runs"]
        assert [run["id"] for run in reversed(runs)] == ids
        assert {run["state"] for run in runs} == {"ok"}
        async with client.get("/api/v1/events?after=0&run=" + ids[2]) as answer:
            assert '"ended"' in await answer.text()


def test_a_client_that_vanishes_leaves_its_run_going_and_no_listener_behind(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        task = asyncio.create_task(submit(client, SLOW, wait=60))
        streams = [await client.get("/api/v1/events"), await client.get("/api/v1/events?after=0")]
        sockets = [await client.ws_connect("/api/v1/ws") for _ in range(3)]
        while not (runs := (await ask(client, "GET", "/api/v1/queue"))["runs"]):
            await asyncio.sleep(0.02)
        task.cancel()
        for stream in streams:
            stream.close()
        for one in sockets:
            await one.close()
        assert client.app is not None
        hub = services_of(client.app).hub
        until = time.monotonic() + 10
        while len(hub) and time.monotonic() < until:
            await asyncio.sleep(0.1)
        assert len(hub) == 0
        assert (await ask(client, "GET", f"/api/v1/runs/{runs[0]['id']}"))["state"] == "running"
        await ask(client, "POST", "/api/v1/queue/cancel", 202)


@contextmanager
def _dawdlers(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Clients that have sent the half of their headers."""
    found = []
    try:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            found.append(one)
        yield found
    finally:
        for one in found:
            one.close()


def test_clients_that_never_finish_their_headers_are_in_nobodys_way(tmp_path: Path) -> None:
    with served(tmp_path) as server, _dawdlers(server.port, 300):
        waits = []
        for _ in range(20):
            began = time.perf_counter()
            server.ask("GET", "/api/v1/server")
            waits.append(time.perf_counter() - began)
        assert sorted(waits)[10] < 0.25


def test_a_connection_whose_first_request_does_not_come_is_closed(settings: Settings) -> None:
    from aiohttp import web

    async def story() -> None:
        patience = Patience(0.3)
        app = make_app(settings)
        app.middlewares.insert(0, patience.middleware)
        runner = web.AppRunner(app)
        await runner.setup()
        assert runner.server is not None
        server = await asyncio.get_running_loop().create_server(patience.watching(runner.server), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        quick_reader, quick = await asyncio.open_connection("127.0.0.1", port)
        request = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        for _ in range(2):
            quick.write(request)
            assert b"200 OK" in await asyncio.wait_for(quick_reader.readline(), 5)
            while (await quick_reader.readline()).strip():
                pass
            await quick_reader.readexactly(len('{"status":"ok"}'))
            await asyncio.sleep(0.5)
        server.close()
        await runner.cleanup()

    asyncio.run(story())


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        port = one.getsockname()[1]
        with pytest.raises(RuntimeError, match=f"127.0.0.1:{port} cannot be used: .*give another --port"):
            start(tmp_path, "--port", str(port))


def test_limits_are_fixed_by_who_starts_the_server(settings: Settings) -> None:
    limits = replace(settings.limits, document_bytes=2000)

    @with_client(settings, limits=limits)
    async def _(client: Client) -> None:
        await ask(client, "POST", "/api/v1/runs", 413, json={"document": {**SUM, "description": "x" * 3000}})
        assert (await submit(client, wait=10))["state"] == "ok"
