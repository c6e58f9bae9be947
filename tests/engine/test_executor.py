"""Walking a plan: order, maps, expansions, lazy inputs, async nodes, failures, cancellation, and letting go of values."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any

import pytest

from graph_engine import Context, Expansion, InputDecl, Lazy, Link, NodeEntry, Workflow, events, kind, node
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
    ("d: {node: toy.divide, with: {a: 20}}\n  x: {node: toy.add, from: {a: d.rest}}", "x", "input 'a' wants int, but d.rest gives nothing"),
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


# Lazy inputs --------------------------------------------------------------------------------------------------------

SWITCH = """\
inputs: {which: {type: bool}}
nodes:
  good: {node: toy.number, with: {value: 1}}
  bad: {node: toy.fail}
  x: {node: toy.choose, from: {condition: inputs.which, 'yes': good, 'no': bad}}
outputs: {x: x}
"""


def test_a_lazy_input_that_is_not_asked_for_is_not_computed():
    result = run(SWITCH, which=True)
    assert result.outputs == {"x": 1}
    assert states(result) == {"good": "ran", "bad": "skipped", "x": "ran"}


def test_a_lazy_input_that_fails_ends_the_node_that_waits_and_is_the_one_that_is_named():
    ended: list[str] = []

    @node
    async def choose(condition: bool, yes: Lazy[int], no: Lazy[int]) -> int:
        """Like the toy, but says when it ends."""
        try:
            return await (yes if condition else no)
        finally:
            ended.append("ended")

    result = run(SWITCH, choose, which=False)
    assert (result.status, result.error.node, result.error.message) == ("failed", "bad", "no luck")
    assert states(result) == {"good": "skipped", "bad": "failed", "x": "skipped"}
    assert ended == ["ended"]


def test_a_lazy_input_that_the_cache_holds_comes_from_it(folder):
    text = "inputs: {which: {type: bool}}\nnodes:\n  a: {node: toy.number, with: {value: 1}}\n  b: {node: toy.number, with: {value: 2}}\n  x: {node: toy.choose, from: {condition: inputs.which, 'yes': a, 'no': b}}\noutputs: {x: x}"
    flow = workflow(text)
    engine(folder).run(flow, targets=["b"], inputs={"which": True})
    result = engine(folder).run(flow, {"which": False})
    assert (result.outputs, states(result)) == ({"x": 2}, {"a": "skipped", "b": "disk", "x": "ran"})


@pytest.mark.parametrize("use_cache", [True, False])
def test_a_node_runs_once_although_a_lazy_input_asks_for_its_value_late(use_cache):
    calls: list[int] = []

    @node(cache=False)
    def source() -> int:
        """Counts its calls."""
        calls.append(1)
        return len(calls)

    @node
    async def late(now: int, later: Lazy[int]) -> int:
        """Asks only when everything else is long over."""
        await asyncio.sleep(0.1)
        return now * 100 + await later

    text = "nodes:\n  s: {node: toy.source}\n  now: {node: toy.add, from: {a: s}}\n  later: {node: toy.add, from: {a: s}}\n  x: {node: toy.late, from: {now: now, later: later}}\noutputs: {x: x}"
    result = engine(None, source, late).run(workflow(text), use_cache=use_cache)
    assert result.outputs == {"x": 202}
    assert len(calls) == 1


def test_lazy_inputs_inside_expansions_and_maps():
    inner = "subgraphs:\n  s:\n    inputs: {value: {type: int}}\n    nodes:\n      big: {node: toy.add, with: {b: 100}, from: {a: inputs.value}}\n      x: {node: toy.choose, with: {condition: true, 'no': 0}, from: {'yes': big}}\n    outputs: {value: x}\n"
    text = f"nodes:\n  l: {{node: toy.numbers}}\n  x: {{node: 'subgraph:s', from: {{value: 'l[*]'}}}}\n  y: {{node: toy.loop, with: {{body: 'subgraph:s', value: 1, times: 3}}}}\noutputs: {{x: x, y: y}}\n{inner}"
    assert run(text).outputs == {"x": [100, 101, 102], "y": 301}


# Async nodes --------------------------------------------------------------------------------------------------------


def test_async_nodes_wait_together_while_plain_nodes_work():
    running: list[int] = []
    most: list[int] = []

    @node
    async def wait(a: int = 0, seconds: float = 0.1) -> int:
        """Counts how many wait at once."""
        running.append(a)
        most.append(len(running))
        await asyncio.sleep(seconds)
        running.remove(a)
        return a

    waits = "".join(f"  w{i}: {{node: toy.wait, with: {{a: {i}}}}}\n" for i in range(20))
    links = ", ".join(f"w{i}" for i in range(20))
    begun = time.monotonic()
    result = run(f"nodes:\n{waits}  x: {{node: toy.total, from: {{values: [{links}]}}}}\noutputs: {{x: x}}", wait)
    assert result.outputs == {"x": 190}
    assert max(most) == 20
    assert time.monotonic() - begun < 1.9


def test_events_of_async_nodes_come_one_at_a_time():
    inside = threading.Lock()
    clashes: list[str] = []

    @node
    async def tell(context: Context, a: int = 0) -> int:
        """Reports progress from the loop's thread."""
        for step in range(50):
            context.progress(step, 50)
            await asyncio.sleep(0)
        return a

    def listen(_event: Any) -> None:
        if not inside.acquire(blocking=False):
            clashes.append("two at once")
            return
        time.sleep(0.0002)
        inside.release()

    nodes = "".join(
        f"  t{i}: {{node: toy.tell, with: {{a: {i}}}}}\n  s{i}: {{node: toy.steps, with: {{count: {i + 9}}}}}\n"
        for i in range(4)
    )
    assert engine(None, tell).run(workflow(f"nodes:\n{nodes}"), on_event=listen).status == "ok"
    assert clashes == []


def test_an_async_node_that_is_cancelled_by_its_own_doing_fails_as_itself():
    @node
    async def strange() -> int:
        """Cancels itself."""
        raise asyncio.CancelledError

    result = run("nodes: {x: {node: toy.strange}}\noutputs: {x: x}", strange)
    assert (result.status, result.error.node, result.error.type) == ("failed", "x", "CancelledError")


# Cancellation -------------------------------------------------------------------------------------------------------


def test_a_run_is_cancelled_inside_a_node_at_its_next_step():
    cancel = threading.Event()

    def listen(event: Any) -> None:
        if isinstance(event, events.NodeProgress) and event.step == 2:
            cancel.set()

    seen: list[Any] = []
    flow = workflow("nodes:\n  n: {node: toy.number}\n  x: {node: toy.steps, with: {count: 9}}\noutputs: {n: n, x: x}")
    result = engine(None).run(flow, on_event=lambda event: (seen.append(event), listen(event)), cancel=cancel)
    assert result.status == "cancelled"
    assert result.outputs == {"n": 0}
    assert max(event.step for event in seen if isinstance(event, events.NodeProgress)) == 2
    assert seen[-1].status == "cancelled"


def test_a_run_is_cancelled_between_nodes_and_what_is_done_stays_cached(folder):
    cancel = threading.Event()

    def listen(event: Any) -> None:
        if isinstance(event, events.NodeFinished) and event.node == "n4":
            cancel.set()

    flow, one = chain(10), engine(folder)
    assert one.run(flow, on_event=listen, cancel=cancel).status == "cancelled"
    found = states(engine(folder).run(flow))
    assert [found[f"n{i}"] for i in range(10)] == ["disk"] * 5 + ["ran"] * 5


def test_a_run_is_cancelled_while_an_async_node_waits():
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    begun = time.monotonic()
    result = engine(None).run(workflow("nodes: {x: {node: toy.wait, with: {seconds: 30}}}"), cancel=cancel)
    assert result.status == "cancelled"
    assert time.monotonic() - begun < 3


def test_a_cancellation_that_comes_with_the_last_node_changes_nothing():
    cancel = threading.Event()
    result = engine(None).run(
        workflow("nodes: {x: {node: toy.number}}\noutputs: {x: x}"),
        on_event=lambda event: cancel.set() if isinstance(event, events.NodeFinished) else None,
        cancel=cancel,
    )
    assert (result.status, result.outputs) == ("ok", {"x": 0})


def test_a_run_that_was_cancelled_before_it_began_runs_nothing():
    cancel = threading.Event()
    cancel.set()
    assert set(states(engine(None).run(chain(3), cancel=cancel)).values()) == {"skipped"}


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
    assert seconds(2_000) < 16 * max(seconds(250), 0.02)


def test_a_map_over_2_000_elements_runs_in_linear_time():
    def seconds(count: int) -> float:
        begun = time.process_time()
        text = f"nodes:\n  l: {{node: toy.numbers, with: {{count: {count}}}}}\n  x: {{node: 'subgraph:inc', from: {{value: 'l[*]'}}}}\n  t: {{node: toy.total, from: {{values: x}}}}\noutputs: {{t: t}}\n{INC}"
        assert run(text).outputs == {"t": count * (count + 1) // 2}
        return time.process_time() - begun

    seconds(10)
    assert seconds(2_000) < 16 * max(seconds(250), 0.02)


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
