"""Check a plugin package before publishing it: its files, import time, hooks, docs, nodes and workflows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.conformance import check_plugin
from graph_engine.errors import InputError

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("path", metavar="PATH", help="the folder of the project, with its pyproject.toml")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    folder = environment.path(options.path)
    if not folder.is_dir():
        raise InputError(f"{options.path}: no such folder")
    findings = check_plugin(folder)
    for finding in findings:
        environment.write(str(finding))
    if findings:
        environment.complain(f"{len(findings)} finding{'' if len(findings) == 1 else 's'}")
        return ExitStatus.WRONG_CALL
    environment.write(f"{options.path}: ok, ready to publish")
    return ExitStatus.OK
