"""List the installed nodes by category, or describe one: its inputs, outputs, defaults and bounds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from graph_engine.cli.environment import Environment
from graph_engine.cli.exit_status import ExitStatus
from graph_engine.cli.parser import CommandParser
from graph_engine.cli.tables import columns
from graph_engine.errors import GraphEngineError, PluginBroken, did_you_mean
from graph_engine.node import Input, NodeSpec
from graph_engine.plugins import Registry
from graph_engine.sockets import Slider, json_schema, type_name

__all__ = ["configure", "describe", "execute"]


def configure(parser: CommandParser, arguments: Sequence[str]) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="the node to describe, such as core.denoise")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace, environment: Environment) -> int:
    registry = environment.registry
    specs = [_find(registry, options.id)] if options.id else list(registry.nodes.values())
    if options.json:
        data = [describe(spec) for spec in specs]
        environment.write(json.dumps(data[0] if options.id else data, indent=2, ensure_ascii=False))
    else:
        for line in _page(specs[0]) if options.id else _list(specs):
            environment.write(line)
    return ExitStatus.OK


def _find(registry: Registry, node_id: str) -> NodeSpec:
    if node_id in registry.nodes:
        return registry.nodes[node_id]
    broken = registry.broken_pack(node_id)
    if broken:
        raise PluginBroken(str(broken))
    hint = did_you_mean(node_id, registry.nodes)
    raise GraphEngineError(f"no node '{node_id}'.{hint} `graph-engine nodes` lists what there is")


def _list(specs: Sequence[NodeSpec]) -> Iterator[str]:
    categories: dict[str, list[NodeSpec]] = {}
    for spec in specs:
        categories.setdefault(spec.category, []).append(spec)
    rows = {spec.id: [spec.id, _summary(spec)] for spec in specs}
    lines = dict(zip(rows, columns(list(rows.values()), indent="  "), strict=True)) if rows else {}
    for category in sorted(categories):
        yield category
        for spec in sorted(categories[category], key=lambda spec: spec.id):
            yield lines[spec.id]


def _summary(spec: NodeSpec) -> str:
    return spec.doc.partition("\n")[0]


def _page(spec: NodeSpec) -> Iterator[str]:
    yield f"{spec.id}  (version {spec.version}, {spec.category})"
    yield ""
    yield from spec.doc.splitlines()
    if spec.inputs:
        yield from ["", "inputs"]
        rows = [[name, type_name(socket.type), _facts(socket)] for name, socket in spec.inputs.items()]
        yield from columns(rows, indent="  ")
    if spec.outputs:
        yield from ["", "outputs"]
        yield from columns([[output.name, type_name(output.type)] for output in spec.outputs], indent="  ")


def _facts(socket: Input) -> str:
    facts = [
        f"{_number(widget.low)} to {_number(widget.high)}" for widget in socket.widgets if isinstance(widget, Slider)
    ]
    if socket.lazy:
        facts.append("computed only when asked for")
    if socket.required:
        facts.append("required")
    elif socket.default is None:
        facts.append("optional")
    else:
        facts.append(f"default {json.dumps(_plain(socket.default), ensure_ascii=False)}")
    return ", ".join(facts)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def describe(spec: NodeSpec) -> dict[str, Any]:
    """A node as JSON data."""
    inputs = [
        {
            "name": name,
            "type": type_name(socket.type),
            "required": socket.required,
            "default": _plain(socket.default),
            "lazy": socket.lazy,
            "description": socket.description,
            "schema": json_schema(socket.type, socket.widgets),
        }
        for name, socket in spec.inputs.items()
    ]
    return {
        "id": spec.id,
        "title": spec.title,
        "category": spec.category,
        "version": spec.version,
        "doc": spec.doc,
        "inputs": inputs,
        "outputs": [{"name": output.name, "type": type_name(output.type)} for output in spec.outputs],
    }
