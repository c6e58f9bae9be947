"""A model that comes into a model folder, or goes, is heard of without asking."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from graph_nodes.checkpoints.tiny.families import make_tiny
from graph_web.settings import Settings

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


async def named(client: TestClient[Any, Any]) -> list[str]:
    return [model["name"] for model in (await ask(client, "GET", "/api/v1/models"))["models"]]
