"""The engine from outside: streams, async runs, cancellation, several runs at once, what a result says."""
# ruff: noqa: E501 - one case a line

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graph_engine import Folders, WarmStore, WorkflowError, events, load
from graph_engine.errors import InputError

from . import toys
from .toys import chain, engine, states, workflow

LONG = "nodes: {x: {node: toy.wait, with: {seconds: 30}}}\noutputs: {x: x}"


def test_a_stream_gives_the_events_and_the_result():
    stream = engine(None).stream(chain(3))
    found = list(stream)
    assert isinstance(found[0], events.RunStarted)
    assert found[0] == events.RunStarted(3, 0)
    assert isinstance(found[-1], events.RunFinished)
    assert stream.result.outputs == {"result": 2}
    assert list(stream) == []  # a second look ends at once


def test_leaving_a_stream_early_cancels_the_run():
    begun = time.monotonic()
    stream = engine(None).stream(workflow(LONG))
    for event in stream:
        if isinstance(event, events.NodeStarted):
            break
    del event
    stream.cancel()
    list(stream)
    assert stream.result.status == "cancelled"
    assert time.monotonic() - begun < 5


def test_a_stream_that_ends_well_leaves_the_callers_cancel_event_alone():
    cancel = threading.Event()
    one = engine(None)
    assert list(one.stream(chain(2), cancel=cancel))[-1].status == "ok"
    assert not cancel.is_set()
    assert list(one.stream(chain(3), cancel=cancel))[-1].status == "ok"


def test_a_stream_raises_what_is_wrong_with_the_call():
    with pytest.raises(InputError, match="there is no input 'no'"):
        list(engine(None).stream(chain(2), {"no": 1}))


def test_a_file_in_place_of_a_workflow_is_told_how_to_be_read():
    with pytest.raises(InputError, match=r"wants a Workflow, found 'a.yaml'; a file is read by graph_engine.load"):
        engine(None).run("a.yaml")


def test_folders_may_be_given_as_text():
    assert Folders(outputs="out", inputs="in", model_roots=["a", "b"]) == Folders(
        outputs=Path("out"), inputs=(Path("in"),), model_roots=(Path("a"), Path("b"))
    )


def test_a_stream_can_be_awaited():
    async def look() -> list[str]:
        stream = engine(None).stream(chain(2))
        found = [type(event).__name__ async for event in stream]
        assert stream.result.status == "ok"
        return found

    assert asyncio.run(look())[-1] == "RunFinished"


def test_an_awaited_run_gives_its_result():
    assert asyncio.run(engine(None).arun(chain(3), {"first": 5})).outputs == {"result": 7}


def test_cancelling_an_awaited_run_cancels_it():
    cancel = threading.Event()

    async def leave() -> None:
        task = asyncio.create_task(engine(None).arun(workflow(LONG), cancel=cancel))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    begun = time.monotonic()
    asyncio.run(leave())
    assert cancel.is_set()
    assert time.monotonic() - begun < 5


def test_cancelling_an_awaited_run_that_is_wrong_is_still_a_cancellation(tmp_path):
    async def leave() -> None:
        task = asyncio.create_task(engine(None).arun(workflow("nodes: {x: {node: toy.nothing}}")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())


def test_two_runs_share_one_engine(folder):
    one = engine(folder)
    flow = chain(200)

    def work(number: int) -> int:
        one.plan(flow, {"first": number % 5})
        return one.run(flow, {"first": number % 5}).outputs["result"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(20))) == [199 + number % 5 for number in range(20)]


def test_a_result_as_json_has_the_documented_shape(folder):
    text = "nodes:\n  n: {node: toy.number, with: {value: 5}}\n  s: {node: toy.save, from: {value: n}}\n  c: {node: toy.mint}\noutputs: {file: s, number: n, coin: c}"
    found = json.loads(json.dumps(engine(folder).run(workflow(text)).to_json()))
    assert found["status"] == "ok"
    assert found["outputs"] == {"file": f"{folder}/outputs/saved-5.txt", "number": 5, "coin": "<Coin>"}
    assert set(found["nodes"]["n"]) == {"state", "seconds"}
    assert found["error"] is None
    failed = engine(folder).run(workflow("nodes:\n  x: {node: toy.fail}")).to_json()
    assert failed["error"] == {"node": "x", "type": "RuntimeError", "message": "no luck", "where": "flow.yaml:3"}


def test_outputs_that_are_inputs_or_values_are_given_too():
    text = "inputs: {a: {type: int, default: 3}}\nnodes: {s: {node: 'subgraph:s', with: {v: 4}}}\noutputs: {a: inputs.a, v: s.v}\nsubgraphs: {s: {inputs: {v: {type: int}}, nodes: {}, outputs: {v: inputs.v}}}"
    assert engine(None).run(workflow(text)).outputs == {"a": 3, "v": 4}


def test_a_fully_cached_run_says_so_for_every_node(folder):
    engine(folder).run(chain(5))
    assert set(states(engine(folder).run(chain(5))).values()) == {"disk"}
    seen: list[object] = []
    one = engine(folder)
    one.run(chain(5), on_event=seen.append)
    assert seen[0] == events.RunStarted(0, 5)
    assert seen[1] == events.NodeCached("n4", "disk")
    assert set(states(one.run(chain(5))).values()) == {"disk", "memory"}


def test_a_kind_can_be_given_as_an_input():
    flow = workflow(
        "inputs: {c: {type: Coin}, l: {type: 'list[Coin]'}}\nnodes:\n  w: {node: toy.worth, from: {coin: inputs.c}}\n  p: {node: toy.purse, from: {coins: inputs.l}}\n  m: {node: toy.worth, from: {coin: 'inputs.l[*]'}}\noutputs: {w: w, p: p, m: m}"
    )
    one = engine(None)
    given = {"c": toys.Coin(7), "l": [toys.Coin(1), toys.Coin(2)]}
    assert one.run(flow, given).outputs == {"w": 7, "p": 3, "m": [1, 2]}
    with pytest.raises(InputError, match="input 'c' wants Coin, found Blob"):
        one.run(flow, {**given, "c": toys.Blob(None)})


# A workflow that travels --------------------------------------------------------------------------------------------


def test_a_workflow_that_travels_takes_its_sub_workflows_versions_and_values_along(folder, tmp_path):
    (folder / "deep").mkdir()
    (folder / "deep" / "inner.yaml").write_text(
        "format: 1\ninputs: {value: {type: int}}\nnodes: {a: {node: toy.add, with: {b: 10}, from: {a: inputs.value}}}\noutputs: {value: a}\n"
    )
    (folder / "deep" / "outer.yaml").write_text(
        "format: 1\ninputs: {value: {type: int}}\nnodes: {i: {node: 'workflow:inner.yaml', from: {value: inputs.value}}}\noutputs: {value: i.value}\n"
    )
    path = folder / "flow.yaml"
    path.write_text(
        "format: 1\ninputs: {start: {type: int, default: 1}}\nnodes:\n  l: {node: toy.numbers, from: {start: inputs.start}}\n  m: {node: 'workflow:deep/outer.yaml', from: {value: 'l[*]'}}\n  o: {node: toy.loop, with: {body: 'workflow:deep/inner.yaml', value: 0, times: 3}}\noutputs: {m: m.value, o: o}\n"
    )
    one = engine(folder)
    result = one.run(load(path), {"start": 5})
    data = one.plan(load(path), {"start": 5}).context.workflow()
    assert data["nodes"]["l"]["version"] == 1
    assert data["inputs"]["start"]["default"] == 5
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "flow.json").write_text(json.dumps(data))
    assert engine(None).run(load(elsewhere / "flow.json")).outputs == result.outputs == {"m": [15, 16, 17], "o": 30}


# Warm models --------------------------------------------------------------------------------------------------------


def test_what_is_warm_is_loaded_once_and_the_least_recently_used_goes_first():
    store, loads = WarmStore(100), []

    def get(name: str, size: int = 40) -> str:
        return store.get(name, lambda: loads.append(name) or name, lambda _thing: size)

    for name in ["a", "b", "a", "c"]:
        assert get(name) == name
    assert (loads, store.keys(), store.used_bytes) == (["a", "b", "c"], ["a", "c"], 80)
    get("huge", 500)
    assert (store.keys(), store.used_bytes) == (["huge"], 500)  # what is in use stays, however large
    get("a")
    assert store.keys() == ["a"]


def test_a_load_that_fails_leaves_nothing_and_is_tried_again():
    store = WarmStore()
    with pytest.raises(OSError, match="gone"):
        store.get("a", lambda: (_ for _ in ()).throw(OSError("gone")), lambda _thing: 1)
    assert store.get("a", lambda: 5, lambda _thing: 1) == 5


def test_two_threads_that_want_the_same_thing_load_it_once():
    store, loads = WarmStore(), []

    def load_slowly() -> int:
        time.sleep(0.05)
        loads.append(1)
        return 5

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: store.get("a", load_slowly, lambda _thing: 1), range(4))) == [5] * 4
    assert loads == [1]


def test_two_things_load_at_the_same_time():
    """Each load ends only when the other has begun; one after the other, neither ever would."""
    store, both = WarmStore(), threading.Barrier(2, timeout=30)

    def load(name: str) -> str:
        both.wait()
        return name

    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda name: store.get(name, lambda: load(name), lambda _thing: 40), ["a", "b"])
        assert list(found) == ["a", "b"]
    assert (sorted(store.keys()), store.used_bytes) == (["a", "b"], 80)


def test_a_thing_asked_for_again_while_it_loads_is_loaded_once_and_what_is_warm_does_not_wait():
    store, loads = WarmStore(), []
    begun, asked = threading.Event(), threading.Event()
    store.get("warm", lambda: "warm", lambda _thing: 1)

    def load() -> str:
        loads.append(1)
        begun.set()
        assert asked.wait(30)
        return "a"

    def ask_again() -> str:
        assert begun.wait(30)
        assert store.get("warm", lambda: "loaded anew", lambda _thing: 1) == "warm"
        asked.set()
        return store.get("a", lambda: loads.append(2) or "another", lambda _thing: 1)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(store.get, "a", load, lambda _thing: 1), pool.submit(ask_again)
        assert (first.result(), second.result()) == ("a", "a")
    assert loads == [1]


def test_a_load_that_fails_leaves_the_next_in_line_to_try():
    store, begun = WarmStore(), threading.Event()

    def fail() -> str:
        begun.set()
        raise OSError("gone")

    def ask_again() -> str:
        assert begun.wait(30)
        return store.get("a", lambda: "a", lambda _thing: 1)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(store.get, "a", fail, lambda _thing: 1), pool.submit(ask_again)
        assert isinstance(first.exception(), OSError)
        assert second.result() == "a"


def test_check_gives_problems_and_run_raises_them():
    flow = workflow("nodes: {x: {node: toy.nothing}}")
    one = engine(None)
    assert len(one.check(flow)) == 1
    with pytest.raises(WorkflowError, match="unknown node"):
        one.run(flow)
