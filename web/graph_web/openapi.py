"""The API as an OpenAPI 3.1 document, made of the routes' own types: what is not in a signature is not in here.

Each saved workflow is an operation of its own, with its declared inputs and outputs as types.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, get_origin, get_type_hints
from urllib.parse import quote

import msgspec
from aiohttp import web

from graph_engine import Engine
from graph_engine.errors import GraphEngineError
from graph_engine.workflow import INPUT_TYPES, Workflow
from graph_web.errors import Failure, FailureReport
from graph_web.interface import inputs_schema, interface_of
from graph_web.library import Library
from graph_web.routing import Reply, Route
from graph_web.signin import COOKIE

__all__ = ["document"]

_Schema = dict[str, Any]
_REF = "#/components/schemas/{name}"
_JSON = "application/json"
_RUN = "/api/v1/workflows/{name}/run"
_OPEN = "/healthz"
_ABOUT = """\
Runs text-to-image workflows: a durable queue, live events, saved workflows, pictures.

Every operation but /healthz wants the token, as `Authorization: Bearer TOKEN` or as the cookie that the printed link
sets. Refusals of every kind have one shape: a type, a sentence with the next step, and, where there are several
mistakes, the place of each.
"""
_SECURITY: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


def document(routes: Iterable[Route], library: Library, engine: Engine | None = None) -> dict[str, Any]:
    """The OpenAPI document of these routes and of the workflows in a library.

    engine: knows the types of the workflows' outputs; without it only their names are told.
    """
    routes = list(routes)
    types = _Types(routes)
    paths: dict[str, _Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, types)
        if (route.method, route.path) == ("POST", _RUN):
            paths |= _workflow_paths(route, types, library, engine)
    return {
        "openapi": "3.1.0",
        "info": {"title": "graph-engine", "version": version("graph-engine"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "security": [{name: []} for name in _SECURITY],
        "paths": paths,
        "components": {
            "schemas": types.components,
            "responses": _refusals(paths),
            "securitySchemes": dict(_SECURITY),
        },
    }


# Types --------------------------------------------------------------------------------------------------------------


class _Types:
    """The schemas of what the routes read and give, each named type described once, under `components`."""

    def __init__(self, routes: Iterable[Route]) -> None:
        told: list[Any] = [FailureReport]
        told += [tp for route in routes for tp in (route.body, route.answer) if _is_data(tp)]
        schemas, components = msgspec.json.schema_components(told, ref_template=_REF)
        self._schemas: dict[Any, _Schema] = dict(zip(told, schemas, strict=True))
        self.components: dict[str, _Schema] = {name: _tidy(schema) for name, schema in components.items()}
        error = {"error": self.of(FailureReport)}
        self.components["Failure"] = {"type": "object", "properties": error, "required": ["error"]}

    def of(self, tp: Any) -> _Schema:
        """The schema of a type: for a named one, a reference."""
        return self._schemas[tp]

    def whole(self, tp: Any) -> _Schema:
        """The schema of a type, with its properties."""
        schema = self.of(tp)
        return self.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _is_data(tp: Any) -> bool:
    return tp is not None and not (isinstance(tp, type) and issubclass(tp, web.StreamResponse))


def _tidy(schema: _Schema) -> _Schema:
    """Docstrings without their indentation, and no list of required fields that is empty."""
    if "description" in schema:
        schema = {**schema, "description": inspect.cleandoc(schema["description"])}
    return {key: value for key, value in schema.items() if (key, value) != ("required", [])}


# Operations ---------------------------------------------------------------------------------------------------------


def _operation(route: Route, types: _Types) -> _Schema:
    operation: _Schema = {
        "operationId": route.name,
        "summary": re.split(r"(?<=[a-z)])[.:](?:\s|$)", route.doc, maxsplit=1)[0].replace("\n", " "),
        "description": route.doc,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {**_successes(route, types), **_failures(route)},
    }
    content = _accepted(route, types)
    if content:
        needed = route.body is None or "required" in types.whole(route.body)
        operation["requestBody"] = {"required": needed, "content": content}
    return operation | ({"security": []} if route.path == _OPEN else {})


def _path_parameters(route: Route) -> Iterator[_Schema]:
    for name, tp in route.parameters.items():
        yield {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(tp)}


def _query_parameters(route: Route) -> Iterator[_Schema]:
    if route.query is None:
        return
    (reference,), components = msgspec.json.schema_components((route.query,), ref_template=_REF)
    found = components[reference["$ref"].rpartition("/")[2]]
    for name, schema in found["properties"].items():
        yield {"name": name, "in": "query", "required": name in found["required"], "schema": schema}


def _header_parameters(route: Route) -> Iterator[_Schema]:
    for name in route.headers:
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _accepted(route: Route, types: _Types) -> _Schema:
    """What the body may be, by content type; empty for an operation that reads none."""
    if route.body is None and route.accepts == _JSON:
        return {}
    return {accepted: {"schema": _body(route, accepted, types)} for accepted in _listed(route.accepts)}


def _body(route: Route, accepted: str, types: _Types) -> _Schema:
    if accepted == "multipart/form-data":
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        return {"type": "object", "properties": {"file": file}, "required": ["file"]}
    if accepted == _JSON:
        return types.of(route.body) if route.body is not None else {}
    return {"type": "string"}


def _listed(content_types: str) -> list[str]:
    return [part.strip() for part in content_types.split(",") if part.strip()]


# Answers ------------------------------------------------------------------------------------------------------------


def _successes(route: Route, types: _Types) -> dict[str, _Schema]:
    if not route.gives:
        return {"101": {"description": "The connection becomes a WebSocket."}}
    if route.answer is None:
        status = 204 if route.status == 200 else route.status
        return {str(status): {"description": HTTPStatus(status).phrase}}
    schema = types.of(route.answer) if _is_data(route.answer) else _unread(route.gives)
    content = {gives: {"schema": schema} for gives in _listed(route.gives)}
    found = {str(route.status): {"description": HTTPStatus(route.status).phrase, "content": content}}
    if get_origin(get_type_hints(route.handler).get("return")) is Reply:
        found["2XX"] = {"description": "The same, as the description says.", "content": content}
    if "If-None-Match" in route.headers:
        found["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    return found


def _unread(gives: str) -> _Schema:
    return {"type": "string"} if gives.startswith("text/") else {}


def _failures(route: Route) -> dict[str, _Schema]:
    """Every refusal that the operation knows, beside those that all have."""
    statuses = {421, 403, *route.errors} | (set() if route.path == _OPEN else {401})
    if route.parameters or route.query or route.body or not route.gives:
        statuses.add(400)
    if route.body or route.accepts != _JSON:
        statuses |= {400, 413, 415, 422}
    return {str(one): {"$ref": f"#/components/responses/{one}"} for one in sorted(statuses)}


def _refusals(paths: Mapping[str, _Schema]) -> dict[str, _Schema]:
    """The refusals that operations refer to, by status."""
    told = {status for path in paths.values() for operation in path.values() for status in operation["responses"]}
    content = {_JSON: {"schema": {"$ref": _REF.format(name="Failure")}}}
    statuses = sorted(HTTPStatus(int(status)) for status in told if status.isdigit() and int(status) >= 400)
    return {str(status.value): {"description": status.phrase, "content": content} for status in statuses}


# Saved workflows ----------------------------------------------------------------------------------------------------


def _workflow_paths(
    generic: Route, types: _Types, library: Library, engine: Engine | None
) -> Iterator[tuple[str, _Schema]]:
    """One typed operation for each saved workflow; what cannot be read as one has none."""
    taken: set[str] = set()
    for saved in library.list():
        workflow = _loaded(library, saved.name) if not saved.problem else None
        if workflow is None:
            continue
        name = _free_name(f"{generic.name}_{re.sub('[^A-Za-z0-9]+', '_', saved.name).strip('_')}", taken)
        operation = _workflow_operation(generic, types, workflow, engine)
        yield _RUN.format(name=quote(saved.name)), {"post": operation | {"operationId": name, "x-workflow": saved.name}}


def _loaded(library: Library, name: str) -> Workflow | None:
    try:
        return library.load(name)[0]
    except (Failure, GraphEngineError):  # changed or deleted since it was listed
        return None


def _free_name(name: str, taken: set[str]) -> str:
    number = 1
    while (free := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    taken.add(free)
    return free


def _workflow_operation(generic: Route, types: _Types, workflow: Workflow, engine: Engine | None) -> _Schema:
    """The general call of a saved workflow, with what this one's inputs and outputs are."""
    inputs, general = inputs_schema(workflow), _operation(generic, types)
    body = types.whole(generic.body)
    needed = ["inputs"] if inputs["required"] else []
    body = _tidy({**body, "properties": {**body["properties"], "inputs": inputs}, "required": needed})
    outputs = {"type": "object", "properties": _output_schemas(workflow, engine)}
    answer = {"allOf": [types.of(generic.answer), {"type": "object", "properties": {"outputs": outputs}}]}
    responses = {
        status: {**response, "content": {_JSON: {"schema": answer}}} if status.startswith("2") else response
        for status, response in general["responses"].items()
    }
    linked = [name for name, decl in workflow.inputs.items() if decl.required and decl.item_type not in INPUT_TYPES]
    advice = f"\n\nOnly a link can give {', '.join(linked)}: use it inside another workflow." if linked else ""
    return {
        **general,
        "summary": workflow.title or general["summary"],
        "description": (workflow.description.strip() or general["description"]) + advice,
        "parameters": [],
        "requestBody": {"required": bool(needed), "content": {_JSON: {"schema": body}}},
        "responses": responses,
    }


def _output_schemas(workflow: Workflow, engine: Engine | None) -> dict[str, _Schema]:
    if engine is None:
        return {name: {} for name in workflow.outputs}
    return {name: output.schema for name, output in interface_of(workflow, engine).outputs.items()}
