"""Fetching from the hub: the real command and the hub's real library, against a server that answers as the hub does."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from graph_nodes.checkpoints.hub import choose_files

from .bench import Bench

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HubServer:
    """A hub with one public model `me/tiny`, one that wants the token `secret`, and one behind terms."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/models/{owner}/{name}/revision/{revision}", self.info)
        app.router.add_get("/api/models/{owner}/{name}/tree/{revision}", self.tree)
        app.router.add_get("/{owner}/{name}/resolve/{revision}/{path:.+}", self.file)
        return app

    def files(self) -> dict[str, Path]:
        return {p.relative_to(self.folder).as_posix(): p for p in sorted(self.folder.rglob("*")) if p.is_file()}

    def _admit(self, request: web.Request) -> None:
        name = request.match_info["name"]
        allowed = name == "tiny" or (name == "private" and request.headers.get("Authorization") == "Bearer secret")
        if name == "gated":
            raise web.HTTPForbidden(headers={"X-Error-Code": "GatedRepo"})
        if not allowed:
            raise web.HTTPUnauthorized(headers={"X-Error-Code": "RepoNotFound"})
        if request.match_info["revision"] not in ("main", "v1", COMMIT):
            raise web.HTTPNotFound(headers={"X-Error-Code": "RevisionNotFound"})

    async def info(self, request: web.Request) -> web.Response:
        self._admit(request)
        siblings = [{"rfilename": name} for name in self.files()]
        return web.json_response({"id": "me/tiny", "sha": COMMIT, "siblings": siblings})

    async def tree(self, request: web.Request) -> web.Response:
        self._admit(request)
        sizes = {name: path.stat().st_size for name, path in self.files().items()}
        return web.json_response(
            [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in sizes.items()]
        )

    async def file(self, request: web.Request) -> web.StreamResponse:
        self._admit(request)
        path = self.files()[request.match_info["path"]]
        if request.method == "GET":
            self.asked.append(request.match_info["path"])
        etag = f'"{hashlib.sha256(path.read_bytes()).hexdigest()}"'
        return web.Response(body=path.read_bytes(), headers={"ETag": etag, "X-Repo-Commit": COMMIT})


@pytest.fixture
def hub_server(bench: Bench, tmp_path: Path) -> Iterator[HubServer]:
    folder = tmp_path / "published"
    shutil.copytree(bench.path("sd15"), folder)
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x02a pickle.")
    (folder / "pipeline.py").write_text("print('run me')")
    server = HubServer(folder)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(server.app())

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(start(), loop).result(10)}"
    yield server
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@dataclass
class HubShell:
    """`graph-engine` in a process of its own, with a hub's cache of its own."""

    server: HubServer
    folder: Path

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        here = {"HF_ENDPOINT": self.server.url, "HF_HUB_CACHE": str(self.folder / "hub"), "HF_HUB_DISABLE_XET": "1"}
        folders = {f"GRAPH_ENGINE_{name}": str(self.folder / name.lower()) for name in ("CACHE", "DATA", "OUTPUTS")}
        return subprocess.run(
            [sys.executable, "-m", "graph_engine.cli", *arguments],
            env={**os.environ, **here, **folders, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def shell(hub_server: HubServer, tmp_path: Path) -> HubShell:
    return HubShell(hub_server, tmp_path)


def test_a_model_is_fetched_once_pinned_listed_and_run(shell: HubShell) -> None:
    fetched = shell("fetch-model", "hub:me/tiny")
    assert fetched.returncode == 0, fetched.stderr
    pinned, folder = fetched.stdout.splitlines()
    assert pinned == f"hub:me/tiny@{COMMIT}"
    assert not list(Path(folder).rglob("*.bin"))
    assert not list(Path(folder).rglob("*.py"))
    before = list(shell.server.asked)
    assert len(before) == len(set(before))
    assert shell("fetch-model", "hub:me/tiny").returncode == 0
    assert shell.server.asked == before  # what is there is not fetched again
    listed = json.loads(shell("models", "--json").stdout)
    assert [(model["name"], model["family"]) for model in listed if model["name"].startswith("hub:")] == [
        ("hub:me/tiny@main", "stable-diffusion")
    ]
    for name in ("hub:me/tiny", "hub:me/tiny@main", pinned):
        assert "UNet2DConditionModel" in shell("models", "inspect", name).stdout
    workflow = Path(__file__).parents[2] / "workflows" / "checkpoints" / "sd15_txt2img.yaml"
    ran = shell("run", str(workflow), "--model", pinned, "--steps", "1", "-q", HF_ENDPOINT="http://127.0.0.1:9")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("name", "environment", "message"),
    [
        ("hub:me/nothing", {}, "hub:me/nothing@main was not fetched: 401"),
        ("hub:me/private", {}, "a private model wants HF_TOKEN"),
        ("hub:me/gated", {}, "agreed to its terms: agree on its page, and set HF_TOKEN"),
        ("hub:me/tiny@v9", {}, "hub:me/tiny@v9 was not fetched: 404"),
        ("hub:me/tiny", {"HF_HUB_OFFLINE": "1"}, "was not fetched: HF_HUB_OFFLINE is set"),
        ("hub:me/tiny", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "hub:me/tiny@main was not fetched: "),
        ("me/tiny", {}, "wanted is hub:owner/name or hub:owner/name@revision"),
    ],
)
def test_what_the_hub_refuses_is_told_in_one_line(
    shell: HubShell, name: str, environment: dict[str, str], message: str
) -> None:
    answer = shell("fetch-model", name, **environment)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_private_model_is_fetched_with_the_token(shell: HubShell) -> None:
    answer = shell("fetch-model", "hub:me/private@v1", HF_TOKEN="secret")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0] == f"hub:me/private@{COMMIT}"


def test_of_a_published_listing_one_precision_of_what_is_used_is_chosen() -> None:
    """DeepFloyd's stage II: T5 in shards and in both precisions, beside weights that no node uses."""
    shards = [f"text_encoder/model{dot}-0000{k}-of-00002.safetensors" for dot in ("", ".fp16") for k in (1, 2)]
    indices = [f"text_encoder/model.safetensors.index{dot}.json" for dot in ("", ".fp16")]
    plain = ["unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin"]
    unused = [f"safety_checker/model{dot}.safetensors" for dot in ("", ".fp16")]
    unused += ["watermarker/diffusion_pytorch_model.safetensors", "IF-II-L.safetensors"]
    configs = ["model_index.json", "tokenizer/spiece.model", "unet/config.json", "safety_checker/config.json"]
    files = [*configs, *shards, *indices, *plain, "unet/diffusion_pytorch_model.fp16.safetensors", *unused]
    assert set(choose_files(files)) == {*configs, *shards[:2], indices[0], plain[0]}
    half = {*configs, *shards[2:], indices[1], "unet/diffusion_pytorch_model.fp16.safetensors"}
    assert set(choose_files(files, "fp16")) == half
