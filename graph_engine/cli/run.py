"""Run a workflow and print the files that it wrote.

Each declared input of the workflow is a flag: `graph-engine run FILE --help` lists them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graph_engine.cli.call import Call, add_call_flags
from graph_engine.cli.engines import add_engine_flags, checked, make_engine
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.interrupt import cancel_on_interrupt
from graph_engine.cli.parser import CommandParser
from graph_engine.cli.progress import follow
from graph_engine.errors import GraphEngineError
from graph_engine.kinds import SavedFiles, kind_of
from graph_engine.result import NodeState, Result

__all__ = ["configure", "execute", "refuse"]

_EXIT = {"ok": ExitStatus.OK, "failed": ExitStatus.FAILED, "cancelled": ExitStatus.INTERRUPTED}


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument(
        "--target", action="append", default=[], metavar="NODE", help="run only this node and what it needs"
    )
    parser.add_argument("--no-cache", action="store_true", help="compute everything anew and store nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but results and errors")
    add_engine_flags(parser)
    add_call_flags(parser, arguments)


def execute(options: argparse.Namespace, environment: Environment) -> int:
    result = _run(options, environment)
    if options.json:
        environment.write(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        for line in _lines(result.outputs):
            environment.write(line)
    _report(result, options, environment)
    return _EXIT[result.status]


def _run(options: argparse.Namespace, environment: Environment) -> Result:
    call = Call.of(options, environment.registry, environment.cwd)
    engine = make_engine(options, environment, call)
    checked(engine, call.workflow)
    quiet = options.quiet or options.json
    with cancel_on_interrupt(environment) as cancel, follow(environment, quiet=quiet) as on_event:
        return engine.run(
            call.workflow,
            call.inputs,
            targets=options.target,
            on_event=on_event,
            cancel=cancel,
            use_cache=not options.no_cache,
        )


def refuse(error: GraphEngineError, arguments: Sequence[str], environment: Environment) -> None:
    """Under --json a call that was wrong prints its object too: nothing ran."""
    if "--json" not in arguments:
        return
    problem = next(iter(getattr(error, "problems", ())), None)
    where = ":".join(str(part) for part in (problem.file, problem.line) if part) if problem else None
    report = {"node": None, "type": type(error).__name__, "message": str(error), "where": where or None}
    data = {"status": "failed", "nodes": {}, "outputs": {}, "error": report}
    environment.write(json.dumps(data, ensure_ascii=False))


def _lines(outputs: Mapping[str, Any]) -> Iterator[str]:
    """Files alone, one a line, so that a script can read them; other values with their name."""
    for name, value in outputs.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, SavedFiles):
                yield from item.paths
            else:
                found = kind_of(item)
                yield f"{name}: <{found.name}>" if found else f"{name}: {item}"


def _report(result: Result, options: argparse.Namespace, environment: Environment) -> None:
    if result.error is not None:
        place = f"{result.error.where}: " if result.error.where else ""
        error = f"{result.error.type}: {result.error.message}"
        environment.complain(f"{place}node '{result.error.node}' failed: {error}")
        if options.traceback:
            environment.complain(result.error.traceback.rstrip())
    elif result.status == "cancelled":
        environment.complain("interrupted; finished nodes are cached")
    if not options.quiet and not options.json:
        environment.complain(_summary(result))


def _summary(result: Result) -> str:
    counts = Counter(report.state for report in result.nodes.values())
    words: dict[NodeState, str] = {
        "ran": "ran",
        "memory": "from memory",
        "disk": "from the disk cache",
        "failed": "failed",
    }
    parts = [f"{count} {text}" for state, text in words.items() if (count := counts.get(state))]
    return f"{', '.join(parts) or 'nothing ran'} in {result.seconds:.1f} s"
