"""A server in a process of its own, started by the shell's command, and a plain client of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Served", "launch", "served", "start"]

TOKEN = "a-token-of-measurements"


class Served:
    """A running server: its process, and how to ask it."""

    def __init__(self, process: subprocess.Popen[str], port: int, seconds: float) -> None:
        self.process, self.port, self.seconds_to_ready = process, port, seconds

    def ask(
        self, method: str, path: str, body: Any = None, connection: http.client.HTTPConnection | None = None
    ) -> Any:
        """One request; the JSON of the answer. Raises OSError when the server is gone, RuntimeError from 400 on."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        own.request(method, path, None if body is None else json.dumps(body), headers)
        answer = own.getresponse()
        data = answer.read()
        if connection is None:
            own.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data.decode()}")
        return json.loads(data) if data else None

    def kill(self) -> None:
        """End the process as the power does: nothing of it runs any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the process as its owner does."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def resident_bytes(self) -> int:
        """What the server process has in memory, its worker not counted."""
        import psutil

        return int(psutil.Process(self.process.pid).memory_info().rss)


def start(folder: Path, *flags: str, log: Path | None = None) -> Served:
    """Start a server on folders below `folder`, and wait until it says that it is ready.

    log: where its stderr goes (default: server.log in the folder). Raises RuntimeError with it when it does not start.
    """
    command = ["-m", "graph_engine.cli", "serve", "--port", "0", "--device", "cpu"]
    command += ["--data", str(folder / "data"), "--cache-dir", str(folder / "cache"), "--out", str(folder / "outputs")]
    if log is None:
        folder.mkdir(parents=True, exist_ok=True)
    return launch([*command, *flags], log or folder / "server.log")


def launch(arguments: list[str], log: Path) -> Served:
    """Start Python with these arguments, and wait until it prints the server's address."""
    began = time.perf_counter()
    environment = {**os.environ, "GRAPH_ENGINE_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    with open(log, "a") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=file, text=True, env=environment
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
    port = int(line.split("://")[1].split("/")[0].rpartition(":")[2])
    return Served(process, port, time.perf_counter() - began)


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[Served]:
    """A server as long as the block lasts."""
    server = start(folder, *flags)
    try:
        yield server
    finally:
        server.stop()
