"""What earlier runs of a workflow were made of, so that a plan can say in words why a node runs again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.codec import canonical
from graph_engine.files import atomic_write

__all__ = ["History", "Recipe"]

_KEEP_RUNS = 8


@dataclass(frozen=True)
class Recipe:
    """What went into a node's key, in parts that can be told apart."""

    type: str
    version: int
    key: str
    values: Mapping[str, Any]
    links: Mapping[str, Any]
    fingerprint: Any = None
    device: str | None = None


class History:
    """The recipes of the last runs of each workflow: a folder per workflow, a small file per run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "runs"
        self._read: tuple[str, list[dict[str, Any]]] | None = None

    def _folder(self, workflow: str) -> Path:
        return self.folder / hashlib.blake2b(workflow.encode(), digest_size=16).hexdigest()

    def _files(self, workflow: str) -> list[Path]:
        """The files of a workflow's runs, the newest first."""
        return sorted(self._folder(workflow).glob("*.json"), reverse=True)

    def _runs(self, workflow: str) -> list[dict[str, Any]]:
        runs = []
        for path in self._files(workflow):
            with contextlib.suppress(OSError, ValueError):
                run = json.loads(path.read_text("utf-8"))
                if isinstance(run, dict):
                    runs.append(run)
        return runs

    def recipes(self, workflow: str, node: str) -> Iterator[Recipe]:
        """The recipes of one node, from the newest run to the oldest."""
        if self._read is None or self._read[0] != workflow:
            self._read = (workflow, self._runs(workflow))
        for run in self._read[1]:
            with contextlib.suppress(KeyError, TypeError):
                yield Recipe(**run[node])

    def add(self, workflow: str, recipes: Mapping[str, Recipe]) -> None:
        """Remember a run; raises OSError when the folder cannot be written."""
        with atomic_write(self._folder(workflow) / f"{time.time_ns():020}.json") as temporary:
            temporary.write_text(canonical({name: vars(recipe) for name, recipe in recipes.items()}), "utf-8")
        for old in self._files(workflow)[_KEEP_RUNS:]:
            old.unlink(missing_ok=True)
        self._read = None
