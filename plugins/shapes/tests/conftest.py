"""Fixtures shared by the tests of the shapes world."""

from __future__ import annotations

import pytest
import torch
from graph_engine_shapes.scenes import Scenes, random_scenes


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Results must not depend on the number of threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def scenes() -> Scenes:
    """Two hundred and fifty scenes of every sort, held-out combinations included."""
    return random_scenes(250, torch.Generator().manual_seed(5), two=0.6, held="any")
