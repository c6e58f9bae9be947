"""docs/results.md out of the tables: every number on the page is a cell of a CSV file beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from .bench import Row
from .studies import Study

HEAD = """# Results

The headline results of the papers, in miniature, on the models of the shapes world. Written by `make results`; every
number is a cell of a CSV file in [results/](results), which the study's title names.

*one object*: the share of one-object prompts whose object and background are right by the judge; *two objects*: the
share of two-object prompts with both objects of the right shape and colour; *everything*: sizes and relation right as
well. All prompts are of combinations that no training saw. The Frechet distance, precision and recall are measured with
the shapes CLIP's image features, not with Inception's, and only compare rows of one table.
"""


def write(page: Path, folder: Path, studies: Iterable[Study], notes: dict[str, str]) -> None:
    """Write the page from the tables that are there; a study without a table is named as not run."""
    sections = [_section(study, folder, notes.get(study.name, "")) for study in studies]
    page.write_text("\n".join([HEAD, *sections]), "utf-8")


def _section(study: Study, folder: Path, note: str) -> str:
    table = folder / f"{study.name}.csv"
    if not table.exists():
        return f"## {study.title}\n\n{study.paper}\n\nNot run yet: `python -m benchmarks.results {study.name}`.\n"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    pictures = [f"{study.name}-plot"] if study.plot else []
    shown = [f"![{study.title}](results/{name}.png)" for name in (*pictures, *study.sheets)]
    text = [f"## {study.title}", study.paper, f"([{table.name}](results/{table.name}))", markdown(rows), *shown]
    return "\n\n".join([*text, *([f"**What came out.** {note}"] if note else [])]) + "\n"


def markdown(rows: list[dict[str, str]]) -> str:
    """A table, with column names as words."""
    columns = list(rows[0])
    head = [" | ".join(column.replace("_", " ") for column in columns), " | ".join("---" for _ in columns)]
    body = [" | ".join(row[column] or "" for column in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in [*head, *body])


def plot(study: Study, folder: Path, rows: list[Row]) -> None:
    """Draw the study's columns against its x."""
    if study.plot is None:
        return
    from matplotlib.figure import Figure

    x, columns, label = study.plot
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for column in columns:
        axes.plot([row[x] for row in rows], [row[column] for row in rows], marker=".", label=column.replace("_", " "))
    axes.set(xlabel=label, title=study.title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(folder / f"{study.name}-plot.png", dpi=100)
