"""The OpenAPI document: valid, complete, and the same face of a workflow as the shell's flags."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import graph_engine_shapes
import graph_nodes
import jsonschema
import pytest
from graph_web.app import ROUTES
from graph_web.interface import inputs_schema, interface_of
from graph_web.library import Library
from graph_web.openapi import document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import definitions

from graph_engine import Engine, Folders
from graph_engine.cli.call import Call, add_call_flags
from graph_engine.cli.environment import Environment
from graph_engine.cli.parser import CommandParser, HelpWanted
from graph_engine.errors import InputError
from graph_engine.plugins import load_registry, pack_from_module
from graph_engine.workflow import read_workflow

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "workflows").glob("*.yaml"))
WORKFLOWS = {path.stem: read_workflow(path) for path in FILES}
DECLARED = [(name, decl) for name, workflow in WORKFLOWS.items() for decl in workflow.inputs.values()]
WRONG_NAME = "a b.c"
STRANGE = """\
format: 1
inputs:
  needed: {type: int}
  many: {type: 'list[choice]', choices: [a, b]}
  free: {type: any, default: [1]}
  flag: {type: bool, default: true}
  linked: {type: Image}
  unknown: {type: Nonsense}
nodes: {a: {node: core.nothing_like_it}}
outputs: {result: a.x}
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    packs = [pack_from_module("core", graph_nodes), pack_from_module("shapes", graph_engine_shapes)]
    outputs = tmp_path_factory.mktemp("outputs")
    return Engine(load_registry(packs), Folders(outputs=outputs), device="cpu", disk=False)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for path in FILES:
        shutil.copy(path, folder)
    found = Library(folder, folder / "trash")
    found.save(WRONG_NAME, STRANGE)
    found.save("a_b.c", STRANGE)
    (folder / "broken.yaml").write_text("format: 99")
    return found


@pytest.fixture(scope="module")
def api(library, engine):
    return json.loads(json.dumps(document(ROUTES, library, engine)))


def operations(api):
    return {(method.upper(), path): found for path, item in api["paths"].items() for method, found in item.items()}


# The document -------------------------------------------------------------------------------------------------------


def test_it_is_valid_openapi(api):
    definitions.OPENAPI_31_VALIDATOR.validate(api)


def schemas_in(item):
    if isinstance(item, dict):
        for key, value in item.items():
            if key == "schema":
                yield value
            elif key == "schemas":
                yield from value.values()
            yield from schemas_in(value)
    elif isinstance(item, list):
        for value in item:
            yield from schemas_in(value)


def test_every_schema_in_it_is_a_json_schema(api):
    found = list(schemas_in(api))
    assert len(found) > 100
    for schema in found:
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_default_fits_its_own_schema(api):
    for schema in schemas_in(api):
        for name, field in schema.get("properties", {}).items():
            if "default" in field and "$ref" not in field:
                whole = {"components": api["components"], **field}
                assert jsonschema.Draft202012Validator(whole).is_valid(field["default"]), name


def test_every_reference_leads_somewhere(api):
    for reference in set(re.findall(r'"\$ref": "(#[^"]+)"', json.dumps(api))):
        found = api
        for part in reference[2:].split("/"):
            found = found[part]


def test_every_route_is_in_it_with_its_parameters(api):
    found = operations(api)
    for route in ROUTES:
        operation = found[route.method, route.path]
        assert operation["operationId"] == route.name
        assert operation["summary"]
        named = [item["name"] for item in operation["parameters"] if item["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", route.path)
        assert ("requestBody" in operation) == (route.body is not None or route.accepts != "application/json")


def test_operation_ids_are_unique(api):
    ids = [operation["operationId"] for operation in operations(api).values()]
    assert len(ids) == len(set(ids))


def test_all_but_health_want_a_token(api):
    assert api["security"] == [{"bearer": []}, {"cookie": []}]
    open_ones = [key for key, operation in operations(api).items() if operation.get("security") == []]
    assert open_ones == [("GET", "/healthz")]
    assert all("401" in operation["responses"] for key, operation in operations(api).items() if key not in open_ones)


def test_every_refusal_is_told_in_the_one_shape(api):
    for key, operation in operations(api).items():
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        assert {"403", "421"} <= refusals.keys(), key
        assert all(answer == {"$ref": f"#/components/responses/{status}"} for status, answer in refusals.items())
    for answer in api["components"]["responses"].values():
        assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Failure"}


# Saved workflows ----------------------------------------------------------------------------------------------------


def call_of(api, name):
    operation = operations(api)["POST", f"/api/v1/workflows/{name}/run"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    return operation, body["properties"]["inputs"], body


def outputs_of(operation):
    answer = operation["responses"]["202"]["content"]["application/json"]["schema"]
    return answer["allOf"][1]["properties"]["outputs"]["properties"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_saved_workflow_is_an_operation_with_its_interface(api, engine, name):
    operation, inputs, _ = call_of(api, name)
    face = json.loads(json.dumps([inputs_schema(WORKFLOWS[name]), WORKFLOWS[name].title]))
    assert [inputs, operation["summary"]] == face
    assert operation["x-workflow"] == name
    expected = interface_of(WORKFLOWS[name], engine).outputs
    assert outputs_of(operation) == json.loads(json.dumps({key: one.schema for key, one in expected.items()}))
    assert operation["responses"]["200" if "200" in operation["responses"] else "2XX"]


def test_pictures_are_files_among_the_outputs(api):
    files = outputs_of(call_of(api, "glide")[0])["image"]
    assert files["items"]["required"] == ["id", "name", "url", "bytes"]
    assert outputs_of(call_of(api, "clip_classify")[0])


def test_a_draft_and_a_strange_name_are_told_and_a_broken_file_is_not(api):
    operation, inputs, body = call_of(api, "a%20b.c")
    assert operation["x-workflow"] == WRONG_NAME
    assert sorted(inputs["properties"]) == ["flag", "free", "many", "needed"]
    assert inputs["required"] == ["needed", "many"]
    assert body["required"] == ["inputs"]
    assert operation["requestBody"]["required"]
    assert "Only a link can give linked, unknown" in operation["description"]
    assert set(outputs_of(operation)) == {"result"}
    assert ("POST", "/api/v1/workflows/broken/run") not in operations(api)


def test_a_body_that_the_operation_describes_is_checked_by_it(api):
    _, _, body = call_of(api, "glide")
    whole = jsonschema.Draft202012Validator({**body, "components": api["components"]})
    assert whole.is_valid({"inputs": {"prompt": "a star", "seed": 3}, "wait": 10})
    assert whole.is_valid({})
    for wrong in ({"inputs": {"prompt": 3}}, {"inputs": {"promt": "a"}}, {"inputs": {"steps": 0}}, {"input": {}}):
        assert not whole.is_valid(wrong)


# The shell ----------------------------------------------------------------------------------------------------------


def shell(name, *flags):
    file = str(ROOT / "workflows" / f"{name}.yaml")
    parser = CommandParser("graph-engine run", "", Environment(variables={"COLUMNS": "1000"}))
    add_call_flags(parser, [file])
    return parser.parse([file, *flags])


def flags_in_help(name):
    """The flags that `graph-engine run FILE --help` shows for the declared inputs, each with its explanation."""
    with pytest.raises(HelpWanted) as wanted:
        shell(name, "--help")
    section = str(wanted.value).split("inputs of this workflow:\n")[1].split("\n\n")[0] if DECLARED else ""
    return dict(re.findall(r"^  --([\w-]+)(?: [^\n]*?)?\s{2,}(.*)$", section.replace("\n      ", "  "), re.MULTILINE))


def number(value):
    return f"{value:g}"


@pytest.mark.parametrize("name", [name for name, workflow in WORKFLOWS.items() if workflow.inputs])
def test_the_flags_of_the_shell_are_the_inputs_of_the_endpoint(api, name):
    _, inputs, _ = call_of(api, name)
    flags = flags_in_help(name)
    assert list(flags) == [key.replace("_", "-") for key in inputs["properties"]]
    for key, schema in inputs["properties"].items():
        told = flags[key.replace("_", "-")]
        assert ("required" in told.rpartition("(")[2]) == (key in inputs["required"])
        assert schema.get("description", "").split(";")[0] in told
        for choice in schema.get("enum", []):
            assert choice in told
        if schema["x-type"] in ("int", "float") and {"minimum", "maximum"} <= schema.keys():
            assert f"{number(schema['minimum'])} to {number(schema['maximum'])}" in told
        if isinstance(schema.get("default"), str | int) and not isinstance(schema["default"], bool):
            assert str(schema["default"]) in told


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**54), 2**54),
    # JSON Schema counts 3.0 as an integer, the engine does not; JavaScript writes it as 3
    st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda value: not value.is_integer()),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([0, 1, 0.5, "a", "euler", "ddim", [], ["a"], {}]),
)


@given(st.sampled_from(DECLARED), ANYTHING)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_schema_takes_what_the_engine_takes(declared, value):
    _, decl = declared
    schema = inputs_schema(WORKFLOWS[declared[0]])["properties"][decl.name]
    try:
        decl.check(value, {})
        taken = True
    except InputError:
        taken = False
    assert jsonschema.Draft202012Validator(schema).is_valid(value) == taken


def spelled(value):
    return value if isinstance(value, str) else json.dumps(value)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_flag_gives_the_engine_what_the_endpoint_gives(data):
    name, decl = data.draw(st.sampled_from([item for item in DECLARED if item[1].item_type not in ("file", "folder")]))
    value = data.draw(ANYTHING.filter(lambda value: value is not None))
    schema = inputs_schema(WORKFLOWS[name])["properties"][decl.name]
    if not jsonschema.Draft202012Validator(schema).is_valid(value) or decl.is_list or isinstance(value, list | dict):
        return
    options = shell(name, f"--{decl.name.replace('_', '-')}={spelled(value)}")
    given_by_flag = Call.of(options, load_registry([]), Path()).inputs[decl.name]
    assert decl.check(given_by_flag, {}) == decl.check(value, {})
