"""What a running node can ask of the engine: progress and cancellation, device, folders and warm models."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from graph_engine.errors import Cancelled
from graph_engine.files import find_in_roots

__all__ = ["Context", "Folders", "WarmStore"]

T = TypeVar("T")


@dataclass(frozen=True)
class Folders:
    """Where a run reads and writes.

    outputs: pictures; cache: cached outputs; inputs: the roots that file parameters are relative to; granted: files
    and folders that the user named in person, readable wherever they are; models: folders of named models; model_roots:
    folders below which models are found by their path.
    """

    outputs: Path = Path("outputs")
    cache: Path | None = None
    inputs: tuple[Path, ...] = (Path(),)
    granted: frozenset[Path] = frozenset()
    models: Mapping[str, Path] = field(default_factory=dict)
    model_roots: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """In a notebook, text is a path too, and one folder a tuple of one."""
        for name in ("outputs", "cache"):
            if isinstance(found := getattr(self, name), str):
                object.__setattr__(self, name, Path(found))
        for name in ("inputs", "model_roots"):
            found = getattr(self, name)
            several = (found,) if isinstance(found, str | Path) else found
            object.__setattr__(self, name, tuple(map(Path, several)))


@dataclass
class _KeyLock:
    """The lock of one thing that is being loaded. users: how many hold it or wait for it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    users: int = 0


class WarmStore:
    """Keeps loaded things (weights) ready for the next use, within a budget of bytes; the least recently used go first.

    Safe to use from several threads: different things load at the same time, and two threads that want the same thing
    load it once.
    """

    def __init__(self, budget_bytes: int = 4 << 30) -> None:
        self.budget_bytes = budget_bytes
        self._held: dict[str, tuple[Any, int]] = {}
        self._lock = threading.RLock()
        self._loading: dict[str, _KeyLock] = {}

    def get(self, key: str, load: Callable[[], T], size_of: Callable[[T], int]) -> T:
        """The thing under `key`, loaded by `load` when it is not there; `size_of` gives its bytes."""
        with self._alone_with(key):
            with self._lock:
                if key in self._held:
                    self._held[key] = self._held.pop(key)
                    return self._held[key][0]  # type: ignore[no-any-return]
            thing = load()  # without the lock of all, so that others go on
            size = size_of(thing)
            with self._lock:
                self._make_room(size)
                self._held[key] = (thing, size)
            return thing

    @contextlib.contextmanager
    def _alone_with(self, key: str) -> Iterator[None]:
        """Hold the lock of one key, which is there only while somebody holds it or waits for it."""
        with self._lock:
            mine = self._loading.setdefault(key, _KeyLock())
            mine.users += 1
        try:
            with mine.lock:
                yield
        finally:
            with self._lock:
                mine.users -= 1
                if not mine.users:
                    del self._loading[key]

    def _make_room(self, size: int) -> None:
        while self._held and self.used_bytes + size > self.budget_bytes:
            self._held.pop(next(iter(self._held)))

    @property
    def used_bytes(self) -> int:
        """Bytes that the things held now take."""
        with self._lock:
            return sum(size for _, size in self._held.values())

    def keys(self) -> list[str]:
        """What is warm, the least recently used first."""
        with self._lock:
            return list(self._held)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._held.clear()


@dataclass(frozen=True)
class Context:
    """Given to a node that has a parameter of this type; recognised by its type, it is no socket.

    `Context()` alone is enough to call a node in a test or a notebook. device: `cpu`, `cuda` or `mps`; dtype:
    `float32`, `bfloat16` or `float16`; node: the id of the running node; workflow: the running workflow with the
    values used, as JSON data.
    """

    device: str = "cpu"
    dtype: str = "float32"
    folders: Folders = field(default_factory=Folders)
    warm: WarmStore = field(default_factory=WarmStore)
    node: str = ""
    workflow: Callable[[], Mapping[str, Any]] = dict
    on_progress: Callable[[int, int], None] | None = None
    on_preview: Callable[[object], None] | None = None
    on_warning: Callable[[str], None] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)

    def progress(self, step: int, total: int, preview: Callable[[], object] | None = None) -> None:
        """Say that `step` of `total` is done; this is where a cancelled run stops (raises Cancelled).

        `preview` makes a picture of the work so far; it is called only when somebody looks.
        """
        if self.cancel.is_set():
            raise Cancelled
        if self.on_progress:
            self.on_progress(step, total)
        if preview and self.on_preview:
            self.on_preview(preview())

    def warn(self, message: str) -> None:
        """Tell the user something that does not stop the run."""
        if self.on_warning:
            self.on_warning(message)

    def input_file(self, path: str) -> Path:
        """The file that a parameter names, below the input folders; raises FileRefused or FileNotFoundError."""
        return find_in_roots(path, self.folders.inputs, self.folders.granted)

    def input_folder(self, path: str) -> Path:
        """The folder that a parameter names, under the same rules; a link in it may still lead out of it."""
        return find_in_roots(path, self.folders.inputs, self.folders.granted, folder=True)
