"""Shell commands about checkpoints: making a tiny one to try, fetching one of the hub, converting a pickle."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from graph_engine import Command, GraphEngineError

__all__ = ["COMMANDS"]

_MOST = 10
"""Names that are told of a long list."""


def _configure_tiny(parser: argparse.ArgumentParser) -> None:
    from graph_nodes.checkpoints.tiny.families import TINY

    parser.add_argument("family", choices=tuple(TINY), help="which published family")
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


def _configure_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="hub:owner/name or hub:owner/name@revision")
    parser.add_argument("--variant", default="", help="precision to take where there are several, such as fp16")


def _fetch(options: argparse.Namespace) -> int:
    from graph_nodes.checkpoints import hub

    folder = hub.fetch(options.name, options.variant)
    pinned = replace(hub.parse_name(options.name), revision=folder.name)
    sys.stdout.write(f"{pinned}\n{folder}\n")
    return 0


def _configure_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="a .ckpt, .pt or .bin file")
    parser.add_argument("target", help="the .safetensors file to write")
    parser.add_argument("--allow-pickle", action="store_true", help="open the pickle; only for files that you trust")
    parser.add_argument("--group", default="", help="name of the tensors to take, where there are several groups")


def _convert(options: argparse.Namespace) -> int:
    from graph_nodes.checkpoints import pickles

    if not options.allow_pickle:
        raise GraphEngineError(
            f"{options.source} may be a pickle, which can run code when it is opened; if you trust it: --allow-pickle"
        )
    source, target = (Path(name).expanduser() for name in (options.source, options.target))
    left = pickles.convert(source, target, options.group)
    if left:
        more = f" and {len(left) - _MOST} more" if len(left) > _MOST else ""
        sys.stderr.write(f"left out, as they are no tensors of the model: {', '.join(left[:_MOST])}{more}\n")
    sys.stdout.write(f"{options.target}\n")
    return 0


COMMANDS = [
    Command(
        "make-tiny",
        "make a tiny model with random weights in a published layout, to try workflows on",
        _configure_tiny,
        _make_tiny,
    ),
    Command(
        "fetch-model",
        "fetch a model of the Hugging Face hub into its cache",
        _configure_fetch,
        _fetch,
    ),
    Command("convert-model", "make a pickle checkpoint into safetensors", _configure_convert, _convert),
]
