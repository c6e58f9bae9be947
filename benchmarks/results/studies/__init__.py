"""The studies: each makes one table (and perhaps a sheet) from the models, and says what the paper found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.results.bench import Bench, Row


@dataclass(frozen=True)
class Study:
    """One study.

    name: of its table and pictures; needs: models without which it cannot run; run: makes the rows of the table (and
    writes sheets); paper: what the papers say, for the page; plot: (x, columns) to draw against each other, or None.
    """

    name: str
    title: str
    paper: str
    needs: tuple[str, ...]
    run: Callable[[Bench], list[Row]]
    plot: tuple[str, tuple[str, ...], str] | None = None
    sheets: tuple[str, ...] = ()


def every_study() -> list[Study]:
    """All studies, in the order of the page."""
    from . import cascades, editing, guidance, latents, priors, ranking, side_by_side

    modules = (guidance, ranking, priors, cascades, latents, editing, side_by_side)
    return [study for module in modules for study in module.STUDIES]
