"""Shell commands about checkpoints: making a tiny one to try."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from graph_engine import Command, GraphEngineError

__all__ = ["COMMANDS"]

FAMILIES = (
    *("sd15", "sd15-inpaint", "sd21", "sdxl", "sdxl-refiner", "sd-x4-upscaler"),
    *("sd3", "flux-dev", "flux-schnell"),
    *("karlo", "karlo-variations", "kandinsky-prior", "kandinsky", "kandinsky-inpaint", "if-1", "if-2"),
)


def _configure_tiny(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("family", choices=FAMILIES, help="which published family")
    parser.add_argument("folder", help="a folder that does not exist yet, such as models/tiny-sd15")
    parser.add_argument("--seed", type=int, default=0, help="of the random weights (default: 0)")


def _make_tiny(options: argparse.Namespace) -> int:
    folder = Path(options.folder).expanduser()
    if folder.exists():
        raise GraphEngineError(f"{folder} is there already; name a folder that is not")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from graph_nodes.checkpoints.tiny.families import make_tiny

    make_tiny(options.family, folder, options.seed)
    sys.stdout.write(f"{folder}\n")
    return 0


COMMANDS = [
    Command(
        "make-tiny",
        "make a tiny model with random weights in a published layout, to try workflows on",
        _configure_tiny,
        _make_tiny,
    ),
]
