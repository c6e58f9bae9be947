"""A fresh engine for every test, in folders of its own; nothing installed is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_engine import Engine

from . import toys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `inputs`, where a run also finds its cache and outputs."""
    (tmp_path / "inputs").mkdir()
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Engine:
    """An engine with the toy pack and a cache folder."""
    return toys.engine(folder)


@pytest.fixture
def memory_engine() -> Engine:
    """An engine that writes nothing."""
    return toys.engine(None)
