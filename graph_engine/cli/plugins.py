"""List the installed plugins: where each comes from, what it brings, and what is wrong with it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.cli.tables import columns
from graph_engine.plugins import Pack, Registry

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    """No flags of its own."""


def execute(options: argparse.Namespace, environment: Environment) -> int:
    registry = environment.registry
    rows = [_row(pack, registry) for pack in registry.packs]
    for pack, line in zip(registry.packs, columns(rows) if rows else [], strict=True):
        environment.write(line)
        for problem in [problem for problem in registry.problems if problem.pack == pack.name]:
            environment.write(f"  ! {problem.message}")
            if options.traceback and problem.traceback:
                environment.write("    " + problem.traceback.rstrip().replace("\n", "\n    "))
    return ExitStatus.OK


def _row(pack: Pack, registry: Registry) -> list[str]:
    nodes = sum(spec.pack == pack.name for spec in registry.nodes.values())
    models = sum(name.startswith(f"{pack.name}/") for name in registry.models)
    brings = f"{nodes} nodes" + (f", {models} models" if models else "")
    broken = any(problem.pack == pack.name for problem in registry.problems)
    return [pack.name, f"{pack.distribution} {pack.version}".strip(), brings, "problems:" if broken else "ok"]
