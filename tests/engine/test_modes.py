"""Muted and bypassed nodes: the graph is the one that would be written without them, keys and results included."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import json
from typing import NamedTuple

import jsonschema
import pytest

from graph_engine import InputDecl, Link, NodeEntry, Workflow, WorkflowError, load, node
from graph_engine.errors import InputError
from graph_engine.portable import portable_data
from graph_engine.reader import read_json
from graph_engine.schema import workflow_schema
from graph_engine.workflow import parse_workflow
from graph_engine.writer import to_yaml

from .toys import Coin, chain, engine, registry, workflow

N = "n: {node: toy.number, with: {value: 5}}"
SAME = [
    # muted: what it feeds has its default, or falls with it
    ("an optional input has its default",
     f"nodes: {{{N}, a: {{node: toy.add, with: {{a: 1}}, from: {{b: m}}}}, m: {{node: toy.number, mode: mute}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, with: {{a: 1}}}}}}"),
    ("what requires it falls, and what requires that",
     f"nodes: {{{N}, m: {{node: toy.add, from: {{a: n}}, mode: mute}}, b: {{node: toy.add, from: {{a: m}}}}, c: {{node: toy.add, from: {{a: b}}}}, d: {{node: toy.add, from: {{a: n, b: c}}}}}}",
     f"nodes: {{{N}, d: {{node: toy.add, from: {{a: n}}}}}}"),
    ("it is left out of a list",
     f"nodes: {{{N}, m: {{node: toy.number, mode: mute}}, t: {{node: toy.total, from: {{values: [n, m, n]}}}}}}",
     f"nodes: {{{N}, t: {{node: toy.total, from: {{values: [n, n]}}}}}}"),
    ("a list of nothing but it is missing",
     f"nodes: {{{N}, m: {{node: toy.number, mode: mute}}, t: {{node: toy.total, from: {{values: [m, m]}}}}}}",
     f"nodes: {{{N}}}"),
    ("a list that was empty stays empty",
     f"nodes: {{{N}, m: {{node: toy.number, mode: mute}}, t: {{node: toy.total, from: {{values: []}}}}}}",
     f"nodes: {{{N}, t: {{node: toy.total, from: {{values: []}}}}}}"),
    ("outputs that hang on it are not given",
     f"nodes: {{{N}, m: {{node: toy.add, from: {{a: n}}, mode: mute}}, b: {{node: toy.add, from: {{a: m}}}}}}\noutputs: {{n: n, m: m, b: b}}",
     f"nodes: {{{N}}}\noutputs: {{n: n}}"),
    ("what is mapped over it falls, also by an optional input",
     f"nodes: {{{N}, m: {{node: toy.numbers, mode: mute}}, a: {{node: toy.add, from: {{a: n, b: 'm[*]'}}}}}}",
     f"nodes: {{{N}}}"),
    ("an unknown node that is muted is no problem",
     f"nodes: {{{N}, m: {{node: other.thing, from: {{a: n}}, mode: mute}}, a: {{node: toy.add, from: {{a: n, b: m}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    # bypassed: what feeds it takes its place
    ("its first linked input of the type stands for its output",
     f"nodes: {{{N}, o: {{node: toy.number}}, m: {{node: toy.add, from: {{b: o, a: n}}, mode: bypass}}, a: {{node: toy.add, from: {{a: m}}}}}}",
     f"nodes: {{{N}, o: {{node: toy.number}}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("only linked inputs count",
     f"nodes: {{{N}, m: {{node: toy.add, with: {{a: 3}}, from: {{b: n}}, mode: bypass}}, a: {{node: toy.add, from: {{a: m}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("a chain of them is passed by",
     f"nodes: {{{N}, m: {{node: toy.add, from: {{a: n}}, mode: bypass}}, o: {{node: toy.same, from: {{value: m}}, mode: bypass}}, a: {{node: toy.add, from: {{a: o}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("the same type comes before one that fits",
     f"nodes: {{{N}, h: {{node: toy.half, with: {{value: 1}}}}, m: {{node: toy.blend, from: {{count: n, level: h}}, mode: bypass}}, a: {{node: toy.half, from: {{value: m}}}}}}",
     f"nodes: {{{N}, h: {{node: toy.half, with: {{value: 1}}}}, a: {{node: toy.half, from: {{value: h}}}}}}"),
    ("one that fits stands when none is the same",
     f"nodes: {{{N}, m: {{node: toy.blend, from: {{count: n}}, mode: bypass}}, a: {{node: toy.half, from: {{value: m}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.half, from: {{value: n}}}}}}"),
    ("without one it is as muted",
     f"nodes: {{{N}, w: {{node: toy.text}}, m: {{node: toy.half, from: {{method: w}}, mode: bypass}}, a: {{node: toy.half, from: {{value: m}}}}}}",
     f"nodes: {{{N}, w: {{node: toy.text}}}}"),
    ("as muted for one output, and passed by for another",
     f"nodes: {{{N}, c: {{node: toy.mint}}, m: {{node: toy.swap, from: {{coin: c}}, mode: bypass}}, w: {{node: toy.worth, from: {{coin: m.coin}}}}, a: {{node: toy.add, from: {{a: m.count}}}}}}",
     f"nodes: {{{N}, c: {{node: toy.mint}}, w: {{node: toy.worth, from: {{coin: c}}}}}}"),
    ("a type variable stands for itself alone",
     f"nodes: {{{N}, b: {{node: toy.anything, with: {{value: true}}}}, m: {{node: toy.choose, from: {{condition: b, yes: n, no: n}}, mode: bypass}}, a: {{node: toy.add, from: {{a: m}}}}}}",
     f"nodes: {{{N}, b: {{node: toy.anything, with: {{value: true}}}}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("a mapped one is its list",
     "nodes: {l: {node: toy.numbers}, m: {node: toy.add, from: {a: 'l[*]'}, mode: bypass}, t: {node: toy.total, from: {values: m}}}",
     "nodes: {l: {node: toy.numbers}, t: {node: toy.total, from: {values: l}}}"),
    ("a mapped one is mapped over no more than once",
     "nodes: {l: {node: toy.numbers}, m: {node: toy.add, from: {a: 'l[*]'}, mode: bypass}, a: {node: toy.add, from: {a: 'm[*]'}}, t: {node: toy.total, from: {values: a}}}",
     "nodes: {l: {node: toy.numbers}, a: {node: toy.add, from: {a: 'l[*]'}}, t: {node: toy.total, from: {values: a}}}"),
    ("a mapped one is not stood for by what is not mapped",
     f"nodes: {{{N}, l: {{node: toy.numbers}}, w: {{node: toy.text}}, m: {{node: toy.named, from: {{name: 'w2[*]', value: n}}, mode: bypass}}, w2: {{node: toy.names}}, t: {{node: toy.total, from: {{values: m}}}}}}",
     f"nodes: {{{N}, l: {{node: toy.numbers}}, w: {{node: toy.text}}, w2: {{node: toy.names}}}}"),
    ("a list of links is passed on whole",
     f"nodes: {{{N}, m: {{node: toy.reverse, from: {{values: [n, n]}}, mode: bypass}}, t: {{node: toy.total, from: {{values: m}}}}}}",
     f"nodes: {{{N}, t: {{node: toy.total, from: {{values: [n, n]}}}}}}"),
    ("a list of links is nothing that can be mapped over",
     f"nodes: {{{N}, m: {{node: toy.reverse, from: {{values: [n, n]}}, mode: bypass}}, a: {{node: toy.add, from: {{a: 'm[*]'}}}}}}\noutputs: {{n: n, m: m}}",
     f"nodes: {{{N}}}\noutputs: {{n: n}}"),
    ("a declared input can stand for it, also as an output",
     "inputs: {i: {type: int, default: 4}}\nnodes: {m: {node: toy.add, from: {a: inputs.i}, mode: bypass}, a: {node: toy.add, from: {a: m}}}\noutputs: {m: m, a: a}",
     "inputs: {i: {type: int, default: 4}}\nnodes: {a: {node: toy.add, from: {a: inputs.i}}}\noutputs: {m: inputs.i, a: a}"),
    ("a ring of them leads nowhere",
     f"nodes: {{{N}, x: {{node: toy.add, from: {{a: y}}, mode: bypass}}, y: {{node: toy.add, from: {{a: x}}, mode: bypass}}, a: {{node: toy.add, from: {{a: n, b: y}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("what a muted one feeds falls behind it",
     f"nodes: {{{N}, x: {{node: toy.number, mode: mute}}, y: {{node: toy.add, from: {{a: x}}, mode: bypass}}, a: {{node: toy.add, from: {{a: n, b: y}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("links of an older version are upgraded first",
     f"nodes: {{{N}, m: {{node: toy.renamed, version: 1, from: {{old: n}}, mode: bypass}}, a: {{node: toy.add, from: {{a: m}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    # sub-workflows
    ("a sub-workflow is muted as a whole",
     f"nodes: {{{N}, s: {{node: 'subgraph:s', from: {{v: n}}, mode: mute}}, a: {{node: toy.add, from: {{a: n, b: s.x}}}}}}\nsubgraphs: {{s: {{inputs: {{v: {{type: int}}}}, nodes: {{a: {{node: toy.add, from: {{a: inputs.v}}}}}}, outputs: {{x: a}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("a sub-workflow is bypassed by the types of its face",
     f"nodes: {{{N}, w: {{node: toy.text}}, s: {{node: 'subgraph:s', from: {{t: w, v: n}}, mode: bypass}}, a: {{node: toy.add, from: {{a: s.x}}}}}}\nsubgraphs: {{s: {{inputs: {{t: {{type: text}}, v: {{type: int}}}}, nodes: {{a: {{node: toy.add, from: {{a: inputs.v}}}}}}, outputs: {{x: a}}}}}}",
     f"nodes: {{{N}, w: {{node: toy.text}}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("an output lost inside is lost outside",
     f"nodes: {{{N}, s: {{node: 'subgraph:s'}}, a: {{node: toy.add, from: {{a: n, b: s.x}}}}, b: {{node: toy.add, from: {{a: s.x}}}}, c: {{node: toy.add, from: {{a: s.y}}}}}}\nsubgraphs: {{s: {{nodes: {{m: {{node: toy.number, mode: mute}}, k: {{node: toy.number}}}}, outputs: {{x: m, y: k}}}}}}",
     f"nodes: {{{N}, s: {{node: 'subgraph:s'}}, a: {{node: toy.add, from: {{a: n}}}}, c: {{node: toy.add, from: {{a: s.y}}}}}}\nsubgraphs: {{s: {{nodes: {{k: {{node: toy.number}}}}, outputs: {{y: k}}}}}}"),
    ("a bypass inside leads outside",
     f"nodes: {{{N}, s: {{node: 'subgraph:s', from: {{v: n}}}}, a: {{node: toy.add, from: {{a: s.x}}}}}}\nsubgraphs: {{s: {{inputs: {{v: {{type: int}}}}, nodes: {{m: {{node: toy.add, from: {{a: inputs.v}}, mode: bypass}}}}, outputs: {{x: m}}}}}}",
     f"nodes: {{{N}, a: {{node: toy.add, from: {{a: n}}}}}}"),
    ("a required face falls with what feeds it, a default stays",
     f"nodes: {{{N}, m: {{node: toy.number, mode: mute}}, r: {{node: 'subgraph:s', from: {{v: m}}}}, o: {{node: 'subgraph:s', from: {{v: n, w: m}}}}}}\nsubgraphs: {{s: {{inputs: {{v: {{type: int}}, w: {{type: int, default: 9}}}}, nodes: {{a: {{node: toy.add, from: {{a: inputs.v, b: inputs.w}}}}}}, outputs: {{x: a}}}}}}",
     f"nodes: {{{N}, o: {{node: 'subgraph:s', from: {{v: n}}}}}}\nsubgraphs: {{s: {{inputs: {{v: {{type: int}}, w: {{type: int, default: 9}}}}, nodes: {{a: {{node: toy.add, from: {{a: inputs.v, b: inputs.w}}}}}}, outputs: {{x: a}}}}}}"),
    ("a mapped sub-workflow is settled too",
     "nodes: {l: {node: toy.numbers}, s: {node: 'subgraph:s', from: {v: 'l[*]'}}, t: {node: toy.total, from: {values: s.x}}, u: {node: toy.total, from: {values: s.y}}}\nsubgraphs: {s: {inputs: {v: {type: int}}, nodes: {m: {node: toy.add, from: {a: inputs.v}, mode: bypass}, a: {node: toy.add, from: {a: m}}, z: {node: toy.number, mode: mute}}, outputs: {x: a, y: z}}}",
     "nodes: {l: {node: toy.numbers}, s: {node: 'subgraph:s', from: {v: 'l[*]'}}, t: {node: toy.total, from: {values: s.x}}}\nsubgraphs: {s: {inputs: {v: {type: int}}, nodes: {a: {node: toy.add, from: {a: inputs.v}}}, outputs: {x: a}}}"),
    ("so is the body of a loop",
     "nodes: {l: {node: toy.loop, with: {body: 'subgraph:s', value: 1, times: 3}}}\nsubgraphs: {s: {inputs: {value: {type: int}}, nodes: {m: {node: toy.same, from: {value: inputs.value}, mode: bypass}, a: {node: toy.add, from: {a: m}}}, outputs: {value: a}}}",
     "nodes: {l: {node: toy.loop, with: {body: 'subgraph:s', value: 1, times: 3}}}\nsubgraphs: {s: {inputs: {value: {type: int}}, nodes: {a: {node: toy.add, from: {a: inputs.value}}}, outputs: {value: a}}}"),
]  # fmt: skip


@node
def blend(count: int = 0, level: float = 0.0) -> float:
    """A float of an int and a float."""
    return count + level


@node
def named(name: str = "", value: int = 0) -> int:
    """A number with a name."""
    return value


@node
def names() -> list[str]:
    """Some names."""
    return ["a", "b"]


@node
def reverse(values: list[int]) -> list[int]:
    """A list from behind."""
    return values[::-1]


@node(version=2)
def renamed(new: int) -> int:
    """A node whose input had another name."""
    return new


@renamed.upgrade(1)
def _from_1(inputs):
    return {"new": inputs["old"]}


class Both(NamedTuple):
    """Two outputs of different types."""

    coin: Coin
    count: int


@node
def swap(coin: Coin) -> Both:
    """A coin and how many."""
    return Both(coin, 1)


MORE = [blend, named, names, renamed, reverse, swap]


def graph_of(text):
    made = engine(None, *MORE)
    flow = workflow(text)
    return made, flow, made.graph(flow)


def shown(text):
    """The nodes, values, links and keys of a graph, and the results of its run."""
    made, flow, graph = graph_of(text)
    plan = made.plan(flow)
    result = made.run(flow)
    assert result.status == "ok", result.error
    nodes = {name: (node.type, plain(node.values), node.links, node.outputs) for name, node in graph.nodes.items()}
    return nodes, graph.outputs, dict(plan.keys), plan.targets, result.outputs


def plain(values):
    """Values without the bodies of loops, which are settled when they are laid out, and whose keys are in the node's."""
    return {name: value for name, value in values.items() if not isinstance(value, Workflow)}


@pytest.mark.parametrize(("told", "with_modes", "without"), SAME, ids=[case[0] for case in SAME])
def test_it_is_as_if_written_without(told, with_modes, without):
    assert shown(with_modes) == shown(without)


LEFT_OUT = [
    ("nodes: {a: {node: toy.number, mode: mute}, b: {node: toy.add, from: {a: a}}, c: {node: toy.add, from: {a: b}}, k: {node: toy.number}}",
     {"a": "is muted", "b": "needs 'a', but 'a' is muted", "c": "needs 'a', but 'a' is muted"}),
    ("nodes: {a: {node: toy.half, with: {value: 1}, mode: bypass}, b: {node: toy.half, from: {value: a}}, k: {node: toy.number}}",
     {"a": "is bypassed", "b": "needs 'value', but 'a' is bypassed, and no input of type float is linked to stand for 'number'"}),
    ("nodes: {a: {node: toy.zzz, mode: bypass}, b: {node: toy.half, from: {value: a.x}}, k: {node: toy.number}}",
     {"a": "is bypassed", "b": "needs 'value', but 'a' is bypassed, and its type is not known here"}),
    ("nodes: {s: {node: 'subgraph:s'}, b: {node: toy.add, from: {a: s.x}}}\nsubgraphs: {s: {nodes: {m: {node: toy.number, mode: mute}, k: {node: toy.number}}, outputs: {x: m}}}",
     {"b": "needs 'a', but 's' does not give 'x': 'm' is muted", "s/m": "is muted"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LEFT_OUT)
def test_what_does_not_run_says_why(text, expected):
    made, flow, graph = graph_of(text)
    assert graph.left_out == expected
    steps = {step.node: (step.state, step.reason) for step in made.plan(flow).steps if step.state == "left out"}
    assert steps == {name: ("left out", why) for name, why in graph.left_out.items()}


WRONG = [
    ("nodes:\n  a: {node: toy.number, mode: muted}", "3: node 'a': mode wants mute or bypass, or is left out for a node that runs; found 'muted'. Did you mean 'mute'?"),
    ("nodes:\n  a: {node: toy.number, mode: 1}", "3: node 'a': mode wants mute or bypass, or is left out for a node that runs; found 1."),
    ("nodes:\n  a: {node: toy.number, mode: mute}\n  b: {node: toy.add, from: {a: a}}", "2: nothing is left to run: 'a' is muted; 'b' needs 'a', but 'a' is muted; take the mode of a node away"),
    ("nodes:\n  a: {node: toy.number, mode: mute}\n  b: {node: toy.ad}", "4: unknown node 'toy.ad'. Did you mean 'toy.add'?"),
    ("nodes:\n  a: {node: toy.text, mode: mute}\n  s: {node: 'subgraph:s'}\nsubgraphs: {s: {nodes: {s: {node: 'subgraph:s', mode: bypass}, t: {node: 'subgraph:s'}}}}", "5: a sub-workflow contains itself: subgraph:s -> subgraph:s"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_what_is_wrong_is_told_with_its_place(text, expected):
    try:
        found = engine(None).check(workflow(text))
    except WorkflowError as error:
        found = error.problems
    assert [str(problem).removeprefix("flow.yaml:") for problem in found] == [expected]


def test_a_muted_node_is_no_target():
    made, flow, _ = graph_of("nodes: {a: {node: toy.number, mode: mute}, k: {node: toy.number}}")
    with pytest.raises(InputError, match=r"'a' does not run: it is muted; take the mode away"):
        made.plan(flow, targets=["a"])


def test_modes_travel_in_every_form(tmp_path):
    text = "nodes: {n: {node: toy.number, title: N, mode: mute, with: {value: 3}}, k: {node: toy.number}, b: {node: toy.same, from: {value: k}, mode: bypass}}"
    made, flow, graph = graph_of(text)
    assert [entry.mode for entry in flow.nodes.values()] == ["mute", "", "bypass"]
    (tmp_path / "flow.yaml").write_text(to_yaml(flow))
    assert load(tmp_path / "flow.yaml") == flow
    data = portable_data(graph, {}, made.registry)
    again = parse_workflow(read_json(json.dumps(data)))
    assert [entry.mode for entry in again.nodes.values()] == ["mute", "", "bypass"]
    assert list(made.graph(again).nodes) == ["k"]


@pytest.mark.parametrize(("mode", "right"), [("mute", True), ("bypass", True), ("off", False), ("", False), (1, False)])
def test_the_schema_knows_the_modes(mode, right):
    document = {"format": 1, "nodes": {"n": {"node": "toy.number", "mode": mode}}}
    assert jsonschema.Draft202012Validator(workflow_schema(registry())).is_valid(document) == right


def test_a_file_with_modes_is_settled_where_it_is_used(tmp_path):
    (tmp_path / "inner.yaml").write_text(
        "format: 1\nnodes: {m: {node: toy.number, mode: mute}, k: {node: toy.number}}\noutputs: {x: m, y: k}\n"
    )
    (tmp_path / "broken.yaml").write_text("format: 2\n")
    text = "nodes: {s: {node: 'workflow:inner.yaml'}, a: {node: toy.add, with: {a: 1}, from: {b: s.x}}, c: {node: toy.add, from: {a: s.x, b: s.y}}}"
    made = engine(None)
    graph = made.graph(workflow(text, tmp_path / "outer.yaml"))
    assert set(graph.nodes) == {"a", "s/k"}
    assert graph.reads_files
    wrong = workflow(
        "nodes: {s: {node: 'workflow:broken.yaml'}, a: {node: toy.add, from: {a: s.x}}}", tmp_path / "outer.yaml"
    )
    assert any("format 2" in str(problem) for problem in made.check(wrong))


def test_ten_thousand_bypassed_nodes_are_passed_by_in_no_time():
    flow = chain(10_000)
    nodes = {
        name: NodeEntry(entry.type, entry.values, entry.links, mode="bypass" if name != "n0" else "")
        for name, entry in flow.nodes.items()
    }
    flow = Workflow(nodes, flow.inputs, flow.outputs)
    assert list(engine(None).graph(flow).nodes) == ["n0"]
    nodes = {**nodes, "n0": NodeEntry("toy.number", mode="mute")}
    nodes |= {f"u{index}": NodeEntry("toy.add", links={"a": Link(f"n{index}")}) for index in range(5000)}
    nodes["k"] = NodeEntry("toy.number")
    assert list(
        engine(None).graph(Workflow(nodes, {"first": InputDecl("first", "int", 0, has_default=True)})).nodes
    ) == ["k"]
