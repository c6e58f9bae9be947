"""Where deleted things wait: one folder for each deletion, named by its time, so that nothing is ever lost by a click.

A person takes something back by moving the files to where they were; nothing here is ever deleted for good.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from graph_engine.files import safe_name
from graph_web.disk import sync_folder

__all__ = ["move_to_trash"]


def move_to_trash(trash: Path, kind: str, name: str, paths: Iterable[Path]) -> Path:
    """Move files and folders into a new folder `trash/kind/<time>-<name>`, and give that folder; paths that are not
    there are left out. Raises OSError."""
    target = _new_folder(trash / kind, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{safe_name(name)}")
    for path in paths:
        if os.path.lexists(path):
            shutil.move(path, target / path.name)  # copies when the trash is on another disk
    sync_folder(target)
    return target


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
