"""Lazy inputs, async nodes and cancellation: what does not go straight from one node to the next."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from graph_engine import Context, Lazy, events, node

from .toys import chain, engine, states, workflow


def run(text: str, *more: Any, **inputs: Any) -> Any:
    return engine(None, *more).run(workflow(text), inputs)


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
