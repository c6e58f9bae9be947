"""A model that comes into a model folder, or goes, is heard of without asking."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from graph_nodes.checkpoints.tiny.families import make_tiny
from graph_web import model_watch
from graph_web.hub import Hub
from graph_web.settings import Settings
from graph_web.store.database import Database

from graph_engine import Engine, Folders, ModelFacts, ModelReader
from graph_engine.plugins import Registry

from .clients import ask, with_client


def test_listeners_are_told_when_a_model_comes_and_when_it_goes(settings: Settings, tmp_path: Path) -> None:
    folder, aside = tmp_path / "models", tmp_path / "aside"
    folder.mkdir()
    make_tiny("sd15", aside)
    packs = (("core", "graph_nodes"),)

    @with_client(replace(settings, packs=packs, models=(folder,)))
    async def _(client: TestClient[Any, Any]) -> None:
        async with client.ws_connect("/api/v1/ws") as socket:
            await socket.receive_json()
            assert await named(client) == []
            aside.rename(folder / "mine")
            async with asyncio.timeout(20):
                assert (await socket.receive_json())["type"] == "models"
                assert await named(client) == ["mine"]
                (folder / "mine" / "vae" / "late.safetensors").write_bytes(b"")
                assert (await socket.receive_json())["type"] == "models"
                (folder / "mine").rename(aside)
                assert (await socket.receive_json())["type"] == "models"
            assert await named(client) == []


def test_a_reader_that_fails_is_logged_once_and_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def find(root: Path) -> list[str]:
        asked.append(root)
        if len(asked) < 3:
            raise TypeError("not this folder")
        return ["mine"]

    def describe(name: str, path: Path) -> ModelFacts:
        return ModelFacts(name, "mine")

    monkeypatch.setattr(model_watch, "_SECONDS", 0.01)
    engine = Engine(Registry(model_readers=[ModelReader(find, describe)]), folders=Folders(model_roots=(tmp_path,)))

    async def watch() -> None:
        with contextlib.closing(Database(tmp_path)) as database:
            watching = asyncio.create_task(model_watch.ModelWatch(engine, Hub(database, 1), lambda _: None).run())
            async with asyncio.timeout(20):
                while len(asked) < 3:
                    await asyncio.sleep(0.01)
            assert not watching.done()
            watching.cancel()

    asyncio.run(watch())
    assert caplog.text.count("the models cannot be looked at") == 1
    assert "not this folder" in caplog.text


async def named(client: TestClient[Any, Any]) -> list[str]:
    return [model["name"] for model in (await ask(client, "GET", "/api/v1/models"))["models"]]
