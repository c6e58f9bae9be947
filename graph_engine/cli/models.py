"""List the named models that plugins bring; a workflow names one where it loads a model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.cli.tables import columns

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, with the folder of each model")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    models = sorted(environment.registry.models.items())
    if options.json:
        data = [
            {"name": name, "description": source.description, "folder": str(source.folder)} for name, source in models
        ]
        environment.write(json.dumps(data, indent=2, ensure_ascii=False))
    elif models:
        for line in columns([[name, source.description] for name, source in models]):
            environment.write(line)
    else:
        environment.complain("No plugin brings a model; the package graph-engine-shapes brings small ones")
    return ExitStatus.OK
