"""Runs over HTTP: submit and wait, look, page, change, cancel, run again, plan and check."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from graph_web.settings import Settings

from .clients import ask, with_client

Client = TestClient[Any, Any]
SUM = {
    "format": 1,
    "title": "A sum",
    "inputs": {"first": {"type": "int", "default": 2, "min": 0, "max": 9}},
    "nodes": {
        "n": {"node": "fault.number", "from": {"value": "inputs.first"}},
        "a": {"node": "fault.add", "with": {"b": 5}, "from": {"a": "n"}},
    },
    "outputs": {"sum": "a", "same": "n"},
    "ui": {"note": "kept"},
}
SLOW = {"format": 1, "nodes": {"s": {"node": "fault.steps", "with": {"count": 500, "seconds": 0.02}}}}


async def submit(client: Client, document: Any = SUM, **more: Any) -> dict[str, Any]:
    status = 200 if more.get("wait") else 202
    found: dict[str, Any] = await ask(client, "POST", "/api/v1/runs", status, json={"document": document, **more})
    return found


def test_a_run_is_queued_and_found_or_waited_for(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        run = await submit(client, inputs={"first": 4}, wait=10)
        assert (run["state"], run["outputs"], run["title"]) == ("ok", {"sum": 9, "same": 4}, "A sum")
        assert await ask(client, "GET", f"/api/v1/runs/{run['id']}") == run
        document = await ask(client, "GET", f"/api/v1/runs/{run['id']}/document")
        assert document["ui"] == {"note": "kept"}
        assert document["nodes"]["a"]["version"] == 1


def test_a_target_runs_only_what_it_needs(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        run = await submit(client, options={"targets": ["n"]}, wait=10)
        assert run["nodes"].get("a", {"state": "skipped"})["state"] == "skipped"
        assert run["outputs"] == {"same": 2}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "give either"),
        ({"workflow": "a", "document": SUM}, 422, "give either"),
        ({"workflow": "missing"}, 404, "missing"),
        ({"document": {**SUM, "nodes": {"n": {"node": "fault.numbre"}}}}, 422, "Did you mean 'fault.number'"),
        ({"document": SUM, "inputs": {"frist": 1}}, 422, "there is no input 'frist'. Did you mean 'first'"),
        ({"document": SUM, "inputs": {"first": 12}}, 422, "first"),
        ({"document": SUM, "inputs": {"first": "x"}}, 422, "first"),
        ({"document": SUM, "set": {"a.c": 1}}, 422, "has no input 'c'"),
        ({"document": SUM, "options": {"targets": ["b"]}}, 422, "no node or output 'b'"),
        ({"document": SUM, "wait": 1e9}, 422, "wait"),
        ({"document": SUM, "unknown": 1}, 422, "unknown"),
        ({"document": []}, 422, "document"),
        ({"document": SUM, "options": {"previews": {"size": 100000}}}, 422, "size"),
    ],
)
def test_what_cannot_run_is_refused_before_it_is_queued(settings: Settings, body: Any, status: int, words: str) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        answer = await ask(client, "POST", "/api/v1/runs", status, json=body)
        assert words in answer["error"]["message"]
        assert (await ask(client, "GET", "/api/v1/runs"))["runs"] == []


def test_every_problem_of_a_workflow_is_told_at_once(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        document = {"format": 1, "nodes": {"a": {"node": "fault.x"}, "b": {"node": "fault.add"}}}
        answer = await ask(client, "POST", "/api/v1/runs", 422, json={"document": document})
        assert len(answer["error"]["problems"]) == 2
        checked = await ask(client, "POST", "/api/v1/check", json={"document": document})
        assert len(checked["problems"]) == 2
        assert (await ask(client, "POST", "/api/v1/check", json={"document": SUM}))["problems"] == []


def test_a_plan_says_what_would_run_and_why_and_runs_nothing(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        plan = await ask(client, "POST", "/api/v1/plan", json={"document": SUM})
        assert plan["nodes"]["n"] == {"state": "run", "reason": "never run"}
        await submit(client, wait=10)
        plan = await ask(client, "POST", "/api/v1/plan", json={"document": SUM, "set": {"a.b": 6}})
        assert plan["to_run"] == 1
        assert plan["nodes"]["a"] == {"state": "run", "reason": "b 5 -> 6"}


def test_a_muted_node_is_left_out_of_plan_and_run_and_kept_in_the_document(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        nodes = SUM["nodes"] | {"a": SUM["nodes"]["a"] | {"mode": "mute"}}
        document = SUM | {"nodes": nodes}
        plan = await ask(client, "POST", "/api/v1/plan", json={"document": document})
        assert plan["nodes"]["a"] == {"state": "left out", "reason": "is muted"}
        assert plan["to_run"] == 1
        done = await submit(client, document=document, wait=10)
        assert (done["state"], done["outputs"], list(done["nodes"])) == ("ok", {"same": 2}, ["n"])
        kept = await ask(client, "GET", f"/api/v1/runs/{done['id']}/document")
        assert kept["nodes"]["a"]["mode"] == "mute"


def test_a_draft_is_planned_with_its_problems_in_place_of_a_refusal(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        wrong = {"document": {"format": 1, "nodes": {"n": {"node": "fault.nothing"}, "m": {"node": "fault.add"}}}}
        refused = await ask(client, "POST", "/api/v1/plan", 422, json=wrong)
        told = await ask(client, "POST", "/api/v1/plan?draft=true", json=wrong)
        assert told == {"nodes": {}, "to_run": 0, "problems": refused["error"]["problems"]}
        missing = {"document": {**SUM, "inputs": {"first": {"type": "int"}}}}
        (problem,) = (await ask(client, "POST", "/api/v1/plan?draft=true", json=missing))["problems"]
        assert "first" in problem["message"]
        fine = await ask(client, "POST", "/api/v1/plan?draft=true", json={"document": SUM})
        assert (fine["to_run"] > 0, fine["problems"]) == (True, [])


def test_the_history_is_paged_and_filtered(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        ids = [(await submit(client, inputs={"first": n}, wait=10))["id"] for n in range(5)]
        page = await ask(client, "GET", "/api/v1/runs?limit=2")
        assert [run["id"] for run in page["runs"]] == [ids[4], ids[3]]
        page = await ask(client, "GET", f"/api/v1/runs?limit=3&before={page['next']}")
        assert [run["id"] for run in page["runs"]] == [ids[2], ids[1], ids[0]]
        assert (await ask(client, "GET", "/api/v1/runs?state=failed,cancelled"))["runs"] == []
        assert len((await ask(client, "GET", "/api/v1/runs?state=ok"))["runs"]) == 5
        await ask(client, "GET", "/api/v1/runs?limit=0", 400)
        await ask(client, "GET", "/api/v1/runs?colour=red", 400)


def test_a_waiting_run_is_moved_and_a_running_one_cancelled(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        running = await submit(client, SLOW)
        first, second = [await submit(client, inputs={"first": n}) for n in (1, 2)]
        await ask(client, "PATCH", f"/api/v1/runs/{second['id']}", json={"place": "first"})
        queue = await ask(client, "GET", "/api/v1/queue")
        assert [run["id"] for run in queue["runs"]] == [running["id"], second["id"], first["id"]]
        await ask(client, "PATCH", f"/api/v1/runs/{running['id']}", 409, json={"priority": 1})
        await ask(client, "POST", f"/api/v1/runs/{running['id']}/cancel", 202)
        while (await ask(client, "GET", f"/api/v1/runs/{running['id']}"))["state"] == "running":
            await asyncio.sleep(0.02)
        assert (await ask(client, "GET", f"/api/v1/runs/{running['id']}"))["state"] == "cancelled"


def test_the_queue_is_paused_and_cancelled_as_a_whole(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        assert (await ask(client, "PATCH", "/api/v1/queue", json={"paused": True}))["paused"]
        for _ in range(3):
            await submit(client)
        assert (await ask(client, "GET", "/api/v1/queue?limit=1"))["waiting"] == 3
        assert await ask(client, "POST", "/api/v1/queue/cancel", 202) == {"cancelled": 3}
        queue = await ask(client, "GET", "/api/v1/queue")
        assert (queue["waiting"], queue["runs"]) == (0, [])


def test_a_run_is_made_again_with_changes_from_its_own_copy_of_the_workflow(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        first = await submit(client, inputs={"first": 3}, wait=10)
        body = {"set": {"a.b": 1}, "wait": 10}
        again = await ask(client, "POST", f"/api/v1/runs/{first['id']}/retry", 200, json=body)
        assert (again["outputs"]["sum"], again["parent"], again["inputs"]) == (4, first["id"], {"first": 3})
        assert again["nodes"]["n"]["state"] == "memory"
        body = {"inputs": {"first": 7}, "wait": 10}
        other = await ask(client, "POST", f"/api/v1/runs/{again['id']}/retry", 200, json=body)
        assert other["outputs"]["sum"] == 8


def test_a_saved_workflow_is_an_endpoint_of_its_own(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        await ask(client, "PUT", "/api/v1/workflows/sum", 201, json={"document": SUM})
        body = {"inputs": {"first": 1}, "wait": 10}
        run = await ask(client, "POST", "/api/v1/workflows/sum/run", 200, json=body)
        assert (run["outputs"]["sum"], run["workflow"]) == (6, "sum")
        listed = await ask(client, "GET", "/api/v1/runs?workflow=sum")
        assert [found["id"] for found in listed["runs"]] == [run["id"]]
        await ask(client, "POST", "/api/v1/workflows/none/run", 404, json={})


def test_a_run_keeps_the_workflow_that_it_was_submitted_with(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        saved = await ask(client, "PUT", "/api/v1/workflows/sum", 201, json={"document": SUM})
        await ask(client, "PATCH", "/api/v1/queue", json={"paused": True})
        run = await ask(client, "POST", "/api/v1/workflows/sum/run", 202, json={})
        await ask(client, "DELETE", "/api/v1/workflows/sum", 204, headers={"If-Match": saved["etag"]})
        await ask(client, "PATCH", "/api/v1/queue", json={"paused": False})
        while (found := await ask(client, "GET", f"/api/v1/runs/{run['id']}"))["state"] != "ok":
            await asyncio.sleep(0.02)
        assert found["outputs"]["sum"] == 7


def test_a_workflow_runs_with_its_sub_workflow_as_it_is_now(settings: Settings) -> None:
    def inner(value: int) -> dict[str, Any]:
        nodes = {"n": {"node": "fault.number", "with": {"value": value}}}
        return {"document": {"format": 1, "nodes": nodes, "outputs": {"out": "n"}}}

    outer = {"format": 1, "nodes": {"s": {"node": "workflow:inner.yaml"}}, "outputs": {"out": "s"}}

    @with_client(settings)
    async def _(client: Client) -> None:
        await ask(client, "PUT", "/api/v1/workflows/inner", 201, json=inner(1))
        await ask(client, "PUT", "/api/v1/workflows/outer", 201, json={"document": outer})
        for value in (1, 2):
            await ask(client, "PUT", "/api/v1/workflows/inner", json=inner(value), headers={"If-Match": "*"})
            run = await ask(client, "POST", "/api/v1/workflows/outer/run", 200, json={"wait": 10})
            assert run["outputs"] == {"out": value}


def test_a_server_that_only_reads_refuses_runs_and_still_plans(settings: Settings) -> None:
    @with_client(settings, read_only=True)
    async def _(client: Client) -> None:
        await ask(client, "POST", "/api/v1/runs", 403, json={"document": SUM})
        await ask(client, "POST", "/api/v1/plan", json={"document": SUM})
        await ask(client, "GET", "/api/v1/runs")
