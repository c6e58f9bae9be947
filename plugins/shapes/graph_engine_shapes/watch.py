"""A training's log: alignment.csv, a line every few minutes, and alignment.png drawn from it.

`python -m graph_engine_shapes.watch NAME` does it beside a training, on another core.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import torch

from graph_engine_shapes import checkpoint
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.recipes import RECIPES, look_of

PLOTTED = {
    "one_object": "one object: colour, shape, background",
    "two_objects": "two objects: colour and shape of both",
    "two_relation": "two objects: relation",
    "top1": "the right one of all captions",
    "hard_negatives": "the true caption against one with one change",
    "class_at_0": "the class of a clean picture",
    "class_at_400": "the class at timestep 400",
    "class_at_800": "the class at timestep 800",
    "top1_at_0": "the right one of all captions of a clean picture",
    "top1_at_400": "the right one at timestep 400",
    "top1_at_800": "the right one at timestep 800",
    "cosine": "cosine to the true embedding",
    "everything": "embeddings from which every attribute is read right",
}


PROMPTS = 64
"""How many fresh prompts of each kind a look is made of."""


def note(folder: Path) -> Row:
    """Look at the training in `folder`, append what was seen to its log, and draw the log anew."""
    look = look_of(folder.name)
    if look is None:
        raise ValueError(f"nothing watches {folder.name!r} but its loss")
    row = look(folder, PROMPTS)
    path = folder / "alignment.csv"
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)
    plot(folder)
    return row


def plot(folder: Path) -> None:
    """Draw alignment.csv as alignment.png."""
    from matplotlib.figure import Figure

    with (folder / "alignment.csv").open() as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    minutes = [float(row["minutes"]) for row in rows]
    for column, label in PLOTTED.items():
        if column in rows[0]:
            axes.plot(minutes, [100 * float(row[column]) for row in rows], marker=".", label=label)
    axes.set(xlabel="core-minutes of training", ylabel="right, %", ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "alignment.png", dpi=110)


def main() -> int:
    """Look at a training every so many minutes, until it has spent `--until` minutes."""
    from graph_engine_shapes.training import folder_of

    parser = argparse.ArgumentParser(prog="graph_engine_shapes.watch", description=__doc__)
    parser.add_argument("name", choices=[name for name, recipe in RECIPES.items() if recipe.look])
    parser.add_argument("--every", type=float, default=6.0, help="minutes between looks")
    parser.add_argument("--until", type=float, required=True, help="training minutes after which to stop")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = folder_of(options.name)
    while True:
        if (folder / checkpoint.FILE).exists():
            row = note(folder)
            print(row, flush=True)
            if row["minutes"] >= options.until:
                return 0
        time.sleep(60 * options.every)


if __name__ == "__main__":
    raise SystemExit(main())
