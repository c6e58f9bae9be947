"""Training by name: what `graph-engine train-shapes` and `python -m graph_engine_shapes.train` have in common.

Runs again from its checkpoint after any interruption; a larger `--minutes` goes on with a finished training.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from graph_engine_shapes.recipes import RECIPES, look_of, task_of

MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "268435456"}
"""glibc settings that keep freed memory: without them a training step spends much of its time in page faults."""


def folder_of(name: str) -> Path:
    """Where the training `name` keeps its checkpoint: under the user's data folder."""
    from platformdirs import user_data_path

    return Path(os.environ.get("GRAPH_ENGINE_TRAINING", user_data_path("graph-engine") / "training")) / name


def run(name: str, minutes: float, watch: bool = True, compiled: bool = False) -> Path:
    """Train `name` and return its folder; what it builds on is trained first."""
    import torch

    from graph_engine_shapes.loop import train

    torch.set_num_threads(1)
    folder = folder_of(name)
    for needed in RECIPES[name].needs:
        if not (folder_of(needed) / "checkpoint.safetensors").exists():
            run(needed, RECIPES[needed].minutes)
    train(task_of(name, folder_of), folder, minutes, _watcher(name) if watch else None, compiled=compiled)
    return folder


def _watcher(name: str) -> Callable[[], object] | None:
    """What logs the alignment of `name` over time, where there is such a thing."""
    if look_of(name) is None:
        return None
    from graph_engine_shapes.watch import note

    return partial(note, folder_of(name))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments, shared with `graph-engine train-shapes`."""
    parser.add_argument("name", choices=sorted(RECIPES), help="what to train")
    parser.add_argument("--minutes", type=float, help="processor time in all, earlier runs counted")
    parser.add_argument("--compile", action="store_true", help="torch.compile the network: some minutes, then faster")
    parser.add_argument("--no-watch", action="store_true", help="leave the alignment over time to another process")


def start(options: argparse.Namespace) -> int:
    """Train as the command's arguments say, in a process whose allocator is settled."""
    if not MALLOC.keys() <= os.environ.keys():
        command = [sys.executable, "-m", "graph_engine_shapes.train", *_arguments(options)]
        os.execve(sys.executable, command, os.environ | MALLOC)  # noqa: S606 - the same program, no shell
    print(run(options.name, options.minutes or RECIPES[options.name].minutes, not options.no_watch, options.compile))
    return 0


def _arguments(options: argparse.Namespace) -> list[str]:
    """The arguments that parse to `options`."""
    minutes = ["--minutes", str(options.minutes)] if options.minutes else []
    flags = [flag for flag in ("--compile", "--no-watch") if getattr(options, flag[2:].replace("-", "_"))]
    return [options.name, *minutes, *flags]
