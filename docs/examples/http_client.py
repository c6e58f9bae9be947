"""Run a saved workflow over HTTP, follow it, and keep its pictures: `python http_client.py http://... TOKEN`."""

import asyncio
import sys
from pathlib import Path

import aiohttp


async def main(server: str, token: str) -> None:
    """Make a picture with the saved workflow `glide`."""
    async with aiohttp.ClientSession(server, headers={"Authorization": f"Bearer {token}"}) as session:
        call = {"inputs": {"prompt": "a large blue star"}}
        async with session.post("/api/v1/workflows/glide/run", json=call) as answer:
            answer.raise_for_status()
            run = (await answer.json())["id"]
        async with session.ws_connect("/api/v1/ws", params={"run": run, "after": "0"}) as events:
            async for event in events:
                told = event.json()
                print(told["type"], told.get("node", ""), told.get("step", ""))
                if told["type"] == "ended":
                    break
        async with session.get(f"/api/v1/runs/{run}") as answer:
            files = (await answer.json())["outputs"]["image"]
        for file in files:
            async with session.get(file["url"]) as answer:
                Path(file["name"]).write_bytes(await answer.read())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
