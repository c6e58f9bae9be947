"""docs/results.md out of the tables: every number on the page is a cell of a CSV file beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from .studies import Plot, Study

HEAD = """# Results

The headline results of the papers, in miniature, on the models of the shapes world. Written by `make results`; every
number is a cell of a CSV file in [results/](results), which the study's title names.

*one object*: the share of one-object prompts whose object and background are right by the judge; *two objects*: the
share of two-object prompts with both objects of the right shape and colour; *everything*: sizes and relation right as
well. All prompts are of combinations that no training saw. The Frechet distance, precision and recall are measured with
the shapes CLIP's image features, not with Inception's, and only compare rows of one table. *clip score*: the
mean cosine of a picture and its caption (core.clip_score gives 2.5 times as much). *prompts*: how many of each kind a
row is made of.
"""


def write(page: Path, folder: Path, studies: Iterable[Study], notes: dict[str, str]) -> None:
    """Write the page and its plots from the tables that are there; a study without a table is named as not run."""
    sections = [_section(study, folder, notes.get(study.name, "")) for study in studies]
    page.write_text("\n".join([HEAD, *sections]), "utf-8")


def _section(study: Study, folder: Path, note: str) -> str:
    table = folder / f"{study.name}.csv"
    if not table.exists():
        return f"## {study.title}\n\n{study.paper}\n\nNot run yet: `python -m benchmarks.results {study.name}`.\n"
    if study.plot is not None:
        _draw(study, study.plot, folder)
    pictures = [f"{study.name}-plot"] if study.plot else []
    shown = [f"![{study.title}](results/{name}.png)" for name in (*pictures, *study.sheets)]
    rows = read(table)
    text = [f"## {study.title}", study.paper, f"([{table.name}](results/{table.name}))", markdown(rows), *shown]
    return "\n\n".join([*text, *([f"**What came out.** {note}"] if note else [])]) + "\n"


def read(table: Path) -> list[dict[str, str]]:
    """The rows of a table; none where it is not there."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def markdown(rows: list[dict[str, str]]) -> str:
    """A table, with column names as words."""
    columns = list(rows[0])
    head = [" | ".join(column.replace("_", " ") for column in columns), " | ".join("---" for _ in columns)]
    body = [" | ".join(row[column] or "" for column in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in [*head, *body])


def _draw(study: Study, plot: Plot, folder: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, column, rows in _lines(plot, folder, study.name):
        across, up = [float(row[plot.x]) for row in rows], [float(row[column]) for row in rows]
        axes.plot(across, up, marker=".", label=name.replace("_", " "))
        for row, x, y in zip(rows, across, up, strict=True):
            axes.annotate(
                row.get(plot.marks, ""), (x, y), xytext=(3, 3), textcoords="offset points", fontsize="x-small"
            )
    axes.set(xlabel=plot.label, ylabel=plot.columns[0].replace("_", " ") if plot.by else "", title=study.title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(folder / f"{study.name}-plot.png", dpi=100, metadata={"Software": None})


def _lines(plot: Plot, folder: Path, own: str) -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    rows = [row for name in plot.tables or (own,) for row in read(folder / f"{name}.csv")]
    if not plot.by:
        yield from ((column, column, rows) for column in plot.columns)
        return
    for value in dict.fromkeys(row[plot.by] for row in rows):
        yield value, plot.columns[0], [row for row in rows if row[plot.by] == value]
