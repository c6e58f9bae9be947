"""`nodes`, `plugins`, `models` and `schema`: what is installed, and what is wrong with it."""

from __future__ import annotations

import json
from types import ModuleType

import jsonschema
import pytest
import yaml

from graph_engine import ModelFacts, ModelReader, ModelSource, hookimpl, node
from graph_engine.plugins import Pack, PluginProblem, pack_from_module

from .conftest import Shell, trial_packs, workflow


def test_nodes_are_listed_with_the_first_line_of_their_docs(shell):
    answer = shell("nodes")
    assert answer.status == 0
    assert any(line.split() == ["trial.add", "The", "sum", "of", "a", "and", "b."] for line in answer.lines)


def test_a_node_is_described_with_types_bounds_and_defaults(shell):
    page = shell("nodes", "trial.shout").out
    assert "one of !, ?" in page
    assert 'default "!"' in page
    assert "0 to 9007199254740992" in page
    assert "required" in page


def test_an_unknown_node_gets_a_suggestion(shell):
    answer = shell("nodes", "trial.shoot")
    assert answer.status == 2
    assert "no node 'trial.shoot'. Did you mean 'trial.shout'?" in answer.err


def test_nodes_as_json_carry_a_schema_for_each_input(shell):
    data = json.loads(shell("nodes", "trial.scale", "--json").out)
    assert data["inputs"][1]["schema"] == {"type": "number", "minimum": 0, "maximum": 10}
    assert len(json.loads(shell("nodes", "--json").out)) == 10


def test_the_schema_accepts_a_good_workflow_and_refuses_a_bad_one(shell):
    schema = json.loads(shell("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    good = yaml.safe_load(workflow("one: {node: trial.add, with: {a: 1}}"))
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "nodse": {}}, schema)


def broken_packs() -> list[Pack]:
    """Beside the good one: a pack that raised at import, one with an id twice, one with a misspelt hook."""
    twice, misspelt = ModuleType("twice"), ModuleType("misspelt")

    @node
    def same() -> int:
        """A number."""
        return 1

    @hookimpl
    def register_nodes() -> list[object]:
        return [same, same]

    @hookimpl
    def register_nodse() -> list[object]:
        return []

    twice.register_nodes = register_nodes
    misspelt.register_nodse = register_nodse
    problem = PluginProblem("burst", "graph-engine-burst", "could not be imported: ImportError: no parrot", "Traceback")
    return [
        *trial_packs(),
        Pack("burst", "graph-engine-burst", "0.3", None, problem),
        pack_from_module("twice", twice),
        pack_from_module("misspelt", misspelt),
    ]


@pytest.fixture
def among_broken(tmp_path):
    return Shell(tmp_path, broken_packs)


def test_plugins_say_where_each_comes_from_what_it_brings_and_what_is_wrong(among_broken):
    out = among_broken("plugins").out
    assert "10 nodes" in out
    assert "graph-engine-burst 0.3" in out
    assert "no parrot" in out
    assert "'twice.same' is registered twice" in out
    assert "'register_nodse'" in out


def test_broken_plugins_do_not_disturb_workflows_that_do_not_need_them(among_broken):
    among_broken.write("fine.yaml", workflow("one: {node: trial.add, with: {a: 1}}", outputs="sum: one"))
    answer = among_broken("run", "fine.yaml", "-q")
    assert (answer.status, answer.out, answer.err) == (0, "sum: 2\n", "")


@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_a_workflow_that_needs_a_broken_plugin_exits_with_4_and_names_it(among_broken, command):
    among_broken.write("needs.yaml", workflow("one: {node: burst.bang}"))
    answer = among_broken(command, "needs.yaml")
    assert answer.status == 4
    assert "graph-engine-burst" in answer.err
    assert "no parrot" in answer.err


def test_the_node_of_a_broken_plugin_is_not_called_unknown(among_broken):
    answer = among_broken("nodes", "burst.bang")
    assert answer.status == 4
    assert "no parrot" in answer.err


def test_models_are_listed_with_their_descriptions(tmp_path):
    module = ModuleType("zoo")

    @hookimpl
    def register_models() -> list[ModelSource]:
        return [ModelSource("tiny", tmp_path / "tiny", "a small one")]

    module.register_models = register_models
    shell = Shell(tmp_path, lambda: [pack_from_module("zoo", module)])
    assert shell("models").lines == ["zoo/tiny  ?      cannot be read: no plugin here can read 'zoo/tiny'"]
    assert json.loads(shell("models", "--json").out)[0]["folder"] == str(tmp_path / "tiny")


def test_no_models_at_all_says_what_to_install(shell):
    answer = shell("models")
    assert (answer.status, answer.out) == (0, "")
    assert "graph-engine-shapes" in answer.err


CALLS = [
    (["inspect", "--models", "here", "tiny"], 0),
    (["--models", "here", "inspect", "tiny"], 0),
    (["inspect", "--json", "tiny", "--models", "here"], 0),
    (["list", "--models", "here"], 0),
    (["inspect"], 2),
    (["list", "tiny"], 2),
]


@pytest.mark.parametrize(("arguments", "status"), CALLS)
def test_flags_and_names_of_models_come_in_any_order(arguments, status, tmp_path):
    module = ModuleType("zoo")

    @hookimpl
    def register_model_readers() -> list[ModelReader]:
        return [ModelReader(lambda root: ["tiny"], lambda name, path: ModelFacts(name, "zoo", "a small one"))]

    module.register_model_readers = register_model_readers
    (tmp_path / "here" / "tiny").mkdir(parents=True)
    answer = Shell(tmp_path, lambda: [pack_from_module("zoo", module)])("models", *arguments)
    assert answer.status == status, answer.err
    assert ("tiny" in answer.out) == (status == 0)
    assert status == 0 or "graph-engine models inspect NAME" in answer.err


def test_a_model_folder_that_is_not_there_is_told(shell):
    assert "the model folder" in shell("models", "--models", "nowhere").err
