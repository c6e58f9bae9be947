"""Keys: equal in every process and after every change of the code, different for every change that counts.

`python -m tests.engine.test_keys` writes the golden file anew; do that only when keys are meant to change (and raise
SCHEME then), because every user's cache becomes useless.
"""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_engine import Context, Link, NodeEntry, Workflow
from graph_engine.checker import check
from graph_engine.plan import make_plan

from .toys import engine, registry, workflow

GOLDEN = Path(__file__).with_name("keys.json")

SUB = """
subgraphs:
  inc:
    inputs: {value: {type: any}, by: {type: int, default: 1}}
    nodes: {sum: {node: toy.add, from: {a: inputs.value, b: inputs.by}}}
    outputs: {value: sum}
"""

GRAPHS: dict[str, str] = {
    "default": "nodes: {x: {node: toy.number}}",
    "zero": "nodes: {x: {node: toy.number, with: {value: 0}}}",
    "one": "nodes: {x: {node: toy.number, with: {value: 1}}}",
    "negative": "nodes: {x: {node: toy.number, with: {value: -1}}}",
    "large": "nodes: {x: {node: toy.number, with: {value: 9223372036854775807}}}",
    "float from int": "nodes: {x: {node: toy.half, with: {value: 1}}}",
    "float": "nodes: {x: {node: toy.half, with: {value: 0.1}}}",
    "small float": "nodes: {x: {node: toy.half, with: {value: 1e-300}}}",
    "choice": "nodes: {x: {node: toy.half, with: {value: 1, method: up}}}",
    "text": "nodes: {x: {node: toy.text, with: {value: hello}}}",
    "empty text": "nodes: {x: {node: toy.text, with: {value: ''}}}",
    "unicode": "nodes: {x: {node: toy.text, with: {value: 'h\u00e9llo \u4f60\u597d \U0001f600'}}}",
    "quotes": "nodes: {x: {node: toy.text, with: {value: 'a\"b'}}}",
    "any null list": "nodes: {x: {node: toy.anything, with: {value: [null, true, 1, 1.5, x]}}}",
    "any mapping": "nodes: {x: {node: toy.anything, with: {value: {b: 1, a: {c: 2}}}}}",
    "list of one": "nodes: {x: {node: toy.total, with: {values: [1]}}}",
    "list": "nodes: {x: {node: toy.total, with: {values: [1, 2, 3]}}}",
    "link": "nodes: {n: {node: toy.number}, x: {node: toy.add, from: {a: n}}}",
    "link with value": "nodes: {n: {node: toy.number}, x: {node: toy.add, with: {b: 2}, from: {a: n}}}",
    "two links": "nodes: {n: {node: toy.number}, x: {node: toy.add, from: {a: n, b: n}}}",
    "named outputs": "nodes: {d: {node: toy.divide, with: {a: 7}}, x: {node: toy.add, from: {a: d.whole, b: d.rest}}}",
    "outputs swapped": "nodes: {d: {node: toy.divide, with: {a: 7}}, x: {node: toy.add, from: {a: d.rest, b: d.whole}}}",
    "list of links": "nodes: {a: {node: toy.number}, b: {node: toy.number, with: {value: 1}}, x: {node: toy.total, from: {values: [a, b]}}}",
    "list of links reversed": "nodes: {a: {node: toy.number}, b: {node: toy.number, with: {value: 1}}, x: {node: toy.total, from: {values: [b, a]}}}",
    "empty list of links": "nodes: {x: {node: toy.total, from: {values: []}}}",
    "list with input": "inputs: {i: {type: int, default: 5}}\nnodes: {a: {node: toy.number}, x: {node: toy.total, from: {values: [a, inputs.i]}}}",
    "declared input": "inputs: {i: {type: int, default: 5}}\nnodes: {x: {node: toy.number, from: {value: inputs.i}}}",
    "generic": "nodes: {c: {node: toy.mint}, x: {node: toy.same, from: {value: c}}}",
    "mapped": "nodes: {l: {node: toy.numbers}, x: {node: toy.add, from: {a: 'l[*]'}}}",
    "not mapped": "nodes: {l: {node: toy.numbers}, x: {node: toy.total, from: {values: l}}}",
    "mapped twice": "nodes: {l: {node: toy.numbers}, x: {node: toy.add, from: {a: 'l[*]', b: 'l[*]'}}}",
    "mapped twice, other order": "nodes: {l: {node: toy.numbers}, x: {node: toy.add, from: {b: 'l[*]', a: 'l[*]'}}}",
    "mapped input": "inputs: {i: {type: 'list[int]', default: [1, 2]}}\nnodes: {x: {node: toy.add, from: {a: 'inputs.i[*]'}}}",
    "lazy": "nodes: {n: {node: toy.number}, x: {node: toy.choose, with: {condition: true, 'no': 2}, from: {'yes': n}}}",
    "context": "nodes: {x: {node: toy.steps}}",
    "expansion": "nodes: {x: {node: toy.sum_to, with: {count: 2}}}",
    "sub-workflow": "nodes: {x: {node: 'subgraph:inc', with: {value: 1}}}" + SUB,
    "mapped sub-workflow": "nodes: {l: {node: toy.numbers}, x: {node: 'subgraph:inc', from: {value: 'l[*]'}}}" + SUB,
    "mapped sub-workflow by 2": "nodes: {l: {node: toy.numbers}, x: {node: 'subgraph:inc', with: {by: 2}, from: {value: 'l[*]'}}}" + SUB,
    "loop": "nodes: {x: {node: toy.loop, with: {body: 'subgraph:inc', value: 1}}}" + SUB,
    "mapped loop": "nodes: {l: {node: toy.numbers}, x: {node: toy.loop, with: {body: 'subgraph:inc'}, from: {value: 'l[*]'}}}" + SUB,
}  # fmt: skip


def keys_of(flow: Workflow, inputs: dict[str, Any] | None = None, *more: Any) -> dict[str, str]:
    graph = check(flow, registry(*more))
    return make_plan(graph, inputs or {}, (), Context(), None).keys


def all_keys() -> dict[str, dict[str, str]]:
    return {name: keys_of(workflow(text)) for name, text in GRAPHS.items()}


@pytest.fixture(autouse=True)
def one_torch(monkeypatch):
    monkeypatch.setattr("graph_engine.plan._torch_version", lambda: "2.13")


def test_keys_are_those_of_the_golden_file():
    assert all_keys() == json.loads(GOLDEN.read_text())


def test_different_graphs_have_different_keys():
    ends = {name: list(keys.values())[-1] for name, keys in all_keys().items()}
    same = [{"default", "zero"}, {"mapped twice", "mapped twice, other order"}]
    for name, key in ends.items():
        for other, other_key in ends.items():
            equal = name == other or {name, other} in same
            assert (key == other_key) is equal, (name, other)


def test_keys_are_equal_in_another_process_with_other_hashes():
    code = "import json, tests.engine.test_keys as t, graph_engine.plan as p\np._torch_version = lambda: '2.13'\nprint(json.dumps(t.all_keys()))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == all_keys()


def test_titles_positions_ids_places_and_unrelated_nodes_do_not_count():
    plain = workflow("nodes:\n  n: {node: toy.number}\n  x: {node: toy.add, from: {a: n}}")
    told = workflow(
        "title: T\ndescription: D\nui: {n: {x: 5}}\nnodes:\n  other: {node: toy.mint}\n"
        "  y: {node: toy.add, title: Sum, version: 1, from: {a: m}}\n  m: {node: toy.number, title: Start}"
    )
    assert keys_of(plain)["x"] == keys_of(told)["y"]


def test_a_value_counts_alike_however_it_gets_there():
    texts = [
        "nodes: {x: {node: toy.number, with: {value: 5}}}",
        "inputs: {i: {type: int, default: 5}}\nnodes: {x: {node: toy.number, from: {value: inputs.i}}}",
        "nodes: {x: {node: 'subgraph:s', with: {i: 5}}}\nsubgraphs: {s: {inputs: {i: {type: int}}, nodes: {x: {node: toy.number, from: {value: inputs.i}}}}}",
    ]
    assert len({next(iter(keys_of(workflow(text)).values())) for text in texts}) == 1


def test_a_new_version_counts_also_inside_maps_and_loops():
    from . import toys

    newer = toys.node(version=2)(toys.add.__wrapped__)
    for name in ["link", "mapped", "sub-workflow", "mapped sub-workflow", "loop", "mapped loop"]:
        before, after = (list(keys_of(workflow(GRAPHS[name]), None, *more).values())[-1] for more in ((), (newer,)))
        assert before != after, name


def test_a_default_inside_a_mapped_sub_workflow_counts():
    text = GRAPHS["loop"]
    assert keys_of(workflow(text))["x"] != keys_of(workflow(text.replace("default: 1", "default: 2")))["x"]


def test_what_does_not_reach_the_outputs_of_a_sub_workflow_and_its_titles_do_not_count():
    text = GRAPHS["mapped sub-workflow"]
    other = text.replace(
        "    nodes: {sum:", "    title: Increment\n    nodes: {idle: {node: toy.mint}, total:"
    ).replace("outputs: {value: sum}", "outputs: {value: total}")
    assert keys_of(workflow(text))["x"] == keys_of(workflow(other))["x"]


def test_the_device_counts_only_where_it_matters():
    graph = check(workflow("nodes: {a: {node: toy.number}, b: {node: toy.steps}}"), registry())
    cpu, cuda = (make_plan(graph, {}, (), Context(device=name), None).keys for name in ("cpu", "cuda"))
    assert cpu["a"] == cuda["a"]
    assert cpu["b"] != cuda["b"]


def test_the_device_counts_inside_a_mapped_sub_workflow():
    text = "nodes: {l: {node: toy.numbers}, x: {node: 'subgraph:s', from: {n: 'l[*]'}}}\nsubgraphs: {s: {inputs: {n: {type: int}}, nodes: {y: {node: toy.steps, from: {count: inputs.n}}}, outputs: {y: y}}}"
    graph = check(workflow(text), registry())
    cpu, cuda = (make_plan(graph, {}, (), Context(device=name), None).keys for name in ("cpu", "cuda"))
    assert cpu["x"] != cuda["x"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e9, 1e9) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(plain, plain)
def test_any_change_of_a_value_changes_the_key_of_its_node_and_of_all_behind_it(first, second):
    def keys(value: Any) -> dict[str, str]:
        nodes = {
            "x": NodeEntry("toy.anything", {"value": [value]}),
            "y": NodeEntry("toy.same", links={"value": Link("x")}),
            "z": NodeEntry("toy.number"),
        }
        return keys_of(Workflow(nodes))

    one, two = keys(first), keys(second)
    equal = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (one["x"] == two["x"], one["y"] == two["y"], one["z"] == two["z"]) == (equal, equal, True)


def test_a_remembered_graph_gives_the_keys_of_its_inputs():
    one, flow = engine(None), workflow(GRAPHS["declared input"])
    assert one.plan(flow, {"i": 1}).keys != one.plan(flow, {"i": 2}).keys
    assert one.plan(flow, {"i": 1}).keys == one.plan(replace(flow), {"i": 1}).keys


if __name__ == "__main__":
    from graph_engine import plan

    plan._torch_version = lambda: "2.13"  # type: ignore[assignment]
    GOLDEN.write_text(json.dumps(all_keys(), indent=1) + "\n")
