"""Saved workflows over HTTP: two people who edit the same one, drafts, revisions, and the declared interface."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace

import jsonschema
import pytest

from .things import running

FLOW = "format: 1\ntitle: {title}\nnodes:\n  n: {{node: fault.number}}\noutputs: {{number: n}}\n"
DOCUMENT = '{"format": 1, "nodes": {"n": {"node": "fault.number"}}, "outputs": {"number": "n"}}'
URL = "/api/v1/workflows/one"


@pytest.fixture
def server(settings):
    with running(settings) as found:
        yield found


def flow(title: str) -> str:
    return FLOW.format(title=title)


def test_a_workflow_is_made_read_changed_and_deleted(server):
    made = server.ask("PUT", URL, {"text": flow("One")})
    assert (made.status, made.headers["Location"], made.data["problems"]) == (201, URL, [])
    read = server.ask("GET", URL)
    assert (read.data["text"], read.data["document"]["title"]) == (flow("One"), "One")
    assert read.headers["ETag"] == made.headers["ETag"] == read.data["etag"]
    assert server.ask("GET", URL, If_None_Match=read.data["etag"]).status == 304
    assert [item["title"] for item in server.ask("GET", "/api/v1/workflows").data["workflows"]] == ["One"]
    changed = server.ask("PUT", URL, {"text": flow("Two")}, If_Match=read.data["etag"])
    assert (changed.status, changed.data["title"]) == (200, "Two")
    assert server.ask("DELETE", URL, If_Match=read.data["etag"]).status == 412
    assert server.ask("DELETE", URL, If_Match=changed.data["etag"]).status == 204
    assert server.ask("GET", URL).status == 404


def test_workflows_lie_in_the_folder_that_was_named(settings, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/one.yaml").write_text(flow("Mine"))
    with running(replace(settings, library=tmp_path / "mine")) as server:
        assert server.ask("GET", URL).data["title"] == "Mine"
        assert server.ask("PUT", "/api/v1/workflows/two", {"text": flow("Two")}).status == 201
        assert server.ask("POST", "/api/v1/workflows/two/run", {"wait": 30}).data["state"] == "ok"
    assert (tmp_path / "mine/two.yaml").read_text() == flow("Two")


def test_a_name_with_a_space_is_where_the_answer_says(server):
    made = server.ask("PUT", "/api/v1/workflows/two%20words", {"text": flow("One")})
    assert made.headers["Location"] == "/api/v1/workflows/two%20words"
    assert server.ask("GET", made.headers["Location"]).data["name"] == "two words"


def test_of_two_people_the_second_is_told_and_loses_nothing(server):
    etag = server.ask("PUT", URL, {"text": flow("One")}).data["etag"]
    assert server.ask("PUT", URL, {"text": flow("Mine")}, If_Match=etag).status == 200
    refused = server.ask("PUT", URL, {"text": flow("Yours")}, If_Match=etag)
    assert (refused.status, refused.error["type"]) == (412, "Changed")
    assert refused.headers["ETag"] == server.ask("GET", URL).data["etag"]
    assert server.ask("PUT", URL, {"text": flow("Yours")}).status == 428
    assert server.ask("PUT", URL, {"text": flow("Yours")}, If_None_Match="*").status == 412


def test_a_draft_is_saved_with_its_problems_and_their_places(server):
    text = "format: 1\nnodes:\n  a: {node: fault.nobody}\n  b: {node: fault.add, from: {a: c}}\n"
    saved = server.ask("PUT", URL, {"text": text})
    assert saved.status == 201
    assert [problem["where"] for problem in saved.data["problems"]] == ["one.yaml:3", "one.yaml:4"]
    assert server.ask("GET", URL).data["problems"] == saved.data["problems"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422), ({"text": "a", "document": {}}, 422), ({"text": 5}, 422), ({"txt": ""}, 422), ([], 422),
        ({"text": "nodes: ["}, 422), ({"document": {"format": 2}}, 422), ({"document": []}, 422),
        ({"document": None}, 422), (b'{"document": ' + b"[" * 100 + b"]" * 100 + b"}", 422),
        (b"{", 400), (b'{"text": "\xff"}', 400), (b'{"document": {"format": 1, "format": 1}}', 422),
        (b'{"document": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400), (b'{"text": "\\ud800"}', 400),
    ],
)  # fmt: skip
def test_what_is_no_workflow_is_refused_with_a_place(server, body, status):
    answer = server.ask("PUT", URL, body, Content_Type="application/json")
    assert answer.status == status, answer.data
    assert server.ask("GET", "/api/v1/workflows").data == {"workflows": []}


def test_a_document_that_is_too_large_is_refused(server):
    assert server.ask("PUT", URL, {"text": "x" * (9 << 20)}).status == 413


def test_a_document_in_json_comes_back_the_same(server):
    document = {
        "format": 1,
        "title": "\u00e9 \U0001f600",
        "nodes": {"n": {"node": "fault.number", "with": {"value": 3}}},
    }
    assert server.ask("PUT", URL, {"document": document}).status == 201
    assert server.ask("GET", URL).data["document"] == document


def test_a_workflow_is_renamed_with_its_revisions_and_an_earlier_text_restored(server):
    server.ask("PUT", URL, {"text": flow("One")})
    server.ask("PUT", URL, {"text": flow("Two")}, If_Match="*")
    renamed = server.ask("POST", f"{URL}/rename", {"name": "two words"})
    assert (renamed.status, renamed.data["name"]) == (200, "two words")
    url = "/api/v1/workflows/two%20words"
    (revision,) = server.ask("GET", f"{url}/revisions").data["revisions"]
    assert server.ask("GET", f"{url}/revisions/{revision['id']}").data["text"] == flow("One")
    assert server.ask("POST", f"{url}/revisions/{revision['id']}/restore", If_Match='"x"').status == 412
    restored = server.ask("POST", f"{url}/revisions/{revision['id']}/restore")
    assert (restored.status, restored.data["title"]) == (200, "One")
    assert len(server.ask("GET", f"{url}/revisions").data["revisions"]) == 2
    assert server.ask("GET", f"{url}/revisions/1-x").status == 404
    assert server.ask("POST", f"{url}/rename", {"name": "../x"}).status == 400


@pytest.mark.parametrize(
    "name", ["..%2fx", "%2e%2e", ".hidden", "a%00", "%ff", "con", "C:x", "a" * 200, "%5c%5chost%5cx"]
)
def test_a_name_that_can_be_none_is_refused_everywhere(server, name):
    for method, rest, body in (
        ("GET", "", None), ("PUT", "", {"text": flow("x")}), ("DELETE", "", None), ("GET", "/interface", None),
        ("GET", "/revisions", None), ("POST", "/rename", {"name": "x"}),
    ):  # fmt: skip
        assert server.ask(method, f"/api/v1/workflows/{name}{rest}", body).status in (400, 404), (method, rest)
    assert list(server.settings.workflows.iterdir()) == []


def test_a_server_that_only_reads_changes_no_workflow(settings):
    with running(replace(settings, read_only=True)) as server:
        assert server.ask("PUT", URL, {"text": flow("x")}).status == 403
        assert server.ask("GET", "/api/v1/workflows").status == 200


INTERFACE = """
format: 1
title: Everything
inputs:
  prompt: {type: text, description: what it shows}
  scale: {type: float, default: 3, min: 0, max: 20}
  seed: {type: seed, default: 0}
  method: {type: choice, choices: [a, b], default: a}
  sizes: {type: 'list[int]', default: [1, 2], min: 1}
  image: {type: file, default: ''}
  linked: {type: Image}
nodes:
  n: {node: fault.number}
  w: {node: fault.write}
  s: {node: fault.same_text, from: {value: inputs.prompt}}
outputs: {number: n, note: w}
"""


def test_the_interface_is_a_schema_that_takes_what_a_run_takes(server):
    text = INTERFACE.replace("  s: {node: fault.same_text, from: {value: inputs.prompt}}\n", "")
    server.ask("PUT", URL, {"text": text})
    face = server.ask("GET", f"{URL}/interface").data
    assert face["problems"] == []
    schema = face["inputs"]
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema).is_valid
    assert list(schema["properties"]) == ["prompt", "scale", "seed", "method", "sizes", "image"]
    assert check({"prompt": "x", "scale": 2, "method": "b", "sizes": [3]})
    for wrong in ({}, {"prompt": 5}, {"scale": 21}, {"seed": -1}, {"method": "c"}, {"sizes": [0]}, {"linked": 1}):
        assert not check({"prompt": "x", **wrong} if wrong else wrong), wrong
    assert schema["properties"]["scale"]["default"] == 3
    assert {name: output["type"] for name, output in face["outputs"].items()} == {"number": "int", "note": "SavedFiles"}
    jsonschema.Draft202012Validator(face["outputs"]["note"]["schema"]).validate(
        [{"id": "o1", "name": "x.txt", "url": "/api/v1/outputs/o1", "bytes": 1}]
    )


def test_the_interface_of_a_draft_tells_its_inputs_and_its_problems(server):
    server.ask("PUT", URL, {"text": INTERFACE})
    face = server.ask("GET", f"{URL}/interface").data
    assert "fault.same_text" in json.dumps(face["problems"])
    assert face["outputs"]["number"] == {"type": "any", "schema": {}}
    assert "prompt" in face["inputs"]["properties"]


def test_what_a_run_answers_fits_the_interface(server):
    server.ask(
        "PUT",
        URL,
        {
            "text": INTERFACE.partition("  linked")[0]
            + "nodes:\n  n: {node: fault.number}\n  w: {node: fault.write}\noutputs: {number: n, note: w}\n"
        },
    )
    face = server.ask("GET", f"{URL}/interface").data
    done = server.ask("POST", "/api/v1/runs", {"workflow": "one", "inputs": {"prompt": "x"}, "wait": 30}).data
    assert done["state"] == "ok", done
    for name, output in face["outputs"].items():
        jsonschema.Draft202012Validator(output["schema"]).validate(done["outputs"][name])


def test_listeners_are_told_of_every_change_of_a_file(server):
    first = server.ask("PUT", URL, {"text": flow("One")}).data["etag"]
    second = server.ask("PUT", URL, {"text": flow("Two")}, If_Match=first).data["etag"]
    (revision,) = server.ask("GET", f"{URL}/revisions").data["revisions"]
    server.ask("POST", f"{URL}/revisions/{revision['id']}/restore")
    server.ask("POST", f"{URL}/rename", {"name": "two"})
    server.ask("DELETE", "/api/v1/workflows/two")
    run = server.ask("POST", "/api/v1/runs", {"document": json.loads(DOCUMENT), "wait": 30}).data
    wanted = [
        {"name": "one", "etag": first},
        {"name": "one", "etag": second},
        {"name": "one", "etag": first},
        {"name": "one", "etag": "", "renamed": "two"},
        {"name": "two", "etag": first},
        {"name": "two", "etag": ""},
    ]
    told = told_until(server, run["last_event"])
    files = [event for event in told if event["type"] == "workflow"]
    assert [{key: event[key] for key in event if key in ("name", "etag", "renamed")} for event in files] == wanted


def told_until(server, seq):
    """Stored events of the whole server, up to a number."""
    connection = http.client.HTTPConnection("127.0.0.1", server.site.port, timeout=30)
    headers = {"Authorization": f"Bearer {server.settings.token}"}
    connection.request("GET", "/api/v1/events?after=0", headers=headers)
    answer, found = connection.getresponse(), []
    while not found or found[-1]["seq"] < seq:
        line = answer.readline()
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    connection.close()
    return found


def test_text_and_document_are_converted_into_each_other_and_nothing_is_saved(server):
    given = "format: 1\ntitle: 'no'\nnodes:\n  n: {node: some.where, with: {a: [1e-3, 'yes', null]}}\n"
    found = server.ask("POST", "/api/v1/convert", {"text": given}).data
    assert found["document"]["nodes"]["n"] == {"node": "some.where", "with": {"a": [0.001, "yes", None]}}
    again = server.ask("POST", "/api/v1/convert", {"document": found["document"]}).data
    assert again == found
    assert server.ask("GET", "/api/v1/workflows").data == {"workflows": []}
    refused = server.ask("POST", "/api/v1/convert", {"text": "format: 1\nnodes: [1]\n"})
    assert (refused.status, "nodes" in refused.error["message"]) == (422, True)
    assert server.ask("POST", "/api/v1/convert", {}).status == 422
