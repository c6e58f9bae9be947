"""The studies: each makes one table (and perhaps a sheet) from the models, and says what the paper found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.results.bench import Bench, Clock, Row, say


@dataclass(frozen=True)
class Plot:
    """Lines against `x`: a line for each of `columns`, or, with `by`, a line of the one column for each value of `by`.

    tables: whose rows are drawn, when not only the study's own; label: of the x axis; marks: the column whose values
    are written beside the points.
    """

    x: str
    columns: tuple[str, ...]
    label: str
    by: str = ""
    tables: tuple[str, ...] = ()
    marks: str = ""


@dataclass(frozen=True)
class Study:
    """One study.

    name: of its table and pictures; needs: models without which it cannot run; run: makes the rows of the table (and
    writes sheets); paper: what the papers say, for the page; sheets: the pictures that `run` writes; part: it is made
    of one in so many of the prompts, because it draws them many times over.
    """

    name: str
    title: str
    paper: str
    needs: tuple[str, ...]
    run: Callable[[Bench], list[Row]]
    plot: Plot | None = None
    sheets: tuple[str, ...] = ()
    part: int = 1


def every_study() -> list[Study]:
    """All studies, in the order of the page."""
    from . import cascades, editing, guidance, latents, priors, ranking, side_by_side

    modules = (guidance, ranking, priors, cascades, latents, editing, side_by_side)
    return [study for module in modules for study in module.STUDIES]


def run_study(name: str, prompts: int, folder: Path) -> None:
    """Run one study, in one thread, and write its table; prompts: of each kind, before the study's `part` of them."""
    torch.set_num_threads(1)
    study = next(study for study in every_study() if study.name == name)
    bench = Bench(folder, prompts // study.part)
    if not bench.has(*study.needs):
        return say(f"{name}: not run, it needs {', '.join(study.needs)}")
    with Clock() as clock:
        bench.write(name, study.run(bench))
    return say(f"{name}: {clock.wall:.0f} s, {clock.cpu:.0f} s of them on a processor")
