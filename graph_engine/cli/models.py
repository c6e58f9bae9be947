"""List the models, or say what one of them is: those that plugins bring, and those in the model folders.

`graph-engine models inspect NAME` reads configs and headers alone, never a weight. NAME is a name of the list, a path
below a model folder, or any path.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from graph_engine.cli.engines import add_models_flag, model_folders
from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser, UsageError
from graph_engine.cli.tables import columns
from graph_engine.context import Folders
from graph_engine.hookspecs import ModelFacts
from graph_engine.models import FoundModel, describe_model, find_models, locate_model
from graph_engine.settings import Locations

__all__ = ["configure", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("action", nargs="?", choices=["list", "inspect"], default="list", help="what to do")
    parser.add_argument("name", nargs="?", help="of inspect: a model's name, or a path")
    add_models_flag(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    if (options.action == "inspect") != (options.name is not None):
        raise UsageError("wants: graph-engine models [list], or: graph-engine models inspect NAME")
    named = {name: source.folder for name, source in environment.registry.models.items()}
    folders = Folders(models=named, model_roots=model_folders(options, environment))
    if options.action == "inspect":
        return _inspect(options, environment, folders)
    found = find_models(environment.registry, folders)
    for root in folders.model_roots:
        if not root.is_dir() and root != Locations.find(environment.variables).data / "models":
            environment.complain(f"the model folder {root} is not there; make it, or name another one with --models")
    if options.json:
        environment.write(json.dumps([_listed(model) for model in found], indent=2, ensure_ascii=False))
    elif found:
        for line in columns([_row(model) for model in found]):
            environment.write(line)
    else:
        roots = ", ".join(str(root) for root in folders.model_roots)
        environment.complain(
            f"No plugin brings a model, and none lies in {roots}; the package graph-engine-shapes brings small ones"
        )
    return ExitStatus.OK


def _inspect(options: argparse.Namespace, environment: Environment, folders: Folders) -> int:
    path = locate_model(environment.registry, folders, options.name, environment.cwd)
    facts = describe_model(environment.registry.model_readers, options.name, path)
    if options.json:
        environment.write(json.dumps(_data(facts), indent=2, ensure_ascii=False))
        return ExitStatus.OK
    for line in _lines(facts):
        environment.write(line)
    return ExitStatus.OK


def _data(facts: ModelFacts) -> dict[str, Any]:
    return {**asdict(facts), "bytes": facts.bytes}


def _lines(facts: ModelFacts) -> Iterator[str]:
    yield f"{facts.name}  {facts.family}  {_size(facts.bytes)}"
    if facts.description:
        yield facts.description
    head = ["part", "kind", "class", "space", "text space", "dtype", "parameters", "size"]
    rows = [
        [part.name, part.kind, part.class_name, part.space, part.text_space, part.dtype, _count(part.parameters),
         _size(part.bytes)]
        for part in facts.parts
    ]  # fmt: skip
    yield from columns([head, *rows])


def _listed(model: FoundModel) -> dict[str, Any]:
    facts = model.facts
    return {
        "name": model.name,
        "description": model.description,
        "folder": str(model.path),
        "family": facts.family if facts else "",
        "bytes": facts.bytes if facts else 0,
        "parts": [part.name for part in facts.parts] if facts else [],
        "problem": model.problem,
    }


def _row(model: FoundModel) -> list[str]:
    if model.facts is None:
        return [model.name, "?", "", "", f"cannot be read: {model.problem}"]
    parts = ", ".join(part.name for part in model.facts.parts)
    return [model.name, model.facts.family, _size(model.facts.bytes), parts, model.description]


def _size(count: int) -> str:
    value, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"


def _count(parameters: int) -> str:
    for limit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if parameters >= limit:
            return f"{parameters / limit:.3g}{letter}"
    return str(parameters)
