"""What several test folders share: plugins installed for one test, really, by their metadata on the import path."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[[str, str], dict[str, str]]


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_users_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the machine's user fetched from the hub, or set, is no business of a test, nor of a process it starts."""
    os.environ["HF_HUB_CACHE"] = str(tmp_path_factory.mktemp("hub"))
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("config"))


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """`install(pack, source)` installs a one-module plugin into a folder of its own.

    Returns the environment variables under which a new process finds it (and all that was installed before).
    """
    site = tmp_path / "site"
    site.mkdir()

    def add(pack: str, source: str) -> dict[str, str]:
        module = f"test_pack_{pack}"
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: test-pack-{pack}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[graph_engine]\n{pack} = {module}\n")
        path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {**os.environ, "PYTHONPATH": path, "GRAPH_ENGINE_DATA": str(tmp_path / "data")}

    return add
