"""Say what a run would compute, and why; nothing runs."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from graph_engine.cli.call import Call, add_call_flags
from graph_engine.cli.engines import add_engine_flags, checked, make_engine
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.cli.tables import columns

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "--target", action="append", default=[], metavar="NODE", help="plan only this node and what it needs"
    )
    parser.add_argument("--require-cached", action="store_true", help="exit with 3 when anything would run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_engine_flags(parser)
    add_call_flags(parser, arguments)


def execute(options: argparse.Namespace, environment: Environment) -> int:
    call = Call.of(options, environment.registry, environment.cwd)
    engine = make_engine(options, environment, call)
    checked(engine, call.workflow)
    steps = engine.plan(call.workflow, call.inputs, targets=options.target).steps
    if options.json:
        environment.write(json.dumps({"steps": [asdict(step) for step in steps]}, indent=2, ensure_ascii=False))
    else:
        for line in columns([[step.node, step.state, step.reason] for step in steps]) if steps else []:
            environment.write(line)
        counts = Counter(step.state for step in steps)
        environment.write(", ".join(f"{count} {state}" for state, count in counts.items()) or "no nodes")
    if options.require_cached and any(step.state == "run" for step in steps):
        return ExitStatus.NOT_CACHED
    return ExitStatus.OK
