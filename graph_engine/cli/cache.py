"""Look after the cache: how full it is, whether it is sound, and making room. Removing it never loses a result."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cache import DiskCache
from graph_engine.cli.engines import add_cache_flag, cache_folder
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser

__all__ = ["configure", "execute"]

_ACTIONS = ("info", "verify", "gc", "clear")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        metavar="ACTION",
        help="info: say where it is and how full; verify: read everything and remove what is damaged; "
        "gc: remove what was not used for longest; clear: remove everything",
    )
    parser.add_argument(
        "--size", type=_size, metavar="SIZE", help="gc: how much to keep, such as 500M or 10G (default: the budget)"
    )
    add_cache_flag(parser)


def execute(options: argparse.Namespace, environment: Environment) -> int:
    cache = DiskCache(cache_folder(options, environment), environment.registry.kinds)
    match options.action:
        case "info":
            info = cache.info()
            environment.write(f"folder   {info.folder}")
            environment.write(f"results  {info.entries}")
            environment.write(f"size     {_shown(info.bytes)} of {_shown(info.budget_bytes)}")
        case "verify":
            damaged = cache.verify()
            environment.write(f"{cache.info().entries} results are sound, {len(damaged)} were damaged and are removed")
        case "gc":
            environment.write(f"removed {_shown(cache.gc(options.size))}")
        case "clear":
            size = cache.info().bytes
            cache.clear()
            environment.write(f"removed {_shown(size)}")
    return ExitStatus.OK


def _size(text: str) -> int:
    unit = _UNITS.get(text[-1:].upper(), 1)
    number = text[:-1] if text[-1:].upper() in _UNITS else text
    return int(float(number) * unit)


def _shown(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
