"""What is installed, as clients are told: complete, pageable, and with the checker's own idea of what fits what."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import graph_nodes
import jsonschema
import pytest
from graph_web import catalog

from graph_engine import Folders, ModelSource, Slider, hookimpl
from graph_engine.models import FoundModel, find_models
from graph_engine.plugins import Pack, PluginProblem, Registry, load_registry, pack_from_module
from graph_engine.sockets import accepts, type_name

from .things import running


@pytest.fixture(scope="module")
def registry():
    return load_registry([pack_from_module("core", graph_nodes)])


@pytest.fixture
def server(settings):
    packs = (("core", "graph_nodes"), ("fault", "tests.web.faults"))
    with running(replace(settings, packs=packs)) as found:
        yield found


def described(registry, node: str) -> dict:
    return json.loads(catalog.msgspec.json.encode(catalog.describe_node(registry.nodes[node])))


def test_every_node_is_described_with_its_sockets_in_order(registry):
    for name, spec in registry.nodes.items():
        told = described(registry, name)
        assert [socket["name"] for socket in told["inputs"]] == list(spec.inputs)
        assert [socket["name"] for socket in told["outputs"]] == [output.name for output in spec.outputs]
        assert told["summary"] == told["doc"].split("\n")[0] != ""


def test_every_input_has_a_widget_and_one_that_can_be_written_has_a_schema_that_takes_its_default(registry):
    for name in registry.nodes:
        for socket in described(registry, name)["inputs"]:
            linked = socket["widget"]["type"] == "link"
            assert linked == ("schema" not in socket), (name, socket)
            if "schema" in socket:
                jsonschema.Draft202012Validator.check_schema(socket["schema"])
                if not socket.get("required"):
                    jsonschema.validate(socket.get("default"), socket["schema"])


def test_a_slider_a_seed_and_a_choice_are_told_as_such(registry):
    inputs = {socket["name"]: socket for socket in described(registry, "core.denoise")["inputs"]}
    slider = next(item for item in registry.nodes["core.denoise"].inputs["steps"].widgets if isinstance(item, Slider))
    assert inputs["steps"]["widget"] == {"type": "slider", "low": slider.low, "high": slider.high, "whole": True}
    assert inputs["seed"]["widget"] == {"type": "seed", "low": 0, "high": 2**53, "whole": True}
    assert inputs["scheduler"]["widget"]["type"] == "choice"
    assert set(inputs["scheduler"]["widget"]["choices"]) == set(inputs["scheduler"]["schema"]["enum"])
    assert inputs["denoiser"]["widget"] == {"type": "link"}
    assert inputs["guidance"]["optional"] is True


def test_what_fits_is_worked_out_once(registry):
    fits = catalog.Fits(registry)
    assert fits.get() is fits.get()
    assert fits.get() == catalog.fitting_types(registry)


def test_an_input_is_told_with_what_the_documentation_says_of_it(registry):
    inputs = {socket["name"]: socket for socket in described(registry, "core.denoise")["inputs"]}
    assert inputs["steps"]["description"] == "more is slower and closer to the exact solution"
    assert "description" not in inputs["denoiser"]
    every = [socket for spec in registry.nodes.values() for socket in spec.inputs.values()]
    assert sum(bool(socket.description) for socket in every) > 0.7 * len(every)


@pytest.mark.parametrize("name", ["core.plain_image", "core.mask_from_color", "core.mask_overlay"])
def test_a_colour_is_told_as_such(registry, name):
    (color,) = [socket for socket in described(registry, name)["inputs"] if socket["name"] == "color"]
    assert color["widget"] == {"type": "color", "names": True}
    assert color["schema"] == {"type": "string"}


def test_a_client_that_knows_what_fits_refuses_exactly_what_the_checker_refuses(registry):
    fits = catalog.fitting_types(registry)
    sockets = [socket.type for spec in registry.nodes.values() for socket in spec.inputs.values()]
    outputs = [output.type for spec in registry.nodes.values() for output in spec.outputs]
    for wanted, given in itertools.product(sockets, outputs):
        assert (type_name(given) in fits[catalog.wanted_name(wanted)]) == accepts(wanted, given, {}), (wanted, given)


def test_plugins_are_told_with_what_is_wrong_with_them(registry):
    problems = [
        PluginProblem("bad", "bad-pack", "could not be imported: no", "Traceback ..."),
        PluginProblem("odd", "odd-pack", "the node id 'odd.x' is registered twice"),
    ]
    packs = [Pack("bad", "bad-pack", "1"), Pack("odd", "odd-pack", "2"), *registry.packs]
    with_problems = replace(registry, packs=packs, problems=problems)
    told = [catalog.describe_plugin(pack, with_problems) for pack in packs]
    assert [(item.name, item.state) for item in told] == [("bad", "broken"), ("odd", "problems"), ("core", "ok")]
    assert told[0].tracebacks == ["Traceback ..."]
    assert told[2].nodes == len(registry.nodes)


def test_a_model_is_told_with_its_size_and_whether_it_is_warm(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "weights.safetensors").write_bytes(b"x" * 1000)
    (tmp_path / "model.json").write_bytes(b"{}")
    model = FoundModel("shapes/glide", tmp_path, "small")
    known = Registry(models={"shapes/glide": ModelSource("shapes/glide", tmp_path, "small")})
    warm = ["shapes/glide-inpaint denoiser", "shapes/glide-inpaint text_encoder"]
    expected = catalog.ModelInfo("shapes/glide", "small", "shapes", 1002, False)
    assert catalog.describe_model(model, known, warm) == expected
    assert catalog.describe_model(model, known, ["shapes/glide vae"]).warm is True
    assert catalog.describe_model(model, known, None).warm is None
    assert catalog.describe_model(model, Registry(), []).plugin == ""
    assert catalog.describe_model(replace(model, path=tmp_path / "part/weights.safetensors"), known, []).bytes == 1000
    assert catalog.describe_model(replace(model, path=tmp_path / "nowhere"), known, []).bytes == 0


# Over HTTP ----------------------------------------------------------------------------------------------------------


def test_nodes_are_paged_until_all_are_told_once(server):
    seen, after = [], ""
    while True:
        page = server.ask("GET", f"/api/v1/nodes?limit=7&after={after}").data
        seen += [node["id"] for node in page["nodes"]]
        after = page["next"]
        if not after:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == page["total"] == sum(page["categories"].values())
    assert {"core.denoise", "fault.number"} <= set(seen)


def test_nodes_are_found_by_category_and_by_words(server):
    everything = server.ask("GET", "/api/v1/nodes?limit=1000").data["nodes"]
    diffusion = server.ask("GET", "/api/v1/nodes?category=diffusion").data["nodes"]
    assert diffusion == [node for node in everything if node["category"] == "diffusion"] != []
    found = [node["id"] for node in server.ask("GET", "/api/v1/nodes?text=FREE+guidance").data["nodes"]]
    assert "core.classifier_free_guidance" in found
    assert len(found) < len(everything)
    assert server.ask("GET", "/api/v1/nodes?text=no+such+words+here").data["nodes"] == []


@pytest.mark.parametrize(
    "url", ["/api/v1/nodes", "/api/v1/nodes?category=diffusion", "/api/v1/nodes/core.denoise", "/api/v1/kinds"]
)
def test_what_a_client_has_already_is_not_sent_again(server, url):
    first = server.ask("GET", url)
    assert first.status == 200
    again = server.ask("GET", url, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert server.ask("GET", url, If_None_Match='"older"').body == first.body


def test_one_node_and_a_name_that_is_close_to_one(server):
    assert server.ask("GET", "/api/v1/nodes/core.denoise").data["id"] == "core.denoise"
    missing = server.ask("GET", "/api/v1/nodes/core.denoize")
    assert missing.status == 404
    assert "Did you mean 'core.denoise'?" in missing.error["message"]
    for name in ("%00", "%ff", "..%2fx", "x" * 3000):
        assert server.ask("GET", f"/api/v1/nodes/{name}").status == 404


def test_kinds_plugins_and_models_are_listed(server):
    kinds = server.ask("GET", "/api/v1/kinds").data
    image = next(kind for kind in kinds["kinds"] if kind["name"] == "Image")
    assert (image["color"][0], image["preview"]) == ("#", True)
    assert "Image" in kinds["fits"]["Image"]
    assert "Latents" not in kinds["fits"]["Image"]
    plugins = server.ask("GET", "/api/v1/plugins").data["plugins"]
    assert [(plugin["name"], plugin["state"]) for plugin in plugins] == [("core", "ok"), ("fault", "ok")]
    assert server.ask("GET", "/api/v1/models").data == {"models": []}


class Models:
    """A pack that brings one model."""

    __name__ = "models"

    @hookimpl
    def register_models(self) -> list[ModelSource]:
        """One."""
        return [ModelSource("tiny", Path(__file__).parent, "of this folder")]


def test_models_of_plugins_are_told_with_their_plugin():
    found = load_registry([Pack("mine", "my-pack", "1", Models())])
    places = Folders(models={name: source.folder for name, source in found.models.items()})
    (told,) = [catalog.describe_model(model, found, []) for model in find_models(found, places)]
    assert (told.name, told.plugin, told.warm) == ("mine/tiny", "mine", False)
    assert told.bytes > 0


def test_checkpoints_in_a_model_folder_are_told_and_found_by_runs(settings, tmp_path):
    from graph_nodes.checkpoints.tiny.families import make_tiny

    make_tiny("sd15", tmp_path / "models" / "mine")
    packs = (("core", "graph_nodes"),)
    with running(replace(settings, packs=packs, models=(tmp_path / "models",))) as server:
        (told,) = server.ask("GET", "/api/v1/models").data["models"]
        assert (told["name"], told["plugin"], told["problem"]) == ("mine", "", "")
        assert told["bytes"] > 1000
        nodes = {"m": {"node": "core.load_model", "with": {"model": "mine"}}}
        document = {"format": 1, "nodes": nodes, "outputs": {"denoiser": "m.denoiser"}}
        done = server.ask("POST", "/api/v1/runs", {"document": document, "wait": 60}).data
        assert (done["state"], done["outputs"]) == ("ok", {"denoiser": {"kind": "Denoiser"}})
