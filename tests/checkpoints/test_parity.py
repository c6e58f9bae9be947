"""The nodes make what the reference pipelines make, bit for bit on the CPU, stage by stage."""

from __future__ import annotations

import pytest
import torch

from . import every_row
from .bench import Bench, Row

ROWS = every_row()


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_nodes_make_what_the_pipeline_makes(bench: Bench, row: Row) -> None:
    assert row.tolerance == 0 or row.reason, "a tolerance wants its reason"
    for stage, (made, wanted) in row.stages(bench).items():
        assert made.shape == wanted.shape, stage
        difference = float((made - wanted).abs().max())
        assert torch.equal(made, wanted) if not row.tolerance else difference <= row.tolerance, (stage, difference)
        assert float(wanted.std()) > 1e-3, f"{stage}: there is nothing to compare"
