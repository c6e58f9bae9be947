"""What a server is started with; fixed for its life, and never to be changed over the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graph_engine.settings import Locations
from graph_web.templates import shipped_templates

__all__ = ["Limits", "Settings"]


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one client from taking everything.

    Bytes of request bodies by kind, runs waiting in the queue, clients listening to events, and seconds: a run's
    node may stay without progress for `stall_seconds`, a cancelled one has `cancel_seconds` to stop, and then its
    worker is ended; `attempts` is how often a run may be begun.
    """

    document_bytes: int = 8 << 20
    upload_bytes: int = 64 << 20
    queued_runs: int = 20_000
    listeners: int = 2_000
    stall_seconds: float = 900.0
    cancel_seconds: float = 10.0
    attempts: int = 3
    stop_seconds: float = 8.0


@dataclass(frozen=True)
class Settings:
    """One server.

    data: its database, assets and trash, locked for one server at a time. outputs, cache: as for the shell. library:
    the folder of the saved workflows, when it is not the one in `data`. token: what clients must show; None asks for
    none, which only a loopback address may. hosts: names that the Host header may have beside the loopback ones.
    device, dtype, parallel: of the worker. worker: a process of its own, or a thread of the server (tests). restart:
    whether interrupted runs go on by themselves or wait for a person. packs: (name, module) of node packs to load in
    place of the installed plugins (embedding, tests). models: folders of
    checkpoints. templates: the folder of the workflows that come with the
    program.
    """

    data: Path
    cache: Path
    outputs: Path
    host: str = "127.0.0.1"
    port: int = 8420
    token: str | None = None
    hosts: tuple[str, ...] = ()
    read_only: bool = False
    device: str = "auto"
    dtype: str = "auto"
    parallel: int = 1
    worker: Literal["process", "thread"] = "process"
    restart: Literal["resume", "hold"] = "resume"
    packs: tuple[tuple[str, str], ...] = ()
    templates: Path = field(default_factory=shipped_templates)
    library: Path | None = None
    models: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @staticmethod
    def here() -> Settings:
        """A server on the user's own folders (see Locations.find)."""
        found = Locations.find()
        return Settings(found.data, found.cache, found.outputs, models=found.models)

    @property
    def workflows(self) -> Path:
        """Saved workflows; relative sub-workflows and pictures beside them are found from here."""
        return self.library or self.data / "workflows"

    @property
    def assets(self) -> Path:
        """Uploaded files, each named by its content; a root of file parameters."""
        return self.data / "assets"

    @property
    def trash(self) -> Path:
        """Where deleted things wait."""
        return self.data / "trash"
