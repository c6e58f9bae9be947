"""Draw a workflow as an SVG picture, coloured by what a run would compute when --plan is given."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cli.call import Call, add_call_flags
from graph_engine.cli.engines import add_engine_flags, checked, make_engine
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.draw import draw_svg
from graph_engine.files import atomic_write

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("-o", "--output", metavar="SVG", help="the file to write (default: stdout)")
    parser.add_argument("--plan", action="store_true", help="show on each node whether a run would compute it")
    add_engine_flags(parser)
    add_call_flags(parser, arguments)


def execute(options: argparse.Namespace, environment: Environment) -> int:
    call = Call.of(options, environment.registry, environment.cwd)
    states: dict[str, str] = {}
    if options.plan:
        engine = make_engine(options, environment, call)
        checked(engine, call.workflow)
        states = {step.node: step.state for step in engine.plan(call.workflow, call.inputs).steps}
    workflow = call.workflow.with_defaults(call.inputs)
    svg = draw_svg(workflow, environment.registry, states)
    if options.output is None:
        environment.stdout.write(svg)
        return ExitStatus.OK
    with atomic_write(environment.path(options.output)) as temporary:
        temporary.write_text(svg, encoding="utf-8")
    environment.write(options.output)
    return ExitStatus.OK
