"""The API under data made from its own description: it never answers 500, and never what it does not describe.

Each operation gets data that fits its schema and data that does not, on names that do not exist and on ones that do.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any

import PIL.Image
import pytest
import requests
import schemathesis
from graph_web.app import ROUTES, make_app
from graph_web.settings import Limits, Settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from graph_engine.reader import read_yaml
from graph_engine.workflow import parse_workflow
from graph_engine.writer import to_data

from .serving import TOKEN, Site, site

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NOTE = """\
format: 1
title: a note
inputs:
  text: {type: text, default: hello}
  loud: {type: bool, default: false}
  size: {type: int, default: 1, min: 0, max: 9}
  mood: {type: choice, choices: [good, bad], default: good}
nodes:
  save: {node: core.save_text, with: {name: note}, from: {text: inputs.text}}
outputs: {file: save}
"""
WAITS = 0.2
RUN_NOTE = ("POST", "/api/v1/workflows/note/run")


def last_the_destructive(operation: tuple[str, str]) -> int:
    method, path = operation
    return (method == "DELETE") * 2 + path.endswith(("/rename", "/restore"))


OPERATIONS = sorted([*((route.method, route.path) for route in ROUTES), RUN_NOTE], key=last_the_destructive)


class Fuzzed:
    """A server with one of each thing in it, and its description."""

    def __init__(self, server: Site) -> None:
        self.site = server
        self.known = self._one_of_each()
        self.schema = schemathesis.openapi.from_dict(self.get("/api/v1/openapi.json"))

    def get(self, path: str) -> Any:
        return self.site.ask("GET", path).data

    def _one_of_each(self) -> dict[str, dict[str, str]]:
        """By the beginning of a path: the parameters that name something there."""
        for text in (NOTE.replace("a note", "an earlier note"), NOTE):
            saved = self.site.ask("PUT", "/api/v1/workflows/note", {"If-Match": self._etag()}, {"text": text})
            assert saved.status < 300, saved.body
        run = self.site.ask("POST", "/api/v1/workflows/note/run", {}, {"wait": 60})
        assert (run.status, run.data["state"]) == (200, "ok"), run.body
        revision = self.get("/api/v1/workflows/note/revisions")["revisions"][0]["id"]
        return {
            "/api/v1/runs": {"id": run.data["id"]},
            "/api/v1/outputs": {"id": run.data["outputs"]["file"][0]["id"]},
            "/api/v1/assets": {"id": self._upload()},
            "/api/v1/workflows": {"name": "note", "revision": revision},
            "/api/v1/nodes": {"id": "core.plain_image"},
        }

    def _etag(self) -> str | None:
        found = self.site.ask("GET", "/api/v1/workflows/note")
        return found.headers["ETag"] if found.status == 200 else None

    def _upload(self) -> str:
        picture = io.BytesIO()
        PIL.Image.new("RGB", (9, 9), "green").save(picture, "PNG")
        answer = requests.post(
            f"{self.site.origin}/api/v1/assets",
            files={"file": ("a.png", picture.getvalue(), "image/png")},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def parameters(self, path: str) -> dict[str, str]:
        """What names something that exists, for the parameters of a path."""
        for start, found in self.known.items():
            if path.startswith(start):
                return {name: value for name, value in found.items() if f"{{{name}}}" in path}
        return {}

    def cases(self, method: str, path: str) -> st.SearchStrategy[Any]:
        operation = self.schema[path][method]
        known = self.parameters(path)
        ways = [{}, {"path_parameters": known}] if known else [{}]
        modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
        if not operation.body and not operation.query and not operation.headers and not operation.path_parameters:
            modes = modes[:1]
        return st.one_of([operation.as_strategy(mode, **way) for mode in modes for way in ways])

    def send(self, case: Any) -> None:
        """Send a case and hold the answer against the description; of an endless answer, only its beginning."""
        if isinstance(case.body, dict) and isinstance(case.body.get("wait"), int | float):
            case.body["wait"] = min(case.body["wait"], WAITS)
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {TOKEN}"}
        sent = case.as_transport_kwargs(base_url=self.site.origin)
        with requests.request(**sent, stream=True, timeout=30) as answer:
            if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                assert answer.status_code == 200
                return
            answer.content  # noqa: B018 - read to the end
            case.validate_response(Response.from_requests(answer, verify=False), checks=CHECKS)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Iterator[Fuzzed]:
    base = tmp_path_factory.mktemp("fuzz")
    found = Settings(
        *(base / name for name in ("data", "cache", "outputs")),
        token=TOKEN,
        device="cpu",
        worker="thread",
        packs=(("core", "graph_nodes"),),
        limits=Limits(document_bytes=200_000, upload_bytes=200_000, queued_runs=50),
    )
    with site(make_app(found)) as server:
        yield Fuzzed(server)


@pytest.fixture(autouse=True)
def _nothing_in_the_log(caplog) -> Iterator[None]:
    """No request of this module may be worth an error in the server's log."""
    caplog.set_level(logging.ERROR)
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda item: item)
def test_an_operation_never_fails_and_answers_only_what_it_describes(fuzzed, method, path):
    @given(case=fuzzed.cases(method, path))
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(case: Any) -> None:
        fuzzed.send(case)

    fuzz()


def test_the_document_and_the_interface_of_a_workflow_agree(fuzzed):
    assert fuzzed.site.ask("PUT", "/api/v1/workflows/agreed", {"If-Match": None}, {"text": NOTE}).status == 201
    operation = fuzzed.get("/api/v1/openapi.json")["paths"]["/api/v1/workflows/agreed/run"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["inputs"] == fuzzed.get("/api/v1/workflows/agreed/interface")["inputs"]


# What generators seldom make ----------------------------------------------------------------------------------------

NUMBERS = ["NaN", "Infinity", "1e999", "-0", "9" * 40, "9" * 5000, "1e-400"]
TEXTS = [
    r'"\ud800"',
    r'"\udfff\ud800"',
    r'"\u0000"',
    r'"\u202e"',
    '"' + "\U0001f3a8" * 1000 + '"',
    f'"{"x" * 100_000}"',
]
NESTED = ["[" * 100_000 + "]" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 63 + "]" * 63]
BROKEN = ["", " ", "{", "nul", "'a'", '{"a": 1, "a": 2}', '{"a": 1,}', "\ufeff{}", "[]", '""', "1", "null", "true"]
VALUES = [*NUMBERS, *TEXTS, *NESTED, *BROKEN[5:]]


def bodies(route) -> Iterator[str]:
    """Whole bodies that are strange, and bodies with something strange in each field."""
    yield from [*VALUES, *BROKEN]
    for field in route.body.__struct_fields__:
        for value in VALUES:
            yield f'{{"{field}": {value or "1"}}}'


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=lambda route: route.name)
def test_strange_json_is_refused_and_never_a_defect(fuzzed, route):
    path = route.path
    for name, value in {"name": "other", "id": "other", "revision": "other", **fuzzed.parameters(path)}.items():
        path = path.replace(f"{{{name}}}", value)
    for body in bodies(route):
        answer = fuzzed.site.ask(route.method, path, {"Content-Type": "application/json"}, body.encode())
        assert answer.status < 500, (body[:80], answer.body)
        if answer.status >= 400:
            assert answer.error["message"]


DOCUMENT = to_data(parse_workflow(read_yaml(NOTE, "note")))
ODD = [
    *(None, True, 0, -1, 1e300, 10**30, [], {}, [[]], {"": {}}),
    *("", "\x00", "\U0001f3a8", "a.b", "inputs.text[*]", "core.plain_image", "x" * 300),
]
DOORS = [("POST", "/api/v1/check"), ("POST", "/api/v1/plan"), ("PUT", "/api/v1/workflows/odd")]


def places(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, below in item.items() if isinstance(item, dict) else ():
        yield from places(below, (*path, key))


def changed(item: Any, path: tuple[Any, ...], value: Any) -> Any:
    return value if not path else {**item, path[0]: changed(item[path[0]], path[1:], value)}


@pytest.mark.parametrize("path", list(places(DOCUMENT))[1:], ids=".".join)
def test_a_document_with_something_odd_in_one_place_is_never_a_defect(fuzzed, path):
    for value in ODD:
        for document in (changed(DOCUMENT, path, value), changed(DOCUMENT, path[:-1], {str(value)[:90]: value})):
            for method, address in DOORS:
                headers = {"If-Match": "*"} if method == "PUT" else {}
                answer = fuzzed.site.ask(method, address, headers, {"document": document})
                assert answer.status < 500, (value, answer.body)


INPUTS = ["text", "loud", "size", "mood", "nothing", "", "\x00", "a.b", "__class__"]


@pytest.mark.parametrize("name", INPUTS)
def test_strange_values_of_inputs_are_refused_and_never_a_defect(fuzzed, name):
    for value in VALUES:
        key = name.encode("unicode_escape").decode().replace("\\x", "\\u00")
        body = f'{{"inputs": {{"{key}": {value or "1"}}}}}'
        answer = fuzzed.site.ask("POST", RUN_NOTE[1], {"Content-Type": "application/json"}, body.encode())
        assert answer.status < 500, (body[:80], answer.body)


QUERIES = [
    *("&&&", "=", "%00=1", "text=%", "x" * 7000 + "=1", "text=" + "a" * 7000),
    *("limit=-1", "limit=1e9", "limit=" + "9" * 5000, "limit=", "limit=1&limit=2", "limit=%00", "size=0", "size=-1"),
    *("after=%ff", "after=%00", "after=-9223372036854775809", "before=%F0%9F%8E%A8", "before=9007199254740992"),
    *("state=%00", "state=ok,,nothing", "category=%00", "workflow=%00", "run=%00", "run=%ED%A0%80"),
]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.name)
def test_strange_queries_are_refused_and_never_a_defect(fuzzed, route):
    path = route.path
    for name, value in {"id": "other", **fuzzed.parameters(path)}.items():
        path = path.replace(f"{{{name}}}", value)
    for query in QUERIES:
        address = f"{fuzzed.site.origin}{path}?{query}"
        with requests.get(address, headers={"Authorization": f"Bearer {TOKEN}"}, stream=True, timeout=30) as answer:
            assert answer.status_code < 500, (query[:80], answer.text)


HEADERS = ["", "*", '"', 'W/"', '"a", "b"', "a" * 7000, "\u00e9", "1, 2", "-1", "9" * 40, '"' * 100, ",", ";"]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.headers], ids=lambda route: route.name)
def test_strange_headers_are_refused_and_never_a_defect(fuzzed, route):
    path = route.path
    for name, value in {"name": "other", "id": "other", "revision": "other"}.items():
        path = path.replace(f"{{{name}}}", value)
    for name in route.headers:
        for value in HEADERS:
            with contextlib.suppress(requests.exceptions.InvalidHeader):
                sent = {"Authorization": f"Bearer {TOKEN}", name: value.encode()}
                body = {"text": NOTE, "name": "other"} if route.body is not None else None
                address = f"{fuzzed.site.origin}{path}"
                with requests.request(
                    route.method, address, headers=sent, json=body, stream=True, timeout=30
                ) as answer:
                    assert answer.status_code < 500, (name, value[:80], answer.text)
