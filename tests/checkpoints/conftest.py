"""One bench for all: tiny models are made once."""

from __future__ import annotations

import warnings

import pytest
import torch

from .bench import Bench


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Tiny models in a folder of their own."""
    warnings.simplefilter("ignore")
    return Bench(tmp_path_factory.mktemp("models"))
