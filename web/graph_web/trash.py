"""Where deleted things wait: one folder for each deletion, named by its time, so that nothing is ever lost by a click.

It can be taken back as long as nothing else is in its place; nothing here is ever deleted for good.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from graph_engine.files import safe_name
from graph_web.disk import disk_told, sync_folder
from graph_web.errors import Failure

__all__ = ["Named", "Trashed", "find_trashed", "list_trash", "move_to_trash", "take_back"]

_ID = re.compile(r"(\d{8}T\d{6}\.\d{6})-([\w.-]{1,100})", re.ASCII)


def move_to_trash(trash: Path, kind: str, name: str, paths: Iterable[Path]) -> Path:
    """Move files and folders into a new folder `trash/kind/<time>-<name>`, and give that folder; paths that are not
    there are left out. Raises OSError."""
    target = _new_folder(trash / kind, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{safe_name(name)}")
    for path in paths:
        if os.path.lexists(path):
            shutil.move(path, target / path.name)  # copies when the trash is on another disk
    sync_folder(target)
    return target


@dataclass(frozen=True)
class Trashed:
    """One deletion: its folder, the name of which is `id`; the label that it was given; when, in seconds since 1970."""

    folder: Path
    label: str
    deleted: float

    @property
    def id(self) -> str:
        """What it is known by."""
        return self.folder.name


Named = list[tuple[Trashed, str]]
"""Deletions, each with the name of what was deleted."""


def list_trash(trash: Path, kind: str) -> list[Trashed]:
    """The deletions of a kind, the newest first."""
    with disk_told("the trash could not be listed"):
        folder = trash / kind
        entries = list(os.scandir(folder)) if folder.is_dir() else []
    found = (_trashed(Path(entry.path)) for entry in entries if entry.is_dir(follow_symlinks=False))
    return sorted((one for one in found if one is not None), key=lambda one: one.id, reverse=True)


def find_trashed(trash: Path, kind: str, identity: str) -> Trashed:
    """One deletion; Failure 404."""
    folder = trash / kind / identity if _ID.fullmatch(identity) else None
    found = _trashed(folder) if folder and folder.is_dir() and not folder.is_symlink() else None
    if found is None:
        message = f"there is nothing like {identity[:60]!a} in the trash; GET /api/v1/trash lists what there is"
        raise Failure(404, "NotFound", message)
    return found


def _trashed(folder: Path) -> Trashed | None:
    match = _ID.fullmatch(folder.name)
    try:
        when = datetime.strptime(match[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return Trashed(folder, match[2], when.timestamp()) if match and when else None


def take_back(entry: Trashed, places: Mapping[str, Path]) -> None:
    """Move files and folders of a deletion, by their names in it, to their places; Failure 409 when one is taken."""
    with disk_told("it could not be taken back from the trash"):
        taken = next((place for place in places.values() if os.path.lexists(place)), None)
        if taken is not None:
            message = f"there is another {taken.name} in its place; rename or delete that one first"
            raise Failure(409, "Taken", message)
        if not places or not all(os.path.lexists(entry.folder / name) for name in places):
            raise Failure(404, "NotFound", "it is not in the trash any more: somebody moved or removed its files")
        for name, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(entry.folder / name, place)
            sync_folder(place.parent)
        if not any(entry.folder.iterdir()):
            entry.folder.rmdir()


def _new_folder(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{parent} holds too many things of the name {name}")
