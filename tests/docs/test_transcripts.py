"""Transcripts of a real shell: every command of a page's sh-session blocks, typed one after the other into one bash."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import PAGES, ROOT, blocks, like

WITH_TRANSCRIPTS = [page for page in PAGES if any(block.language == "sh-session" for block in blocks(page))]
DONE = "-- done --"


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


class Shell:
    """A bash that lives as long as the page."""

    def __init__(self, folder: Path) -> None:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        folders = {f"GRAPH_ENGINE_{name.upper()}": str(folder / name) for name in ("data", "cache", "outputs")}
        environment = {**os.environ, **folders, "PATH": programs, "OMP_NUM_THREADS": "1"}
        self._bash = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, text=True, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def type(self, command: str) -> list[str]:
        """What a command prints, stderr left out."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\necho '{DONE}'\n")
        self._bash.stdin.flush()
        lines = []
        while not (line := self._bash.stdout.readline().rstrip("\n")).endswith(DONE):
            lines.append(line)
        return [*lines, line.removesuffix(DONE)] if line != DONE else lines

    def close(self) -> None:
        os.killpg(self._bash.pid, 9)
        self._bash.wait()


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_TRANSCRIPTS, ids=lambda page: page.name)
def test_a_transcript_is_what_a_shell_prints(page: Path, tmp_path: Path) -> None:
    if not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("curl and jq are not installed")
    shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    port, shell = free_port(), Shell(tmp_path)
    try:
        for block in blocks(page):
            if block.language == "sh-session":
                for command, printed in block.commands():
                    said = shell.type(command.replace("8420", port))
                    wanted = like([line.replace("8420", port) for line in printed])
                    assert wanted.fullmatch("\n".join(said)), f"{page.name}:{block.line}: $ {command}\n{said}"
    finally:
        shell.close()
