"""What the tests of saved workflows share: an engine with the packs of this repository, on the shipped models."""

from __future__ import annotations

import graph_engine_shapes
import graph_nodes
import pytest
import torch

from graph_engine import Engine, Folders
from graph_engine.plugins import load_registry, pack_from_module


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The packs of this repository and folders of the tests' own; models stay warm from one workflow to the next."""
    registry = load_registry([pack_from_module("core", graph_nodes), pack_from_module("shapes", graph_engine_shapes)])
    folder = tmp_path_factory.mktemp("engine")
    folders = Folders(outputs=folder / "outputs", cache=folder / "cache", inputs=(folder,))
    return Engine(registry, folders, device="cpu", dtype="float32", debug=True)
