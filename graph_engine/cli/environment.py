"""The world around a command, passed in and never read from globals, so that tests drive the real shell in process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from graph_engine.plugins import Pack, Registry, find_plugins, load_registry

__all__ = ["Environment"]


@dataclass
class Environment:
    """Streams, environment variables, the working folder, and where plugins come from."""

    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cwd: Path = Path()
    packs: Callable[[], Iterable[Pack]] = find_plugins
    _registry: Registry | None = field(default=None, repr=False)

    @property
    def registry(self) -> Registry:
        """What the plugins bring, loaded at the first use."""
        if self._registry is None:
            self._registry = load_registry(self.packs())
        return self._registry

    @property
    def interactive(self) -> bool:
        """True when a person looks at stderr."""
        return self.stderr.isatty()

    @property
    def width(self) -> int:
        """Columns that a help screen may take."""
        columns = self.variables.get("COLUMNS", "")
        if columns.isdigit() and int(columns) > 0:
            return int(columns)
        return min(shutil.get_terminal_size((100, 24)).columns, 120) if self.stdout.isatty() else 100

    def path(self, text: str) -> Path:
        """A path as the user typed it, seen from the working folder."""
        return self.cwd / Path(text).expanduser()

    def write(self, text: str = "") -> None:
        """A line of the command's result."""
        self.stdout.write(text + "\n")

    def complain(self, text: str) -> None:
        """A line for the person: an error, a warning, a summary."""
        self.stderr.write(text + "\n")
