"""kill -9 of the server, again and again, while runs are submitted: what was acknowledged, ends exactly once."""

from __future__ import annotations

import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .process import Served, served, start

__all__ = ["Tally", "kill_again_and_again"]

_PAUSE_SECONDS = 0.005
"""Between submissions, so that the last server has thousands of runs to finish and not tens of thousands."""


@dataclass
class Tally:
    """What was found. Everything but the first two, and `interrupted`, must be 0."""

    kills: int = 0
    acknowledged: int = 0
    interrupted: int = 0
    lost: int = 0
    not_ok: int = 0
    ended_not_once: int = 0
    wrong_output: int = 0
    published_twice: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        wrong = (self.lost, self.not_ok, self.ended_not_once, self.wrong_output, self.published_twice)
        return self.acknowledged > 0 and not any(wrong)


@dataclass
class _Stream:
    """Submits runs, one after the other, until the server is gone; remembers which were acknowledged."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def go(self, server: Served) -> None:
        """Submit until an answer does not come."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            while True:
                self.made += 1
                text = f"number {self.made}"
                run = server.ask("POST", "/api/v1/runs", {"document": _document(text)}, connection)
                self.acknowledged[run["id"]] = text
                time.sleep(_PAUSE_SECONDS)
        except (OSError, http.client.HTTPException):
            return


def _document(text: str) -> dict[str, Any]:
    """Two nodes: a text, and the file that it is written to."""
    nodes = {
        "text": {"node": "core.text", "with": {"value": text}},
        "save": {"node": "core.save_text", "with": {"name": "note"}, "from": {"text": "text"}},
    }
    return {"format": 1, "nodes": nodes, "outputs": {"file": "save.file"}}


def kill_again_and_again(folder: Path, kills: int, seed: int = 0) -> Tally:
    """Kill a server `kills` times at random moments, then let one finish, and count what is wrong."""
    random_moments, stream = random.Random(seed), _Stream()
    for _ in range(kills):
        server = start(folder)
        thread = threading.Thread(target=stream.go, args=(server,))
        thread.start()
        time.sleep(random_moments.uniform(0.02, 0.6))
        server.kill()
        thread.join()
    with served(folder) as server:
        _wait_for_all(server)
        return _count(server, folder, stream, kills)


def _wait_for_all(server: Served) -> None:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        queue = server.ask("GET", "/api/v1/queue?limit=0")
        if not queue["running"] and not queue["waiting"]:
            return
        time.sleep(0.2)
    raise RuntimeError("the queue did not become empty")


def _count(server: Served, folder: Path, stream: _Stream, kills: int) -> Tally:
    runs = _all_runs(server)
    tally = Tally(kills, len(stream.acknowledged), sum(run["attempts"] > 1 for run in runs.values()))
    published: list[str] = []
    for run, text in stream.acknowledged.items():
        if run not in runs:
            tally.lost += 1
            continue
        detail = server.ask("GET", f"/api/v1/runs/{run}")
        tally.not_ok += detail["state"] != "ok"
        files = detail.get("outputs", {}).get("file", [])
        written = [(folder / "outputs" / file["name"]).read_text().strip() for file in files]
        tally.wrong_output += written != [text]
        published += [file["id"] for file in files]
    ends: dict[str, int] = {}
    for event in _all_events(server):
        if event["type"] == "ended":
            ends[event["run"]] = ends.get(event["run"], 0) + 1
    tally.ended_not_once = sum(ends.get(run, 0) != 1 for run in stream.acknowledged)
    tally.published_twice = len(published) - len(set(published))
    return tally


def _all_runs(server: Served) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    before = 0
    while True:
        page = server.ask("GET", f"/api/v1/runs?limit=1000&before={before}")
        found |= {run["id"]: run for run in page["runs"]}
        before = page["next"]
        if not before:
            return found


def _all_events(server: Served) -> list[dict[str, Any]]:
    import json

    latest = server.ask("GET", "/api/v1/server")["latest_event"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    from .process import TOKEN

    connection.request("GET", "/api/v1/events?after=0", headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    found = []
    while True:
        line = answer.readline()
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
            if found[-1]["seq"] >= latest:
                connection.close()
                return found
