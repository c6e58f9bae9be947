"""What earlier runs of a workflow were made of, so that a plan can say in words why a node runs again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graph_engine.codec import canonical
from graph_engine.files import atomic_write

__all__ = ["History", "Recipe"]

_KEEP_RUNS = 8
_KEEP_NODES = 20_000


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
    """The recipes of the last runs of each workflow, one small file per workflow, newest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "runs"
        self._read: tuple[str, list[dict[str, Any]]] | None = None

    def _path(self, workflow: str) -> Path:
        return self.folder / f"{hashlib.blake2b(workflow.encode(), digest_size=16).hexdigest()}.json"

    def _runs(self, workflow: str) -> list[dict[str, Any]]:
        try:
            runs = json.loads(self._path(workflow).read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return runs if isinstance(runs, list) else []

    def recipes(self, workflow: str, node: str) -> Iterator[Recipe]:
        """The recipes of one node, from the newest run to the oldest."""
        for run in self._cached_runs(workflow):
            try:
                yield Recipe(**run[node])
            except (KeyError, TypeError):
                continue

    def _cached_runs(self, workflow: str) -> list[dict[str, Any]]:
        if self._read is None or self._read[0] != workflow:
            self._read = (workflow, self._runs(workflow))
        return self._read[1]

    def add(self, workflow: str, recipes: Mapping[str, Recipe]) -> None:
        """Remember a run; raises OSError when the folder cannot be written."""
        runs = [{name: asdict(recipe) for name, recipe in recipes.items()}, *self._runs(workflow)]
        keep = max(1, min(_KEEP_RUNS, _KEEP_NODES // max(1, len(recipes))))
        with atomic_write(self._path(workflow)) as temporary:
            temporary.write_text(canonical(runs[:keep]), "utf-8")
        self._read = None
