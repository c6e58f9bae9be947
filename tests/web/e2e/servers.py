"""`graph-engine serve` as a process of its own, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "a-token-for-the-browser"


@dataclass
class Served:
    """A server that runs. `link` is what it printed for the browser."""

    process: subprocess.Popen[str]
    folder: Path
    link: str

    @property
    def origin(self) -> str:
        return self.link.split("/?")[0].split("/#")[0].rstrip("/")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON of an answer of the API."""
        sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.origin}/api/v1{path}", data, sent, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def fetch(self, path: str) -> bytes:
        """The bytes of an answer of the API."""
        request = urllib.request.Request(f"{self.origin}/api/v1{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def save(self, name: str, document: dict[str, Any]) -> None:
        """Save a workflow under a name, over whatever has it."""
        try:
            self.ask("PUT", f"/workflows/{name}", {"document": document}, **{"If-Match": "*"})
        except urllib.error.HTTPError as error:
            if error.code != 412:
                raise
            self.ask("PUT", f"/workflows/{name}", {"document": document})


def start(folder: Path, port: int = 0) -> Served:
    """Start a server on folders below `folder`."""
    flags = ["--port", str(port), "--token", TOKEN, "--device", "cpu"]
    places = ["--data", str(folder / "data"), "--cache-dir", str(folder / "cache"), "--out", str(folder / "out")]
    command = [str(Path(sys.executable).with_name("graph-engine")), "serve", *flags, *places]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        link = re.search(r"http://\S+", line)
        if link:
            return Served(process, folder, link.group())
    raise AssertionError((folder / "log").read_text())


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A server for as long as the block lasts."""
    served = start(folder)
    try:
        yield served
    finally:
        served.process.terminate()
        served.process.wait(20)
