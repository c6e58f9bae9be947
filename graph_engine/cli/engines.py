"""The engine that a command works with: folders from flags and environment variables, device and dtype from flags."""

from __future__ import annotations

import argparse
from pathlib import Path

from graph_engine.cli.call import Call
from graph_engine.cli.environment import Environment
from graph_engine.cli.parser import CommandParser
from graph_engine.context import Folders
from graph_engine.engine import Engine
from graph_engine.errors import PluginBroken, WorkflowError
from graph_engine.plugins import PluginProblem, Registry
from graph_engine.settings import DEVICES, DTYPES, Locations
from graph_engine.workflow import Workflow

__all__ = [
    "add_cache_flag",
    "add_engine_flags",
    "add_models_flag",
    "cache_folder",
    "checked",
    "find_broken_plugin",
    "make_engine",
    "model_folders",
]


def add_engine_flags(parser: CommandParser) -> None:
    """The flags that say where and with what to compute."""
    parser.add_argument("--out", metavar="DIR", help="folder for pictures (default: $GRAPH_ENGINE_OUTPUTS)")
    add_cache_flag(parser)
    add_models_flag(parser)
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to compute (default: auto)")
    parser.add_argument("--dtype", choices=DTYPES, default="auto", help="number format of models (default: auto)")


def add_cache_flag(parser: CommandParser) -> None:
    """The flag that says where the cache is."""
    parser.add_argument("--cache-dir", metavar="DIR", help="folder of the cache (default: $GRAPH_ENGINE_CACHE)")


def make_engine(options: argparse.Namespace, environment: Environment, call: Call) -> Engine:
    """An engine on this environment's plugins and folders; files that the call names may be read."""
    found = Locations.find(environment.variables)
    folders = Folders(
        outputs=environment.path(options.out or str(found.outputs)).absolute(),
        cache=cache_folder(options, environment),
        inputs=(environment.cwd, found.data / "inputs"),
        granted=call.files,
        model_roots=model_folders(options, environment),
    )
    return Engine(environment.registry, folders, device=options.device, dtype=options.dtype)


def add_models_flag(parser: CommandParser) -> None:
    """The flag that says where checkpoints are."""
    parser.add_argument(
        "--models",
        metavar="DIR",
        action="append",
        help="folder of checkpoints, may be given several times (default: $GRAPH_ENGINE_MODELS)",
    )


def model_folders(options: argparse.Namespace, environment: Environment) -> tuple[Path, ...]:
    """Where checkpoints are: the flags, else the environment variable, else `models` in the data folder."""
    named = options.models or [str(path) for path in Locations.find(environment.variables).models]
    return tuple(environment.path(name).absolute() for name in named)


def cache_folder(options: argparse.Namespace, environment: Environment) -> Path:
    """Where cached outputs are: the flag, else the environment variable, else the platform's folder for it."""
    return environment.path(options.cache_dir or str(Locations.find(environment.variables).cache)).absolute()


def checked(engine: Engine, workflow: Workflow) -> None:
    """Raise WorkflowError with every problem, or PluginBroken when a broken plugin is among the causes."""
    problems = engine.check(workflow)
    broken = find_broken_plugin(workflow, engine.registry) if problems else None
    if broken is not None:
        raise PluginBroken("\n".join(map(str, problems)))
    if problems:
        raise WorkflowError(problems)


def find_broken_plugin(workflow: Workflow, registry: Registry) -> PluginProblem | None:
    """The problem of the first broken plugin that the workflow names a node of."""
    parts = [workflow]
    for part in parts:  # grows while it is walked
        parts += part.subgraphs.values()
        for entry in part.nodes.values():
            broken = registry.broken_pack(entry.type) if entry.type not in registry.nodes else None
            if broken is not None:
                return broken
    return None
