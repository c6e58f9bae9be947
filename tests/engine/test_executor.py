"""Walking a plan: order, maps, expansions, failures, and letting go of values."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import gc
import sys
import time
import weakref
from dataclasses import dataclass
from typing import Any

import pytest

from graph_engine import Expansion, InputDecl, Link, NodeEntry, Workflow, events, kind, node
from graph_engine.run import Execution

from . import toys
from .toys import chain, engine, states, workflow


@kind(color="#000000")
@dataclass(frozen=True, eq=False)
class Heavy:
    """Something large."""

    value: int


def run(text: str, *more: Any, **inputs: Any) -> Any:
    return engine(None, *more).run(workflow(text), inputs)


def started(found: list[Any]) -> list[str]:
    return [event.node for event in found if isinstance(event, events.NodeStarted)]


DIAMOND = """\
nodes:
  d: {node: toy.add, from: {a: b, b: c}}
  b: {node: toy.add, from: {a: a}}
  c: {node: toy.add, with: {b: 5}, from: {a: a}}
  a: {node: toy.number, with: {value: 1}}
outputs: {d: d}
"""


def test_a_diamond_runs_each_node_once_after_what_it_needs():
    seen: list[Any] = []
    result = engine(None).run(workflow(DIAMOND), on_event=seen.append)
    assert result.outputs == {"d": 8}
    assert started(seen) == ["a", "b", "c", "d"]
    assert [type(event) for event in seen] == [
        events.RunStarted, *[events.NodeStarted, events.NodeFinished] * 4, events.RunFinished,
    ]  # fmt: skip


VALUES = [
    ("l: {node: toy.numbers}\n  x: {node: toy.add, from: {a: 'l[*]'}}", [1, 2, 3]),
    ("l: {node: toy.numbers, with: {count: 0}}\n  x: {node: toy.add, from: {a: 'l[*]'}}", []),
    ("l: {node: toy.numbers}\n  x: {node: toy.add, from: {a: 'l[*]', b: 'l[*]'}}", [0, 2, 4]),
    ("l: {node: toy.numbers}\n  n: {node: toy.number, with: {value: 9}}\n  x: {node: toy.add, from: {a: 'l[*]', b: n}}", [9, 10, 11]),
    ("l: {node: toy.mints}\n  w: {node: toy.worth, from: {coin: 'l[*]'}}\n  x: {node: toy.total, from: {values: w}}", 1),
    ("l: {node: toy.mints}\n  s: {node: toy.same, from: {value: 'l[*]'}}\n  x: {node: toy.purse, from: {coins: s}}", 1),
    ("l: {node: toy.numbers}\n  d: {node: toy.divide, with: {b: 2}, from: {a: 'l[*]'}}\n  x: {node: toy.same, from: {value: d.rest}}", [None, 1, None]),
    ("l: {node: toy.numbers}\n  x: {node: toy.sum_to, from: {count: 'l[*]'}}", [0, 1, 2]),
    ("x: {node: toy.sum_to, with: {count: 5}}", 5),
    ("x: {node: toy.add_twice, with: {a: 5}}", 7),
    ("n: {node: toy.number, with: {value: 5}}\n  x: {node: toy.add_twice, from: {a: n}}", 7),
    ("n: {node: toy.number}\n  x: {node: toy.add_many, with: {levels: 5}, from: {a: n}}", 5),
    ("x: {node: toy.add_many, with: {levels: 0, a: 3}}", 3),
    ("a: {node: toy.mint}\n  b: {node: toy.mint, with: {value: 4}}\n  x: {node: toy.purse, from: {coins: [b, a, b]}}", 9),
    ("x: {node: toy.purse, from: {coins: []}}", 0),
    ("x: {node: toy.pick, with: {items: [5, 6], index: 1}}", 6),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "value"), VALUES)
def test_what_graphs_compute(nodes, value):
    result = run(f"nodes:\n  {nodes}\noutputs: {{x: x}}")
    assert result.error is None
    assert result.outputs == {"x": value}


INC = "subgraphs:\n  inc:\n    inputs: {value: {type: any}, by: {type: int, default: 1}}\n    nodes: {sum: {node: toy.add, from: {a: inputs.value, b: inputs.by}}}\n    outputs: {value: sum}\n"

SUB_VALUES = [
    ("x: {node: 'subgraph:inc', with: {value: 5, by: 2}}", 7),
    ("l: {node: toy.numbers}\n  x: {node: 'subgraph:inc', with: {by: 5}, from: {value: 'l[*]'}}", [5, 6, 7]),
    ("l: {node: toy.numbers}\n  x: {node: 'subgraph:inc', from: {value: 'l[*]', by: 'l[*]'}}", [0, 2, 4]),
    ("x: {node: toy.loop, with: {body: 'subgraph:inc', times: 4, value: 1}}", 5),
    ("l: {node: toy.numbers}\n  x: {node: toy.loop, with: {body: 'subgraph:inc'}, from: {value: 'l[*]'}}", [2, 3, 4]),
    ("a: {node: 'subgraph:inc', with: {value: 0}}\n  b: {node: 'subgraph:inc', from: {value: a}}\n  x: {node: toy.add, from: {a: b}}", 3),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "value"), SUB_VALUES)
def test_what_sub_workflows_compute(nodes, value):
    result = run(f"nodes:\n  {nodes}\noutputs: {{x: x}}\n{INC}")
    assert result.error is None
    assert result.outputs == {"x": value}


def test_a_list_of_links_goes_through_a_mapped_sub_workflow_and_out_again():
    sub = "subgraphs:\n  s:\n    inputs: {xs: {type: 'list[int]'}, n: {type: int}}\n    nodes: {t: {node: toy.total, from: {values: inputs.xs}}}\n    outputs: {t: t, xs: inputs.xs}"
    nodes = "n: {node: toy.number, with: {value: 2}}\n  l: {node: toy.numbers}\n  x: {node: 'subgraph:s', from: {xs: [n, n], n: 'l[*]'}}"
    result = run(f"nodes:\n  {nodes}\noutputs: {{t: x.t, xs: x.xs}}\n{sub}")
    assert result.outputs == {"t": [4, 4, 4], "xs": [[2, 2]] * 3}


FAILURES = [
    (
        "l: {node: toy.numbers}\n  m: {node: toy.numbers, with: {count: 2}}\n  x: {node: toy.add, from: {a: 'l[*]', b: 'm[*]'}}",
        "x",
        "the lists behind [*] must be of one length: a has 3, b has 2; cross them with core.cross",
    ),
    (
        "v: {node: toy.anything, with: {value: abc}}\n  x: {node: toy.text, from: {value: 'v[*]'}}",
        "x",
        "input 'value' is mapped by [*] and wants a list, found str",
    ),
    ("d: {node: toy.divide, with: {a: 20}}\n  x: {node: toy.add, from: {a: d.rest}}", "x", "input 'a' wants int, but d.rest gives nothing; what d gives: whole"),
    ("v: {node: toy.anything, with: {value: sideways}}\n  x: {node: toy.half, with: {value: 1}, from: {method: v}}", "x", "input 'method' wants one of down, up; found 'sideways'."),
    ("n: {node: toy.number, with: {value: 0}}\n  x: {node: toy.half, with: {value: 1}, from: {size: n}}", "x", "input 'size' wants 1 to 100, found 0"),
    ("x: {node: toy.fail}", "x", "no luck"),
    ("l: {node: toy.numbers}\n  x: {node: toy.fail, from: {a: 'l[*]'}}", "x[0]", "no luck"),
    ("x: {node: toy.leave}", "x", "3"),
    ("x: {node: toy.leave_later}", "x", "3"),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "failed", "message"), FAILURES)
def test_a_failing_node_is_named_with_its_place_and_ends_the_run_only(nodes, failed, message):
    begun = time.monotonic()
    result = run(f"nodes:\n  {nodes}\noutputs: {{x: x}}")
    assert result.status == "failed"
    assert (result.error.node, result.error.message) == (failed, message)
    assert result.error.where.startswith("flow.yaml:")
    assert result.nodes[failed].state == "failed"
    assert result.outputs == {}
    assert time.monotonic() - begun < 2


def test_what_ran_before_a_failure_is_kept(folder):
    text = "nodes:\n  a: {node: toy.number, with: {value: 5}}\n  x: {node: toy.fail, from: {a: a}}\n"
    one = engine(folder)
    assert states(one.run(workflow(text))) == {"a": "ran", "x": "failed"}
    assert states(one.run(workflow(text))) == {"a": "memory", "x": "failed"}


def test_a_fragment_that_is_wrong_fails_its_node():
    @node
    def make() -> Expansion[int]:
        """A workflow with a mistake."""
        return Expansion(Workflow({"a": NodeEntry("toy.ad")}, outputs={"number": Link("a")}))

    result = run("nodes: {x: {node: toy.make}}\noutputs: {x: x}", make)
    assert (result.error.node, result.error.message) == ("x", "unknown node 'toy.ad'. Did you mean 'toy.add'?")


def test_an_endless_loop_of_expansions_is_stopped(monkeypatch):
    monkeypatch.setattr(sys.modules[Execution.__module__], "_MAX_EXPANDED_NODES", 500)

    @node
    def grow(count: int = 0) -> Expansion[int]:
        """Makes 100 nodes and itself again."""
        nodes = {f"n{i}": NodeEntry("toy.number", {"value": i}) for i in range(100)}
        nodes["more"] = NodeEntry("toy.grow", {"count": count + 1})
        return Expansion(Workflow(nodes, outputs={"number": Link("more")}))

    result = run("nodes: {x: {node: toy.grow}}\noutputs: {x: x}", grow)
    assert "expanding makes more than 500 nodes; is a loop without an end?" in result.error.message


# Memory and cost ----------------------------------------------------------------------------------------------------


def test_values_are_let_go_when_nobody_needs_them_any_more():
    alive: list[Any] = []
    counts: list[int] = []

    @node
    def heavy(before: Heavy | None = None) -> Heavy:
        """The next one."""
        made = Heavy(0)
        gc.collect()
        counts.append(sum(ref() is not None for ref in alive))
        alive.append(weakref.ref(made))
        return made

    nodes = {"h0": NodeEntry("toy.heavy")}
    for index in range(1, 30):
        nodes[f"h{index}"] = NodeEntry("toy.heavy", links={"before": Link(f"h{index - 1}")})
    result = engine(None, heavy).run(Workflow(nodes, outputs={"x": Link("h29")}), use_cache=False)
    assert result.status == "ok"
    assert max(counts) <= 2
    gc.collect()
    assert sum(ref() is not None for ref in alive) == 1


def test_a_chain_of_10_000_nodes_runs_in_linear_time():
    one, flow = engine(None), chain(10_000)
    begun = time.process_time()
    assert one.run(flow).outputs == {"result": 9_999}
    assert time.process_time() - begun < 5


def test_a_loop_of_2_000_rounds_runs_in_linear_time():
    def seconds(times: int) -> float:
        begun = time.process_time()
        text = f"nodes: {{x: {{node: toy.loop, with: {{body: 'subgraph:inc', value: 0, times: {times}}}}}}}\noutputs: {{x: x}}\n{INC}"
        assert run(text).outputs == {"x": times}
        return time.process_time() - begun

    seconds(10)
    assert min(seconds(2_000) for _ in range(3)) < 24 * max(seconds(250), 0.02)  # 8 times the work; squared it is 64


def test_a_map_over_2_000_elements_runs_in_linear_time():
    def seconds(count: int) -> float:
        begun = time.process_time()
        text = f"nodes:\n  l: {{node: toy.numbers, with: {{count: {count}}}}}\n  x: {{node: 'subgraph:inc', from: {{value: 'l[*]'}}}}\n  t: {{node: toy.total, from: {{values: x}}}}\noutputs: {{t: t}}\n{INC}"
        assert run(text).outputs == {"t": count * (count + 1) // 2}
        return time.process_time() - begun

    seconds(10)
    assert min(seconds(2_000) for _ in range(3)) < 24 * max(seconds(250), 0.02)  # 8 times the work; squared it is 64


# Debug --------------------------------------------------------------------------------------------------------------

SPOIL = "nodes:\n  n: {node: toy.noise}\n  s: {node: toy.spoil, from: {blob: n}}\n  d: {node: toy.double, from: {blob: n}}\noutputs: {s: s, d: d}"


def test_debug_finds_a_node_that_writes_into_its_input_and_forgets_the_spoilt_value():
    one = engine(None, debug=True)
    result = one.run(workflow(SPOIL))
    assert (result.error.node, result.error.message) == (
        "s",
        "the node wrote into its input 'blob'; work on a copy (value.clone())",
    )
    right = toys.double(toys.noise()).data
    assert one.run(workflow(SPOIL), targets=["d"]).nodes["n"].state == "ran"
    assert one.run(workflow(SPOIL), targets=["d"]).outputs["d"].data.equal(right)


def test_debug_leaves_workflows_lazy_inputs_and_contexts_alone():
    text = f"nodes:\n  a: {{node: toy.steps}}\n  b: {{node: toy.choose, with: {{condition: true, 'no': 1}}, from: {{'yes': a}}}}\n  x: {{node: toy.loop, with: {{body: 'subgraph:inc'}}, from: {{value: b}}}}\noutputs: {{x: x}}\n{INC}"
    assert engine(None, debug=True).run(workflow(text)).outputs == {"x": 5}


def test_effects_inside_a_mapped_sub_workflow_happen_although_nothing_reads_them(folder):
    sub = "subgraphs:\n  s:\n    inputs: {value: {type: int}}\n    nodes: {f: {node: toy.save, from: {value: inputs.value}}}\n"
    text = f"nodes:\n  l: {{node: toy.numbers}}\n  s: {{node: 'subgraph:s', from: {{value: 'l[*]'}}}}\n{sub}"
    files = folder / "outputs"
    assert engine(folder).run(workflow(text)).status == "ok"
    assert sorted(path.name for path in files.iterdir()) == [f"saved-{i}.txt" for i in range(3)]
    (files / "saved-1.txt").unlink()
    assert engine(folder).run(workflow(text)).status == "ok"
    assert (files / "saved-1.txt").read_text() == "1"


def test_an_input_is_checked_where_a_list_of_links_takes_it():
    from graph_engine.errors import InputError

    flow = workflow(
        "inputs: {a: {type: any}}\nnodes: {t: {node: toy.total, from: {values: [inputs.a, inputs.a]}}}\noutputs: {t: t}"
    )
    assert engine(None).run(flow, {"a": 4}).outputs == {"t": 8}
    with pytest.raises(InputError, match=r"input 'a' feeds t.values, which wants a whole number, found 'x'"):
        engine(None).run(flow, {"a": "x"})
    mapped = Workflow(
        {"n": NodeEntry("toy.number", links={"value": Link("inputs", "a", each=True)})}, {"a": InputDecl("a", "any")}
    )
    with pytest.raises(InputError, match=r"input 'a' feeds n.value by \[\*\] and wants a list, found 5"):
        engine(None).run(mapped, {"a": 5})
