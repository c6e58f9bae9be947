"""Real processes: each test runs the `graph-engine` command as a user does, in folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Write = Callable[[str, str], Path]
ROOT = Path(__file__).resolve().parents[2]
GLIDE = ROOT / "workflows" / "glide.yaml"


@dataclass
class Shell:
    """A user's shell: a folder, an environment, and the installed command."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "graph_engine.cli", *map(str, arguments)]

    def variables(self) -> dict[str, str]:
        own = {f"GRAPH_ENGINE_{name.upper()}": str(self.folder / name) for name in ("data", "cache", "outputs")}
        return {**os.environ, "OMP_NUM_THREADS": "1", **own, **self.environment}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.variables(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.variables(), text=True,
            capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        """The one object that `--json` prints; fails the test when the command fails."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write_file


def pixels(path: str | Path) -> bytes:
    """The raw pixels of a picture."""
    from PIL import Image

    with Image.open(path) as image:
        return image.tobytes()
