"""kill -9 of real servers: what was acknowledged ends exactly once, and a run goes on from its cached nodes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server.kills import kill_again_and_again
from benchmarks.server.process import Served, served, start

WORKFLOWS = Path(__file__).parents[2] / "workflows"


@pytest.mark.slow
def test_acknowledged_runs_survive_a_server_that_is_killed_again_and_again(tmp_path: Path) -> None:
    tally = kill_again_and_again(tmp_path, 6, seed=1)
    assert tally.clean, tally
    assert tally.acknowledged > 20


def _until(server: Served, run: str, wanted: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while (found := server.ask("GET", f"/api/v1/runs/{run}"))["state"] != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def _begin(server: Served) -> str:
    text = (WORKFLOWS / "glide.yaml").read_text()
    server.ask("PUT", "/api/v1/workflows/glide", {"text": text})
    run = server.ask("POST", "/api/v1/workflows/glide/run", {"inputs": {"steps": 300}})["id"]
    while not any(event["type"] == "progress" for event in _events(server, run)):
        time.sleep(0.05)
    return run


def _events(server: Served, run: str) -> list[dict[str, Any]]:
    """Stored events of a run that has not ended: read until the stream has nothing more."""
    import http.client
    import json

    from benchmarks.server.process import TOKEN

    latest = server.ask("GET", f"/api/v1/runs/{run}")["last_event"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    path = f"/api/v1/events?after=0&run={run}"
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
    answer, found = connection.getresponse(), list[dict[str, Any]]()
    while not found or found[-1]["seq"] < latest:
        line = answer.readline()
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    connection.close()
    return found


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_cached_nodes_under_the_same_id(tmp_path: Path) -> None:
    server = start(tmp_path)
    run = _begin(server)
    server.kill()
    with served(tmp_path) as server:
        found = _until(server, run, "ok")
        assert found["attempts"] == 2
        assert found["nodes"]["text"]["state"] == "disk"
        assert found["nodes"]["base"]["state"] == "ran"
        (file,) = found["outputs"]["image"]
        assert (tmp_path / "outputs" / file["name"]).stat().st_size == file["bytes"]
        ends = [event for event in _events(server, run) if event["type"] == "ended"]
        assert len(ends) == 1


@pytest.mark.slow
def test_a_killed_run_waits_for_a_person_where_the_server_is_told_to_hold_it(tmp_path: Path) -> None:
    server = start(tmp_path)
    run = _begin(server)
    server.kill()
    with served(tmp_path, "--restart", "hold") as server:
        assert server.ask("GET", f"/api/v1/runs/{run}")["state"] == "interrupted"
        time.sleep(0.3)
        assert server.ask("GET", f"/api/v1/runs/{run}")["state"] == "interrupted"
        server.ask("POST", f"/api/v1/runs/{run}/resume", {})
        assert _until(server, run, "ok")["attempts"] == 2


def test_a_second_server_on_the_folder_says_who_has_it(tmp_path: Path) -> None:
    with served(tmp_path) as server, pytest.raises(RuntimeError, match=f"in use by process {server.process.pid} "):
        start(tmp_path)


def test_sigterm_ends_the_server_in_seconds_and_its_run_goes_on_later(tmp_path: Path) -> None:
    server = start(tmp_path)
    nodes = {"texts": {"node": "core.integer_range", "with": {"count": 3}}}
    document = {"format": 1, "nodes": nodes, "outputs": {"n": "texts"}}
    run = server.ask("POST", "/api/v1/runs", {"document": document})["id"]
    began = time.monotonic()
    server.process.terminate()
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 10
    with served(tmp_path) as server:
        assert _until(server, run, "ok")["outputs"] == {"n": [0, 1, 2]}
