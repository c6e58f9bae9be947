"""Say everything that is wrong with workflow files, each mistake with its place and the next step. Nothing runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cli.engines import find_broken_plugin
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.context import Folders
from graph_engine.engine import Engine
from graph_engine.errors import WorkflowError
from graph_engine.workflow import read_workflow

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a workflow (.yaml, .json), or a PNG with one inside")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    engine = Engine(environment.registry, Folders())
    return max(_check(file, engine, environment) for file in options.files)


def _check(file: str, engine: Engine, environment: Environment) -> ExitStatus:
    try:
        workflow = read_workflow(environment.path(file))
    except WorkflowError as error:
        environment.complain(str(error))
        return ExitStatus.WRONG_CALL
    problems = engine.check(workflow)
    for problem in problems:
        environment.complain(str(problem))
    if not problems:
        count = len(workflow.nodes)
        environment.write(f"{file}: ok, {count} node{'' if count == 1 else 's'}")
        return ExitStatus.OK
    broken = find_broken_plugin(workflow, engine.registry)
    return ExitStatus.PLUGIN_BROKEN if broken else ExitStatus.WRONG_CALL
