"""What earlier runs of a workflow were made of, so that a plan can say in words why a node runs again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.codec import canonical
from graph_engine.files import atomic_write

__all__ = ["History", "Recipe"]

_KEEP_RUNS = 8
_ORPHAN_AFTER = 3600.0


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
    """The recipes of the last runs of each workflow: a folder per workflow, a small file per run.

    Without a folder it remembers nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder / "runs" if folder else None

    def _folder(self, workflow: str) -> Path:
        assert self.folder is not None
        return self.folder / hashlib.blake2b(workflow.encode(), digest_size=16).hexdigest()

    def _files(self, workflow: str) -> list[Path]:
        """The files of a workflow's runs, the newest first."""
        return sorted(self._folder(workflow).glob("*.json"), reverse=True) if self.folder else []

    def _runs(self, workflow: str) -> list[dict[str, Any]]:
        runs = []
        for path in self._files(workflow):
            with contextlib.suppress(OSError, ValueError):
                run = json.loads(path.read_text("utf-8"))
                if isinstance(run, dict):
                    runs.append(run)
        return runs

    def recipes(self, workflow: str) -> dict[str, list[Recipe]]:
        """The recipes of every node, from the newest run to the oldest; what is damaged is left out."""
        found: dict[str, list[Recipe]] = defaultdict(list)
        for run in self._runs(workflow):
            for name, parts in run.items():
                with contextlib.suppress(TypeError):
                    recipe = Recipe(**parts)
                    if isinstance(recipe.values, dict) and isinstance(recipe.links, dict):
                        found[name].append(recipe)
        return found

    def add(self, workflow: str, recipes: Mapping[str, Recipe]) -> None:
        """Remember a run; raises OSError when the folder cannot be written."""
        if self.folder is None:
            return
        with atomic_write(self._folder(workflow) / f"{time.time_ns():020}.json") as temporary:
            temporary.write_text(canonical({name: vars(recipe) for name, recipe in recipes.items()}), "utf-8")
        for old in self._files(workflow)[_KEEP_RUNS:]:
            old.unlink(missing_ok=True)
        for left in self._folder(workflow).glob(".*.tmp"):  # of a process that was killed while it wrote
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _ORPHAN_AFTER:
                    left.unlink(missing_ok=True)
