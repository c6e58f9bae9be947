"""Print the JSON Schema of workflow files with the nodes installed here, for editors and other tools."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    """No flags of its own."""


def execute(options: argparse.Namespace, environment: Environment) -> int:
    from graph_engine.schema import workflow_schema

    environment.write(json.dumps(workflow_schema(environment.registry), indent=2, ensure_ascii=False))
    return ExitStatus.OK
