"""Write a new plugin package to start from: a node, a workflow, tests and a README. It installs as it is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.errors import InputError
from graph_engine.scaffold import pack_name, write_plugin

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the pack, such as film-grain")
    parser.add_argument("--in", dest="parent", default=".", metavar="DIR", help="where to write it (default: here)")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    pack = pack_name(options.name)
    if any(found.name == pack for found in environment.registry.packs):
        raise InputError(f"a pack '{pack}' is installed already; choose another name")
    folder = write_plugin(options.name, environment.path(options.parent))
    environment.write(str(folder))
    environment.complain(f"Next: cd {folder} && pip install -e '.[dev]' && pytest && graph-engine check-plugin .")
    return ExitStatus.OK
