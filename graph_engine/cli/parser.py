"""argparse, made to fit: errors and help are values that `main` prints, in the words of the rest of the engine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from graph_engine.cli.environment import Environment
from graph_engine.errors import GraphEngineError, did_you_mean

__all__ = ["CommandParser", "HelpWanted", "UsageError"]


class UsageError(GraphEngineError):
    """The command line itself is wrong."""


class HelpWanted(Exception):
    """`--help` was given; the text is the help screen."""


class _HelpAction(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        raise HelpWanted(parser.format_help())


class CommandParser(argparse.ArgumentParser):
    """The parser of one command. Flags cannot be abbreviated, so that a new flag never changes an old script."""

    def __init__(self, command: str, description: str, environment: Environment, epilog: str | None = None) -> None:
        width = environment.width

        def formatter(prog: str) -> argparse.HelpFormatter:
            return argparse.RawDescriptionHelpFormatter(prog, max_help_position=30, width=width)

        super().__init__(
            prog=command,
            description=description,
            epilog=epilog,
            formatter_class=formatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.environment = environment
        self.add_argument("-h", "--help", action=_HelpAction, nargs=0, help="show this help and stop")
        self.add_argument("--traceback", action="store_true", help="show the Python traceback of an error")

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The parsed arguments, flags and others in any order; UsageError names an unknown flag and the closest one."""
        namespace, unknown = self.parse_known_intermixed_args(list(arguments))
        if unknown:
            flag = unknown[0].split("=")[0]
            what = "flag" if flag.startswith("-") else "argument"
            hint = did_you_mean(flag, self._option_string_actions)
            raise UsageError(f"unknown {what} '{flag}'.{hint} See: {self.prog} --help")
        return namespace

    def takes_value(self, flag: str) -> bool | None:
        """True when `flag` is followed by a value; None when it is not known."""
        action = self._option_string_actions.get(flag)
        return None if action is None else action.nargs is None

    def error(self, message: str) -> NoReturn:
        """argparse's way to complain."""
        raise UsageError(f"{message}. See: {self.prog} --help")
