"""Finds the command, runs it, and turns everything that can go wrong into one line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Protocol

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser, HelpWanted, UsageError
from graph_engine.errors import Cancelled, GraphEngineError, NodeFailure, NotCached, PluginBroken, did_you_mean
from graph_engine.hookspecs import Command

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "run": "run a workflow and print the files that it wrote",
    "plan": "say what a run would compute, and why",
    "check": "say everything that is wrong with workflow files",
    "draw": "draw a workflow as an SVG picture",
    "nodes": "list the installed nodes, or describe one",
    "plugins": "list the installed plugins and what is wrong with them",
    "models": "list the models, or inspect one",
    "schema": "print the JSON Schema of workflow files",
    "cache": "look after the cache: info, verify, gc, clear",
    "new-plugin": "write a new plugin package to start from",
    "check-plugin": "check a plugin package before publishing it",
}
"""The engine's own commands; each is a module of this package with `configure` and `execute`.

One with `refuse(error, arguments, environment)` is told of a wrong call, for scripts that read its output.
"""


class _Module(Protocol):
    """What a command's module offers."""

    def configure(self, parser: CommandParser, arguments: Sequence[str]) -> None:
        """Add the flags; `arguments` are there for commands whose flags depend on a file."""

    def execute(self, options: argparse.Namespace, environment: Environment) -> int:
        """Do the work and return the exit code."""


def main(arguments: Sequence[str] | None = None, environment: Environment | None = None) -> int:
    """Run `graph-engine` with these arguments (default: the process's own) and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    environment = environment or Environment()
    try:
        return _dispatch(arguments, environment)
    except HelpWanted as wanted:
        environment.stdout.write(str(wanted))
        return ExitStatus.OK
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), environment.stdout.fileno())
        return ExitStatus.OK
    except (KeyboardInterrupt, Cancelled):
        environment.complain("graph-engine: interrupted")
        return ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last stop: every error becomes one line
        return _report(error, environment, with_traceback="--traceback" in arguments)


def _dispatch(arguments: Sequence[str], environment: Environment) -> int:
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("-h", "--help"):
        raise HelpWanted(_overview(environment))
    if name == "--version":
        environment.write(f"graph-engine {version('graph-engine')}")
        return ExitStatus.OK
    parser = CommandParser(f"graph-engine {name}", "", environment)
    if name in COMMANDS:
        module: _Module = import_module("graph_engine.cli." + name.replace("-", "_"))
        parser.description = (module.__doc__ or "").strip()
        try:
            module.configure(parser, rest)
            return module.execute(parser.parse(rest), environment)
        except GraphEngineError as error:
            if hasattr(module, "refuse"):
                module.refuse(error, rest, environment)
            raise
    command = _plugin_command(name, environment)
    parser.description = command.help
    command.configure(parser)
    return command.run(parser.parse(rest))


def _plugin_command(name: str, environment: Environment) -> Command:
    registry = environment.registry
    if name in registry.commands:
        return registry.commands[name]
    hint = did_you_mean(name, [*COMMANDS, *registry.commands])
    broken = (
        f" These plugins could not be loaded: {_names(environment)}; see graph-engine plugins"
        if registry.problems
        else ""
    )
    raise UsageError(f"no command '{name}'.{hint} See: graph-engine --help{broken}")


def _names(environment: Environment) -> str:
    return ", ".join(dict.fromkeys(problem.pack for problem in environment.registry.problems))


def _overview(environment: Environment) -> str:
    brought = {name: command.help for name, command in environment.registry.commands.items()}
    lines = ["usage: graph-engine COMMAND ...", "", "Runs text-to-image workflows made of nodes.", "", "commands:"]
    lines += [f"  {name:<14}{text}" for name, text in COMMANDS.items()]
    if brought:
        lines += ["", "commands of installed plugins:"]
        lines += [f"  {name:<14}{text}" for name, text in sorted(brought.items())]
    lines += ["", "graph-engine COMMAND --help explains a command; graph-engine --version prints the version."]
    return "\n".join(lines) + "\n"


def _report(error: Exception, environment: Environment, *, with_traceback: bool) -> int:
    if with_traceback:
        environment.complain("".join(traceback.format_exception(error)).rstrip())
    status = _status_of(error)
    if isinstance(error, GraphEngineError):
        text = str(error)
    elif isinstance(error, OSError):
        text = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    else:
        advice = "" if with_traceback else "; add --traceback to see where, and report it"
        text = f"internal error: {type(error).__name__}: {error}{advice}"
    environment.complain(f"graph-engine: {text}" if "\n" not in text and not _has_place(error) else text)
    return status


def _has_place(error: Exception) -> bool:
    return any(problem.file for problem in getattr(error, "problems", ()))


def _status_of(error: Exception) -> ExitStatus:
    match error:
        case PluginBroken():
            return ExitStatus.PLUGIN_BROKEN
        case NotCached():
            return ExitStatus.NOT_CACHED
        case NodeFailure():
            return ExitStatus.FAILED
        case GraphEngineError() | OSError():
            return ExitStatus.WRONG_CALL
        case _:
            return ExitStatus.FAILED
