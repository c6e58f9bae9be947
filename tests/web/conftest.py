"""What a server's tests start from: settings on empty folders, with the tests' own pack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from graph_web.settings import Limits, Settings

TOKEN = "a-token-for-tests"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server's settings on empty folders, with a worker in a thread."""
    limits = replace(Limits(), cancel_seconds=3.0, stop_seconds=3.0)
    return Settings(
        tmp_path / "data",
        tmp_path / "cache",
        tmp_path / "outputs",
        port=0,
        token=TOKEN,
        device="cpu",
        worker="thread",
        limits=limits,
        packs=(("fault", "tests.web.faults"),),
    )
