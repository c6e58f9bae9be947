"""Alignment over time: while a model trains, the judge reads what its averaged weights draw for fresh prompts.

`python -m graph_engine_shapes.watch NAME` does it beside a training, on another core.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import torch
from torch import Tensor

from graph_engine_shapes import captions, checkpoint, judging, networks, sampling
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import HeldOut, random_scenes

COLUMNS = (
    "minutes",
    "pictures",
    "one_object",
    "two_objects",
    "one_colour",
    "one_shape",
    "one_background",
    "two_colour",
    "two_shape",
    "two_relation",
    "two_size",
)


def fresh_prompts(n: int, two: bool, seed: int, held: HeldOut = "any") -> list[str]:
    """`n` prompts that say every attribute."""
    generator, rng = torch.Generator().manual_seed(seed), captions.seeded(seed)
    return captions.random_captions(random_scenes(n, generator, two=float(two), held=held), rng, keep=1.0)


def verdicts(pictures: Tensor, prompts: list[str]) -> list[judging.Verdict]:
    """The judge's word on each picture (B, 3, R, R) in [0, 1]."""
    return [judging.judge(seen, prompt) for seen, prompt in zip(judging.see(pictures), prompts, strict=True)]


def mean(values: list[judging.Verdict], name: str) -> float:
    """The share of verdicts, 0 to 1, in which the attribute `name` is right."""
    return round(sum(float(getattr(v, name)) for v in values) / len(values), 4)


def load_unet(folder: Path, upsampler: bool = False) -> tuple[torch.nn.Module, checkpoint.Counters]:
    """The averaged U-Net of a training."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.upsampler_unet() if upsampler else networks.base_unet()
    unet.load_state_dict(weights)
    return unet.eval().to(memory_format=torch.channels_last), counters


def look(folder: Path, n: int = 64, steps: int = 12, scale: float = 3.0) -> dict[str, float]:
    """One line of the log: the averaged weights' alignment on `n` prompts of each sort."""
    upsampler = folder.name == "glide-upsampler"
    unet, counters = load_unet(folder, upsampler)
    text = load_text(folder.parent / "glide-text")
    row: dict[str, float] = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    seen = {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts, seeds = fresh_prompts(n, two, seed), list(range(seed, seed + n))
        if upsampler:
            scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(two), held="any")
            pictures = sampling.upsample(unet, text, prompts, seeds, render(scenes, networks.BASE_SIZE))
        else:
            pictures = sampling.generate(unet, text, prompts, seeds, steps, scale)
        seen[two] = verdicts(pictures, prompts)
    row |= {"one_object": mean(seen[False], "obeyed"), "two_objects": mean(seen[True], "objects")}
    row |= {f"one_{k}": mean(seen[False], k) for k in ("colour", "shape", "background")}
    return row | {f"two_{k}": mean(seen[True], k) for k in ("colour", "shape", "relation", "size")}


def log(folder: Path, row: dict[str, float]) -> None:
    """Append a line to the training's alignment.csv."""
    path = folder / "alignment.csv"
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def plot(folder: Path) -> None:
    """Draw alignment.csv as alignment.png."""
    from matplotlib.figure import Figure

    with (folder / "alignment.csv").open() as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for column, label in (
        ("one_object", "one object: colour, shape, background"),
        ("two_objects", "two objects: colour and shape of both"),
        ("two_relation", "two objects: relation"),
    ):
        axes.plot([float(r["minutes"]) for r in rows], [100 * float(r[column]) for r in rows], marker=".", label=label)
    axes.set(xlabel="core-minutes of training", ylabel="prompts obeyed, %", ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(folder / "alignment.png", dpi=110)


def main() -> int:
    """Look at a training every so many minutes, until it has spent `--until` minutes."""
    from graph_engine_shapes.train import folder_of

    parser = argparse.ArgumentParser(prog="graph_engine_shapes.watch", description=__doc__)
    parser.add_argument("name", choices=("glide", "glide-upsampler"))
    parser.add_argument("--every", type=float, default=6.0, help="minutes between looks")
    parser.add_argument("--until", type=float, default=120.0, help="training minutes after which to stop")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = folder_of(options.name)
    while True:
        if (folder / checkpoint.FILE).exists():
            row = look(folder)
            log(folder, row)
            print(row, flush=True)
            if row["minutes"] >= options.until:
                plot(folder)
                return 0
        time.sleep(60 * options.every)


if __name__ == "__main__":
    raise SystemExit(main())
