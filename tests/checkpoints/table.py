"""`python -m tests.checkpoints.table`: the parity table, one row for each comparison, with its greatest difference."""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch

from . import every_row
from .bench import Bench


def main() -> int:
    """Print the table; 1 when a row differs by more than it may."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for row in every_row():
            begin = time.perf_counter()
            for stage, (made, wanted) in row.stages(bench).items():
                same = made.shape == wanted.shape
                difference = float((made - wanted).abs().max()) if same else float("inf")
                fits = same and (torch.equal(made, wanted) if not row.tolerance else difference <= row.tolerance)
                failed += not fits
                verdict = "equal" if same and torch.equal(made, wanted) else "fits" if fits else "DIFFERS"
                reason = f"  {row.reason}" if verdict == "fits" else ""
                print(f"{row.name:<58} {stage:<15} {verdict:<8} {difference:.1e}{reason}", flush=True)
            print(f"{'':<58} {time.perf_counter() - begin:.2f} s", file=sys.stderr, flush=True)
    print(f"{failed} differ" if failed else "all as they should be")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
