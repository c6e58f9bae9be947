"""The JSON Schema of workflow files, with the installed nodes in it: for editors of text and for other programs."""

from __future__ import annotations

from typing import Any

from graph_engine.node import Input, NodeSpec
from graph_engine.plugins import Registry
from graph_engine.sockets import json_schema, only_by_link
from graph_engine.workflow import FORMAT, INPUT_TYPES, MODES

__all__ = ["workflow_schema"]

_NAME = "^[A-Za-z_][A-Za-z0-9_-]{0,79}$"
_LINK = r"^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)?(\[\*\])?$"


def workflow_schema(registry: Registry) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a workflow document, given what the plugins brought."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "graph-engine workflow",
        "$ref": "#/$defs/workflow",
        "required": ["format", "nodes"],
        "$defs": {
            "link": {"type": "string", "pattern": _LINK},
            "workflow": _workflow(),
            "input": _declared_input(registry),
            "node": _node(registry),
        },
    }


def _named(item: str) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": {"$ref": f"#/$defs/{item}"},
    }


def _workflow() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "inputs": _named("input"),
            "nodes": _named("node"),
            "outputs": _named("link"),
            "subgraphs": _named("workflow"),
            "ui": {"type": "object"},
        },
    }


def _declared_input(registry: Registry) -> dict[str, Any]:
    types = [*INPUT_TYPES, *registry.kinds]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "type": {"enum": [*types, *(f"list[{name}]" for name in types)]},
            "default": {},
            "min": {"type": "number"},
            "max": {"type": "number"},
            "choices": {"type": "array", "items": {"type": "string"}},
            "description": {"type": "string"},
        },
    }


def _node(registry: Registry) -> dict[str, Any]:
    rules = [_rule(spec) for spec in registry.nodes.values()]
    return {
        "type": "object",
        "required": ["node"],
        "additionalProperties": False,
        "properties": {
            "node": {"type": "string"},
            "version": {"type": "integer", "minimum": 1},
            "title": {"type": "string"},
            "mode": {"enum": [*MODES]},
            "with": {"type": "object"},
            "from": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{"$ref": "#/$defs/link"}, {"type": "array", "items": {"$ref": "#/$defs/link"}}]
                },
            },
        },
        "allOf": rules,
    }


def _rule(spec: NodeSpec) -> dict[str, Any]:
    """Values and links of one node type; older versions are upgraded on load, so only the current one is held to it."""
    values = {name: _value(socket) for name, socket in spec.inputs.items() if _has_value(socket)}
    links = {"properties": dict.fromkeys(spec.inputs, True), "additionalProperties": False}
    current = {"properties": {"node": {"const": spec.id}, "version": {"const": spec.version}}}
    then = {
        "properties": {
            "with": {"properties": values, "additionalProperties": False},
            "from": links,
        }
    }
    return {"if": current, "then": then}


def _has_value(socket: Input) -> bool:
    return not only_by_link(socket.type)


def _value(socket: Input) -> dict[str, Any]:
    schema = json_schema(socket.type, socket.widgets)
    return {**schema, "description": socket.description} if socket.description else schema
