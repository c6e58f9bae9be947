"""The queue: order, pause, cancel in every state, what a worker's death does, and what a restart finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graph_web.errors import Failure
from graph_web.runs.model import Change
from graph_web.settings import Limits, Settings

from .queues import Running, running_queue

LONG = {"s": {"node": "fault.steps", "with": {"count": 400, "seconds": 0.02}}}


def number(value: int) -> dict[str, Any]:
    return {"n": {"node": "fault.number", "with": {"value": value}}}


def misbehave(how: str) -> dict[str, Any]:
    return {"m": {"node": "fault.misbehave", "with": {"how": how}}}


def using(settings: Settings, **changes: Any) -> Callable[[Callable[[Running], Coroutine[Any, Any, None]]], None]:
    """Run an async function with a queue."""

    async def whole(work: Callable[[Running], Awaitable[None]]) -> None:
        async with running_queue(replace(settings, **changes)) as running:
            await work(running)

    return lambda work: asyncio.run(whole(work))


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_a_run_ends_with_its_outputs_and_tells_its_story_in_order(settings: Settings, worker: str) -> None:
    @using(settings, worker=worker)
    async def _(running: Running) -> None:
        nodes = {**number(4), "a": {"node": "fault.add", "from": {"a": "n"}}}
        run = await running.submit(nodes, {"sum": "a"})
        found = await running.ended(run)
        assert (found.state, found.outputs, found.attempts) == ("ok", {"sum": 5}, 1)
        assert {name: node.state for name, node in found.nodes.items()} == {"n": "ran", "a": "ran"}
        types = [(event["type"], event.get("node")) for event in await running.events()]
        assert types == [
            ("queued", None),
            ("running", None),
            ("plan", None),
            ("started", "n"),
            ("finished", "n"),
            ("started", "a"),
            ("finished", "a"),
            ("ended", None),
        ]


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_a_failing_node_fails_its_run_alone(settings: Settings, worker: str) -> None:
    @using(settings, worker=worker)
    async def _(running: Running) -> None:
        bad = await running.submit(misbehave("raise"), {"m": "m"})
        good = await running.submit(number(2), {"n": "n"})
        error = (await running.ended(bad)).error
        assert error is not None
        assert (error.type, error.message, error.node) == ("ValueError", "as was asked for", "m")
        assert "misbehave" in error.traceback
        assert (await running.ended(good)).outputs == {"n": 2}


def test_priority_goes_first_then_the_order_of_submission_which_can_be_changed(settings: Settings) -> None:
    @using(settings)
    async def _(running: Running) -> None:
        await running.queue.pause(True)
        a, b, c = [await running.submit(number(value), {"n": "n"}) for value in (1, 2, 3)]
        urgent = await running.submit(number(4), {"n": "n"}, priority=5)
        d = await running.submit(number(5), {"n": "n"})
        await running.queue.change(c, Change(before=a))
        await running.queue.change(d, Change(place="first"))
        await running.queue.change(a, Change(place="last"))
        await running.queue.change(b, Change(priority=1))
        later = await running.submit(number(6), {"n": "n"})
        await running.queue.pause(False)
        await running.ended(later)
        order = [event["run"] for event in await running.events() if event["type"] == "running"]
        assert order == [urgent, b, d, c, a, later]


def test_what_does_not_wait_cannot_be_moved(settings: Settings) -> None:
    @using(settings)
    async def _(running: Running) -> None:
        run = await running.submit(number(1), {"n": "n"})
        await running.ended(run)
        with pytest.raises(Failure, match="the run is ok"):
            await running.queue.change(run, Change(priority=3))
        with pytest.raises(Failure, match="there is no run"):
            await running.queue.change("r0", Change(priority=3))


def test_a_paused_queue_begins_nothing_and_stays_paused_over_a_restart(settings: Settings) -> None:
    waiting = []

    @using(settings)
    async def _(running: Running) -> None:
        await running.queue.pause(True)
        waiting.append(await running.submit(number(1), {"n": "n"}))
        await asyncio.sleep(0.1)
        assert (await running.detail(waiting[0])).state == "queued"

    @using(settings)
    async def _(running: Running) -> None:
        assert running.queue.paused
        assert (await running.detail(waiting[0])).state == "queued"
        await running.queue.pause(False)
        assert (await running.ended(waiting[0])).state == "ok"


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_a_run_is_cancelled_in_every_state(settings: Settings, worker: str) -> None:
    @using(settings, worker=worker)
    async def _(running: Running) -> None:
        going = await running.submit(LONG, {"s": "s"})
        waiting = await running.submit(number(1), {"n": "n"})
        await running.until(going, "running")
        await running.queue.cancel(waiting)
        assert (await running.detail(waiting)).state == "cancelled"
        await running.queue.cancel(going)
        await running.queue.cancel(going)
        assert (await running.ended(going, 10)).state == "cancelled"
        assert await running.queue.cancel(going) == "cancelled"
        done = await running.submit(number(2), {"n": "n"})
        await running.ended(done)
        assert await running.queue.cancel(done) == "ok"
        ends = [event["run"] for event in await running.events() if event["type"] == "ended"]
        assert sorted(ends) == sorted([going, waiting, done])


def test_a_run_that_ignores_its_cancellation_is_ended_with_its_worker(settings: Settings) -> None:
    limits = replace(Limits(), cancel_seconds=0.5)

    @using(settings, worker="process", limits=limits)
    async def _(running: Running) -> None:
        run = await running.submit(misbehave("hang"), {"m": "m"})
        await running.until(run, "running")
        await asyncio.sleep(0.3)
        await running.queue.cancel(run)
        assert (await running.ended(run, 20)).state == "cancelled"
        after = await running.submit(number(1), {"n": "n"})
        assert (await running.ended(after)).state == "ok"


def test_a_run_that_hangs_fails_and_says_so(settings: Settings) -> None:
    @using(settings, worker="process", limits=replace(Limits(), stall_seconds=1.0))
    async def _(running: Running) -> None:
        error = (await running.ended(await running.submit(misbehave("hang"), {"m": "m"}), 20)).error
        assert error is not None
        assert "no progress for 1 s" in error.message


@pytest.mark.parametrize(
    ("how", "words"), [("exit", "status 3"), ("kill", "SIGKILL (out of memory"), ("segfault", "SIGSEGV (a crash")]
)
def test_a_node_that_ends_its_process_fails_its_run_alone_and_says_how(
    settings: Settings, how: str, words: str
) -> None:
    @using(settings, worker="process")
    async def _(running: Running) -> None:
        bad = await running.submit(misbehave(how), {"m": "m"})
        good = await running.submit(number(7), {"n": "n"})
        error = (await running.ended(bad)).error
        assert error is not None
        assert error.type == "WorkerDied"
        assert words in error.message
        assert (await running.ended(good)).outputs == {"n": 7}


def test_asking_for_the_memory_of_a_worker_that_dies_is_no_fault_of_the_server(settings: Settings) -> None:
    @using(settings, worker="process")
    async def _(running: Running) -> None:
        run = await running.submit({"s": {"node": "fault.steps", "with": {"count": 100, "seconds": 0.05}}}, {"s": "s"})
        await running.until(run, "running")
        asked = asyncio.create_task(running.queue.worker.status())
        await running.queue.worker.end("a test")
        await asked
        assert await running.queue.worker.status() is None


def test_what_a_node_prints_does_not_disturb_the_worker(settings: Settings) -> None:
    @using(settings, worker="process")
    async def _(running: Running) -> None:
        found = await running.ended(await running.submit(misbehave("print"), {"m": "m"}))
        assert found.outputs == {"m": 0}


def test_runs_in_company_of_a_crash_go_on_alone_so_that_the_guilty_one_alone_fails(settings: Settings) -> None:
    @using(settings, worker="process", parallel=2)
    async def _(running: Running) -> None:
        slow = await running.submit({"s": {"node": "fault.steps", "with": {"count": 40, "seconds": 0.05}}}, {"s": "s"})
        await running.until(slow, "running")
        while not any(event["type"] == "progress" for event in await running.events(slow)):
            await asyncio.sleep(0.02)
        bad = await running.submit(misbehave("exit"), {"m": "m"})
        error = (await running.ended(bad)).error
        assert error is not None
        assert (error.type, (await running.detail(bad)).attempts) == ("WorkerDied", 2)
        innocent = await running.ended(slow)
        assert (innocent.state, innocent.attempts) == ("ok", 2)
        again = await running.submit(number(1), {"n": "n"})
        assert (await running.ended(again)).state == "ok"


def test_a_full_queue_refuses_and_says_when_to_come_again(settings: Settings) -> None:
    @using(settings, limits=replace(Limits(), queued_runs=2))
    async def _(running: Running) -> None:
        await running.queue.pause(True)
        first = await running.submit(number(1))
        await running.submit(number(2))
        with pytest.raises(Failure) as caught:
            await running.submit(number(3))
        assert caught.value.status == 429
        assert caught.value.headers["Retry-After"] == "10"
        await running.queue.cancel(first)
        await running.submit(number(4))


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_a_stopped_server_puts_its_run_back_and_the_next_one_goes_on(settings: Settings, worker: str) -> None:
    runs = []

    @using(settings, worker=worker)
    async def _(running: Running) -> None:
        nodes = {"s": {"node": "fault.steps", "with": {"count": 30, "seconds": 0.02}}}
        runs.append(await running.submit(nodes, {"s": "s"}))
        await running.until(runs[0], "running")

    @using(settings, worker=worker)
    async def _(running: Running) -> None:
        found = await running.ended(runs[0])
        assert (found.state, found.attempts) == ("ok", 2)
        assert [event.get("after") for event in await running.events() if event["type"] == "queued"] == [
            None,
            "stopped",
        ]


def test_files_become_outputs_once_also_when_a_second_run_finds_them_cached(settings: Settings, tmp_path: Path) -> None:
    @using(settings)
    async def _(running: Running) -> None:
        nodes = {"w": {"node": "fault.write", "with": {"value": 3}}}
        first, second = [await running.ended(await running.submit(nodes, {"file": "w"})) for _ in range(2)]
        assert second.nodes["w"].state == "memory"
        assert first.outputs == second.outputs
        (file,) = first.outputs["file"]
        assert (file["name"], file["bytes"]) == ("note-3.txt", 1)
        rows = await running.database.call(lambda db: db.execute("SELECT id, run, path FROM outputs").fetchall())
        assert rows == [(file["id"], first.id, "note-3.txt")]


def test_a_status_names_what_is_warm_by_model_and_part(settings: Settings) -> None:
    from graph_web.workers.runner import Runner

    from .queues import make_engine, places_of

    runner = Runner(make_engine(places_of(settings)), places_of(settings))
    for key in ("shapes/glide@1f/denoiser:cpu:float32", "shapes/glide@2e/vae:cpu:float32", "digest:/a/file:1:2"):
        runner.engine.warm.get(key, lambda: 1, lambda _: 8)
    assert runner.status().warm == ["shapes/glide denoiser", "shapes/glide vae"]
