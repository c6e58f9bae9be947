"""A workflow's public face as JSON Schema: the one source of its form, its endpoint and its entry in the API document.

The shell makes its flags from the same declared inputs (graph_engine.workflow.InputDecl).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec

from graph_engine import Engine, SavedFiles
from graph_engine.checker import check
from graph_engine.errors import Problem, WorkflowError
from graph_engine.graph import Const, Graph, InputRef, Ref
from graph_engine.kinds import kind_of
from graph_engine.sockets import json_schema, split_optional, type_name
from graph_engine.workflow import INPUT_TYPES, InputDecl, Workflow

__all__ = ["Interface", "InterfaceOutput", "input_schema", "inputs_schema", "interface_of"]

_HINTS = {
    "file": "the id of an asset, or the name of a file beside the workflow",
    "folder": "the name of a folder beside the workflow",
}
_FILE = {
    "type": "object",
    "required": ["id", "name", "url", "bytes"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "url": {"type": "string"},
        "bytes": {"type": "integer"},
    },
}


class InterfaceOutput(msgspec.Struct, frozen=True):
    """One declared output: its socket type in words, and the JSON Schema of what a run answers with."""

    type: str
    schema: dict[str, Any]


class Interface(msgspec.Struct, frozen=True):
    """What a workflow takes and gives. inputs: the JSON Schema of the object of inputs; problems: why it cannot run
    as it is, and then the types of its outputs may be unknown (`any`)."""

    title: str
    description: str
    inputs: dict[str, Any]
    outputs: dict[str, InterfaceOutput]
    problems: list[str] = []


def interface_of(workflow: Workflow, engine: Engine) -> Interface:
    """The interface of a workflow, also of a draft that cannot run yet."""
    types, problems = _output_types(workflow, engine)
    return Interface(
        workflow.title,
        workflow.description,
        inputs_schema(workflow),
        {name: InterfaceOutput(type_name(tp), _output_schema(tp)) for name, tp in types.items()},
        [str(problem) for problem in problems],
    )


def inputs_schema(workflow: Workflow) -> dict[str, Any]:
    """The JSON Schema of the object that gives a workflow its inputs; one of a value kind can only be linked."""
    given = [decl for decl in workflow.inputs.values() if decl.item_type in INPUT_TYPES]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [decl.name for decl in given if decl.required],
        "properties": {decl.name: input_schema(decl) for decl in given},
    }


def input_schema(decl: InputDecl) -> dict[str, Any]:
    """The JSON Schema of one declared input; `x-type` is its type in the words of the file (seed, file, ...)."""
    schema = json_schema(decl.python_type({}), decl.widgets)
    if decl.choices is not None:
        choices = {"enum": list(decl.choices)}
        schema = {"type": "array", "items": choices} if decl.is_list else choices
    words = [decl.description.strip(), _HINTS.get(decl.item_type, "")]
    if any(words):
        schema["description"] = "; ".join(word for word in words if word)
    if decl.has_default:
        schema["default"] = decl.default
    return {**schema, "x-type": decl.type}


def _output_types(workflow: Workflow, engine: Engine) -> tuple[dict[str, Any], list[Problem]]:
    try:
        graph = check(workflow, engine.registry)  # not engine.graph, whose few places are for what is run
    except WorkflowError as error:
        return dict.fromkeys(workflow.outputs, Any), error.problems
    return {name: _type_of(source, graph) for name, source in graph.outputs.items()}, []


def _type_of(source: Ref | Const | InputRef, graph: Graph) -> Any:
    if isinstance(source, InputRef):
        return graph.input_types.get(source.name, Any)
    if isinstance(source, Const):
        return type(source.value)
    types: Mapping[str, Any] = graph.nodes[source.node].outputs
    tp = types.get(source.output, Any)
    return get_args(split_optional(tp)[0])[0] if source.item is not None and get_args(tp) else tp


def _output_schema(tp: Any) -> dict[str, Any]:
    """What the server answers with for a value of this type: files as links to them, other kinds by name alone."""
    inner, optional = split_optional(tp)
    if get_origin(inner) is list:
        schema: dict[str, Any] = {"type": "array", "items": _output_schema(get_args(inner)[0])}
    elif isinstance(inner, type) and issubclass(inner, SavedFiles):
        schema = {"type": "array", "items": _FILE}
    elif (kind := kind_of(inner)) is not None:
        schema = {"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind.name}}}
    else:
        schema = json_schema(inner)
    return {"anyOf": [schema, {"type": "null"}]} if optional else schema
