"""Start, memory, latency and throughput of the server, as rows for docs/benchmarks.md."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.server.process import TOKEN, Served, launch, served

__all__ = ["measure"]

Row = tuple[str, str, str]
_SUBMISSIONS = 10_000
_MEMORY = Path("/dev/shm")
"""A folder in memory, where there is one: what is measured is the server, not the disk of the day."""


def measure() -> list[Row]:
    """(what, measured, limit)."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        folder = Path(name)
        with served(folder):
            pass  # the first start makes the folders and the bytecode
        with served(folder) as server:
            rows = [
                ("start to ready", f"{server.seconds_to_ready:.2f} s", "1.5 s"),
                ("memory of the server at ready", f"{server.resident_bytes() / 1e6:.0f} MB", "120 MB"),
            ]
            rows += latencies(server, "worker process", "10 ms")
        server = launch([str(Path(__file__).with_name("embedded.py")), str(folder / "embedded")], folder / "log")
        rows += latencies(server, "in the server's process", "4 ms")
        server.stop()
        with served(folder / "storm") as server:
            rows += asyncio.run(storm(server))
    return rows


def latencies(server: Served, where: str, limit: str) -> list[Row]:
    """Rows for 5 and 100 nodes."""
    rows = []
    for nodes, most in ((5, limit), (100, "25 ms")):
        median, slow = latency(server, nodes)
        what = f"submit to finished, {nodes} new nodes, {where}"
        rows.append((what, f"{median:.1f} ms (slowest tenth from {slow:.1f})", most))
    return rows


def latency(server: Served, nodes: int, times: int = 100) -> tuple[float, float]:
    """(median, 90th percentile) in ms from the request to the answer with the ended run, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    found = []
    for k in range(times + 5):
        body = {"document": chain(nodes, k), "wait": 30}
        began = time.perf_counter()
        run = server.ask("POST", "/api/v1/runs", body, connection)
        found.append((time.perf_counter() - began) * 1000)
        assert run["state"] == "ok", run
    found = found[5:]  # the first start the worker
    return statistics.median(found), statistics.quantiles(found, n=10)[-1]


def chain(nodes: int, seed: int) -> dict[str, Any]:
    """A chain of trivial nodes that no earlier run had."""
    made: dict[str, Any] = {"n0": {"node": "core.text", "with": {"value": f"{seed}"}}}
    for k in range(1, nodes):
        made[f"n{k}"] = {"node": "core.join_text", "with": {"separator": "-"}, "from": {"texts": [f"n{k - 1}"]}}
    return {"format": 1, "nodes": made, "outputs": {"text": f"n{nodes - 1}"}}


async def storm(server: Served) -> list[Row]:
    """10,000 submissions on 16 connections into a paused queue, and how long /healthz waits meanwhile."""
    import aiohttp

    headers = {"Authorization": f"Bearer {TOKEN}"}
    base = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession(base, headers=headers) as session:
        (await session.patch("/api/v1/queue", json={"paused": True})).raise_for_status()
        numbers = iter(range(_SUBMISSIONS))

        async def submit() -> None:
            for number in numbers:
                async with session.post("/api/v1/runs", json={"document": chain(5, number)}) as answer:
                    answer.raise_for_status()

        waits: list[float] = []
        watching = asyncio.create_task(_watch(session, waits))
        began = time.perf_counter()
        await asyncio.gather(*(submit() for _ in range(16)))
        seconds = time.perf_counter() - began
        watching.cancel()
        (await session.post("/api/v1/queue/cancel")).raise_for_status()
    return [
        (f"{_SUBMISSIONS:,} submissions accepted", f"{seconds:.1f} s", "30 s"),
        ("longest wait of another request meanwhile", f"{max(waits) * 1000:.0f} ms", "100 ms"),
    ]


async def _watch(session: Any, waits: list[float]) -> None:
    while True:
        began = time.perf_counter()
        async with session.get("/healthz") as answer:
            await answer.read()
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    print("| | measured | limit |\n| --- | --- | --- |")
    for row in measure():
        print("| " + " | ".join(row) + " |")
