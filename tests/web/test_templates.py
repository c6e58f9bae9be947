"""Workflows that come with the program: listed with pictures and models, and at home wherever they are saved."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
from graph_web.templates import Templates
from hatchling.builders.wheel import WheelBuilder

from graph_engine import Folders

from .things import picture, running

ROOT = Path(__file__).resolve().parents[2]
FILES = {path.stem: path for path in (ROOT / "workflows").rglob("*.yaml")}
SHIPPED = sorted(FILES)
PICTURED = [name for name in SHIPPED if FILES[name].parent.name == "workflows"]
"""Those in a folder of their own are for models that do not ship."""
URL = "/api/v1/templates"
OUTER = """\
format: 1
title: Framed, with a sub-workflow
description: a picture that lies beside it
nodes:
  load: {node: core.load_image, with: {file: pictures/own.png}}
  twice: {node: 'workflow:inner.yaml', from: {image: load.image}}
outputs: {image: twice}
"""
INNER = """\
format: 1
title: Inner
inputs: {image: {type: Image}}
nodes:
  mask: {node: core.load_image, with: {file: pictures/other.png}}
  both: {node: core.batch, from: {images: [inputs.image, mask.image]}}
  save: {node: core.save_image, from: {image: both}}
outputs: {image: save.image}
"""
MODELS = """\
format: 1
title: Models
inputs: {first: {type: text, default: shapes/a}, many: {type: 'list[text]', default: [shapes/b, shapes/c]}}
nodes:
  written: {node: core.load_model, with: {model: shapes/d}}
  declared: {node: core.load_model, from: {model: inputs.first}}
  twice: {node: core.load_model, from: {model: inputs.first}}
  each: {node: 'subgraph:one', from: {model: 'inputs.many[*]'}}
  default: {node: 'subgraph:one'}
  again: {node: 'subgraph:ring'}
subgraphs:
  one:
    inputs: {model: {type: text, default: shapes/e}}
    nodes: {m: {node: core.load_model, from: {model: inputs.model}}}
  ring:
    nodes: {m: {node: 'subgraph:ring'}}
"""


@pytest.fixture
def at_home(settings, tmp_path):
    """A server whose templates are a few of the test's own."""
    folder = tmp_path / "templates"
    (folder / "pictures").mkdir(parents=True)
    for name in ("own", "other"):
        (folder / f"pictures/{name}.png").write_bytes(picture())
    (folder / "outer.yaml").write_text(OUTER)
    (folder / "inner.yaml").write_text(INNER)
    return replace(settings, templates=folder, packs=(("core", "graph_nodes"),))


def run(server, **submission):
    return server.ask("POST", "/api/v1/runs", {"wait": 60, **submission}).data


# What ships ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    from graph_web.settings import Settings

    base = tmp_path_factory.mktemp("shipped")
    packs = (("core", "graph_nodes"), ("shapes", "graph_engine_shapes"))
    settings = Settings(*(base / name for name in "dco"), token="a-token-for-tests", device="cpu", worker="thread")
    with running(replace(settings, packs=packs)) as server:
        yield server


def test_every_shipped_workflow_is_a_template_with_its_models(shipped):
    found = {item["name"]: item for item in shipped.ask("GET", URL).data["templates"]}
    assert list(found) == SHIPPED
    for name, item in found.items():
        assert item["title"], name
        assert item["description"], name
        assert item["problem"] == "", name
        ours = name in PICTURED
        assert item["picture"] == ours, f"python -m benchmarks.template_pictures {name}"
        assert item["models"], name
        assert all(model["installed"] == ours for model in item["models"]), item["models"]
    assert found["glide"]["system"] == "GLIDE"
    assert found["glide"]["models"] == [{"name": "shapes/glide", "installed": True}]
    assert [model["name"] for model in found["drawbench"]["models"]] == ["shapes/glide", "shapes/imagen"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_document_of_a_template_is_its_file_and_right(shipped, name):
    found = shipped.ask("GET", f"{URL}/{name}")
    assert found.data["text"] == FILES[name].read_text()
    assert found.data["problems"] == []
    assert shipped.ask("POST", "/api/v1/check", {"document": found.data["document"]}).data == {"problems": []}
    assert shipped.ask("GET", f"{URL}/{name}", If_None_Match=found.headers["ETag"]).status == 304


@pytest.mark.parametrize("name", PICTURED)
def test_the_picture_of_a_template_is_small_and_shows_something(shipped, name):
    answer = shipped.ask("GET", f"{URL}/{name}/picture")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert len(answer.body) < 20_000
    with PIL.Image.open(io.BytesIO(answer.body)) as found:
        assert max(found.size) == 256
        assert min(found.size) >= 80
        assert len(found.convert("RGB").getcolors(1 << 16)) > 10, "it is all of one colour"
    assert shipped.ask("GET", f"{URL}/{name}/picture", If_None_Match=answer.headers["ETag"]).status == 304


def test_a_wheel_holds_the_templates_where_the_server_looks_for_them(tmp_path):
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if name.startswith("graph_web/shipped/")}
        files = (path for path in (ROOT / "workflows").rglob("*") if path.is_file())
        assert inside == {f"graph_web/shipped/{path.relative_to(ROOT / 'workflows').as_posix()}" for path in files}
    assert "graph_web/shipped/thumbnails/glide.webp" in inside


# At home everywhere -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_an_opened_template_finds_its_files_unsaved_and_saved(at_home, worker):
    with running(replace(at_home, worker=worker)) as server:
        document = server.ask("GET", f"{URL}/outer").data["document"]
        assert server.ask("POST", "/api/v1/check", {"document": document}).data == {"problems": []}
        assert server.ask("POST", "/api/v1/plan", {"document": document}).data["to_run"] == 4
        unsaved = run(server, document=document)
        assert (unsaved["state"], len(unsaved["outputs"]["image"])) == ("ok", 2)
        saved = server.ask("PUT", "/api/v1/workflows/mine", {"document": document})
        assert (saved.status, saved.data["problems"]) == (201, [])
        again = run(server, workflow="mine")
        assert {node["state"] for node in again["nodes"].values()} <= {"memory", "disk"}


def test_what_a_person_has_under_the_same_name_comes_first(at_home):
    with running(at_home) as server:
        document = server.ask("GET", f"{URL}/outer").data["document"]
        run(server, document=document)
        (server.settings.workflows / "pictures").mkdir()
        (server.settings.workflows / "pictures/own.png").write_bytes(picture(color="blue"))
        changed = server.ask("POST", "/api/v1/plan", {"document": document}).data
        assert changed["nodes"]["load"]["state"] == "run"
        assert changed["nodes"]["twice/mask"]["state"] in ("memory", "not needed")


def test_nothing_writes_to_templates_and_nothing_leads_out_of_them(at_home, tmp_path):
    (tmp_path / "secret.png").write_bytes(picture())
    (tmp_path / "secret.yaml").write_text(INNER)
    (at_home.templates / "pictures/link.png").symlink_to(tmp_path / "secret.png")
    (at_home.templates / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    before = sorted(at_home.templates.rglob("*"))
    with running(at_home) as server:
        assert server.ask("PUT", f"{URL}/outer", {"text": OUTER}).status == 405
        assert server.ask("GET", f"{URL}/link").status == 404
        for name in ("link.png", "../../secret.png", "../secret.png"):
            node = {"node": "core.load_image", "with": {"file": f"pictures/{name}"}}
            found = run(server, document={"format": 1, "nodes": {"load": node}, "outputs": {"image": "load.image"}})
            assert found["state"] == "failed", found
            assert "secret.png" not in found["error"]["message"].replace(f"pictures/{name}", "")
        for name in ("link.yaml", "../secret.yaml", "thumbnails/../../secret.yaml"):
            nodes = {"sub": {"node": f"workflow:{name}"}}
            checked = server.ask("POST", "/api/v1/check", {"document": {"format": 1, "nodes": nodes}})
            assert "sub-workflow" in checked.data["problems"][0]
    assert sorted(at_home.templates.rglob("*")) == before


def test_a_template_without_picture_or_that_is_not_there_is_told(at_home):
    (at_home.templates / "broken.yaml").write_text("format: 99")
    with running(at_home) as server:
        found = {item["name"]: item for item in server.ask("GET", URL).data["templates"]}
        assert "99" in found["broken"]["problem"]
        assert (found["outer"]["picture"], found["outer"]["models"], found["outer"]["system"]) == (False, [], "Framed")
        assert server.ask("GET", f"{URL}/outer/picture").error["type"] == "NoPicture"
        assert server.ask("GET", f"{URL}/broken").data["document"] is None
        assert "GET /api/v1/templates" in server.ask("GET", f"{URL}/nothing").error["message"]
        assert server.ask("GET", f"{URL}/..%2fx/picture").status == 400


def test_models_are_found_however_a_loader_is_given_them(tmp_path):
    (tmp_path / "models.yaml").write_text(MODELS)
    (tmp_path / "models/shapes/c").mkdir(parents=True)
    (found,) = Templates(tmp_path, Folders(model_roots=(tmp_path / "models",))).list()
    assert [model.name for model in found.models] == [f"shapes/{letter}" for letter in "abcde"]
    assert [model.name for model in found.models if model.installed] == ["shapes/c"]
