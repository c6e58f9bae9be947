"""Live events: in order, numbered, nothing missed by who comes again, previews as pictures, slow clients bounded."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import PIL.Image
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient
from graph_web import hub
from graph_web.hub import Listener, Told
from graph_web.settings import Settings

from .clients import ask, with_client
from .test_api_runs import SUM, submit

Client = TestClient[Any, Any]


async def until_ended(socket: ClientWebSocketResponse, run: str) -> tuple[list[dict[str, Any]], list[bytes]]:
    events, pictures = [], []
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            pictures.append(message.data)
            continue
        events.append(json.loads(message.data))
        if events[-1]["type"] == "ended" and events[-1]["run"] == run:
            break
    return events, pictures


def test_a_socket_tells_a_run_as_it_goes(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        async with client.ws_connect("/api/v1/ws") as socket:
            assert await socket.receive_json() == {"type": "hello", "seq": 0}
            run = await submit(client)
            events, _ = await until_ended(socket, run["id"])
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events][:3] == ["queued", "running", "plan"]
        assert all(event["run"] == run["id"] for event in events)


def test_who_comes_again_gets_what_was_missed_and_nothing_twice(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        first = await submit(client, wait=10)
        second = await submit(client, inputs={"first": 8}, wait=10)
        async with client.ws_connect("/api/v1/ws?after=3") as socket:
            await socket.receive_json()
            third = await submit(client, inputs={"first": 9})
            events, _ = await until_ended(socket, third["id"])
        assert [event["seq"] for event in events] == list(range(4, 4 + len(events)))
        assert {event["run"] for event in events} == {first["id"], second["id"], third["id"]}


def test_a_socket_of_one_run_hears_of_no_other(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        await submit(client, wait=10)
        second = await submit(client, inputs={"first": 8}, wait=10)
        async with client.ws_connect(f"/api/v1/ws?after=0&run={second['id']}") as socket:
            await socket.receive_json()
            events, _ = await until_ended(socket, second["id"])
        assert {event["run"] for event in events} == {second["id"]}
        assert events[0]["type"] == "queued"
        await ask(client, "GET", "/api/v1/events?run=r0", 404)


def test_server_sent_events_go_on_from_the_last_one_and_end_with_their_run(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        run = await submit(client, wait=10)
        path = f"/api/v1/events?after=0&run={run['id']}"
        async with client.get(path) as answer:
            assert answer.content_type == "text/event-stream"
            text = await asyncio.wait_for(answer.text(), 5)
        numbers = [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]
        assert numbers == list(range(1, run["last_event"] + 1))
        headers = {"Last-Event-ID": str(numbers[-2])}
        async with client.get(f"/api/v1/events?run={run['id']}", headers=headers) as answer:
            rest = await asyncio.wait_for(answer.text(), 5)
        assert [line for line in rest.splitlines() if line.startswith("id: ")] == [f"id: {numbers[-1]}"]
        async with client.get(f"/api/v1/events?run={run['id']}") as answer:
            assert await asyncio.wait_for(answer.text(), 5) == ""
        async with client.get("/api/v1/events", headers={"Last-Event-ID": "x"}) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_previews_are_pictures_of_the_size_and_at_the_rate_that_the_run_asked_for(
    settings: Settings, worker: str
) -> None:
    @with_client(settings, worker=worker)
    async def _(client: Client) -> None:
        nodes = {"s": {"node": "fault.steps", "with": {"count": 20, "seconds": 0.05, "previews": True}}}
        document = {"format": 1, "nodes": nodes}
        options = {"previews": {"size": 64, "per_second": 5, "format": "webp"}}
        async with client.ws_connect("/api/v1/ws?previews=true") as socket, client.ws_connect("/api/v1/ws") as plain:
            run = await submit(client, document, options=options)
            _, pictures = await until_ended(socket, run["id"])
            _, none = await until_ended(plain, run["id"])
        assert none == []
        assert 2 <= len(pictures) <= 8
        length = int.from_bytes(pictures[0][:4], "little")
        header = json.loads(pictures[0][4 : 4 + length])
        assert header == {"run": run["id"], "node": "s", "format": "webp", "width": 64, "height": 32}
        with PIL.Image.open(io.BytesIO(pictures[0][4 + length :])) as picture:
            assert (picture.format, picture.size) == ("WEBP", (64, 32))


def test_many_steps_are_few_small_events_and_are_forgotten_when_the_run_has_ended(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        document = {"format": 1, "nodes": {"s": {"node": "fault.steps", "with": {"count": 5000, "seconds": 0}}}}
        async with client.ws_connect("/api/v1/ws") as socket:
            run = await submit(client, document)
            events, _ = await until_ended(socket, run["id"])
        assert sum(event["type"] == "progress" for event in events) < 100
        async with client.get(f"/api/v1/events?after=0&run={run['id']}") as answer:
            assert '"progress"' not in await answer.text()


def test_a_run_of_two_thousand_nodes_sends_less_than_a_megabyte(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        nodes: dict[str, Any] = {"n0": {"node": "fault.number"}}
        nodes |= {f"n{k}": {"node": "fault.add", "from": {"a": f"n{k - 1}"}} for k in range(1, 2000)}
        async with client.ws_connect("/api/v1/ws") as socket:
            run = await submit(client, {"format": 1, "nodes": nodes, "outputs": {"n": "n1999"}})
            received = 0
            async for message in socket:
                received += len(message.data)
                event = json.loads(message.data)
                if event["type"] == "ended":
                    break
        assert event["run"] == run["id"]
        assert event["state"] == "ok"
        assert received < 1_000_000


def test_a_listener_that_reads_nothing_is_told_to_come_again_and_keeps_no_memory() -> None:
    async def story() -> None:
        listener = Listener(previews=True)
        text = "x" * 10_000
        for number in range(hub._MOST_WAITING_BYTES // len(text) + 2):
            listener.tell(Told(number, "r", text))
        assert listener.behind
        assert await listener.next(1) == []

    asyncio.run(story())


def test_a_client_that_is_too_slow_is_closed_with_the_code_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_MOST_WAITING_BYTES", 10)

    @with_client(settings)
    async def _(client: Client) -> None:
        async with client.ws_connect("/api/v1/ws") as socket:
            await socket.receive_json()
            await submit(client, wait=10)
            assert [message async for message in socket] == []
            assert socket.close_code == 4008


def test_giant_frames_and_strange_ones_close_the_socket_and_nothing_else(settings: Settings) -> None:
    @with_client(settings)
    async def _(client: Client) -> None:
        for message in ("x" * 100_000, b"binary"):
            async with client.ws_connect("/api/v1/ws") as socket:
                await socket.receive_json()
                await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_str(message))
                await asyncio.wait_for(socket.receive(), 5)
                assert socket.closed
        assert (await submit(client, SUM, wait=10))["state"] == "ok"


def test_a_thousand_sockets_listen_and_one_too_many_is_refused(settings: Settings) -> None:
    from dataclasses import replace

    limits = replace(settings.limits, listeners=1000)

    @with_client(settings, limits=limits)
    async def _(client: Client) -> None:
        path = "/api/v1/ws"
        sockets = [await client.ws_connect(path, max_msg_size=1 << 20) for _ in range(1000)]
        run = await submit(client)
        for socket in sockets:
            events, _ = await until_ended(socket, run["id"])
            assert events[-1]["type"] == "ended"
        await ask(client, "GET", "/api/v1/events", 503)
        for socket in sockets:
            await socket.close()


def test_the_hub_goes_on_counting_after_a_restart(settings: Settings) -> None:
    seen: list[int] = []

    @with_client(settings)
    async def _(client: Client) -> None:
        seen.append((await submit(client, wait=10))["last_event"])

    @with_client(settings)
    async def _(client: Client) -> None:
        run = await submit(client, inputs={"first": 5}, wait=10)
        assert run["last_event"] > seen[0]
        assert (await ask(client, "GET", "/api/v1/server"))["latest_event"] == run["last_event"]
