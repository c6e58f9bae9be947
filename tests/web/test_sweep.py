"""Every route of the real server, whichever there are: none answers to strangers, none leads out of its folders.

The tables are made from the router itself, so that a new route is covered by being there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest
from graph_web.app import ROUTES, make_app
from graph_web.settings import Limits, Settings

from .serving import TOKEN, Site, site
from .small import WEBSOCKET

SECRET = "the-secret-of-somebody-else"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PUBLIC = {"/healthz", "/static"}
NOTE = """\
format: 1
title: a note
inputs: {picture: {type: file, default: own.png}}
nodes:
  picture: {node: core.load_image, from: {file: inputs.picture}}
outputs: {size: picture.image}
"""


@dataclasses.dataclass(frozen=True)
class World:
    """A server, its folders, and a folder beside them that is none of its business."""

    site: Site
    settings: Settings
    outside: Path

    def files(self) -> dict[str, bytes]:
        """Every file that no request of this module may change."""
        folders = (self.outside, self.settings.workflows, self.settings.assets, self.settings.outputs)
        found = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
        return {str(path): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    base = tmp_path_factory.mktemp("sweep")
    settings = Settings(
        *(base / name for name in ("data", "cache", "outputs")),
        token=TOKEN,
        device="cpu",
        worker="thread",
        packs=(("core", "graph_nodes"),),
        limits=Limits(document_bytes=20_000, upload_bytes=100_000),
    )
    outside = base / "outside"
    for folder in (settings.workflows, settings.assets, settings.outputs, outside / "models"):
        folder.mkdir(parents=True)
    (outside / "secret.txt").write_text(SECRET)
    (outside / "secret.yaml").write_text(f"format: 1\ntitle: {SECRET}\nnodes: {{a: {{node: core.plain_image}}}}\n")
    (outside / "models/model.json").write_text(f'{{"title": "{SECRET}"}}')
    PIL.Image.new("RGB", (8, 8), "red").save(outside / "secret.png")
    PIL.Image.new("RGB", (8, 8)).save(settings.workflows / "own.png")
    (settings.workflows / "note.yaml").write_text(NOTE)
    for folder in (settings.workflows, settings.assets, settings.outputs):
        (folder / "link").symlink_to(outside)
        (folder / "link.png").symlink_to(outside / "secret.png")
    (settings.workflows / "linked.yaml").symlink_to(outside / "secret.yaml")
    (settings.assets / f"{'0' * 32}.png").symlink_to(outside / "secret.png")
    with site(make_app(settings)) as found:
        yield World(found, settings, outside)


def paths() -> list[str]:
    """Every path that is registered, with something in place of its parameters."""
    return ["/", "/static/editor.js", *dict.fromkeys(re.sub(r"\{\w+\}", "note", route.path) for route in ROUTES)]


def test_the_sweep_knows_every_route_of_the_application(tmp_path):
    settings = Settings(tmp_path, tmp_path, tmp_path, token=TOKEN)
    resources = {resource.canonical for resource in make_app(settings).router.resources()}
    assert resources == {route.path for route in ROUTES} | {"/", "/static"}


def is_public(path: str) -> bool:
    return any(path == start or path.startswith(f"{start}/") for start in PUBLIC)


# Strangers ----------------------------------------------------------------------------------------------------------

STRANGE = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "127.0.0.1.evil.example"}, 421),
    ({"Host": "127.0.0.1:1"}, 421),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "http://127.0.0.1:{}.evil.example"}, 403),
    ({"Origin": "http://127.0.0.1:{}1"}, 403),
    ({"Origin": "http://localhost:{}"}, 403),
    ({"Origin": "https://127.0.0.1:{}"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", paths())
def test_no_route_answers_to_strangers_in_any_method(world, method, path):
    before = world.files()
    for change, status in STRANGE:
        headers = {name: value.format(world.site.port) for name, value in change.items()}
        assert world.site.ask(method, path, headers).status == status, change
    if not (is_public(path) and method in ("GET", "HEAD")):
        for token in (None, "wrong"):
            assert world.site.ask(method, path, token=token).status == 401
        assert world.site.ask(method, f"{path}?token=wrong", token=None).status == 401
    assert world.files() == before


@pytest.mark.parametrize(("change", "status"), [*STRANGE, ({"Authorization": "Bearer wrong"}, 401)])
def test_no_handshake_is_made_with_strangers(world, change, status):
    headers = WEBSOCKET | {name: value.format(world.site.port) for name, value in change.items()}
    assert world.site.ask("GET", "/api/v1/ws", headers).status == status


def test_a_handshake_is_made_with_ours(world):
    assert world.site.ask("GET", "/api/v1/ws", WEBSOCKET | {"Origin": world.site.origin}).status == 101


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_no_route_takes_a_body_of_another_type_or_size(world, route):
    path = re.sub(r"\{\w+\}", "note", route.path)
    before = world.files()
    for given in ("text/plain", "application/x-www-form-urlencoded", None):
        assert world.site.ask(route.method, path, {"Content-Type": given}, b'{"a": 1}').status == 415
    for accepted in route.accepts.split(","):
        headers = {"Content-Type": accepted.strip()}
        assert world.site.ask(route.method, path, {**headers, "Content-Encoding": "gzip"}, b"{}").status == 415
        assert world.site.ask(route.method, path, {**headers, "Content-Length": "500000"}).status == 413
    assert world.files() == before


@pytest.mark.parametrize("route", [route for route in ROUTES if route.body is not None], ids=lambda route: route.name)
def test_no_body_of_unknown_length_grows_beyond_its_limit(world, route):
    path = re.sub(r"\{\w+\}", "note", route.path)
    chunks = b"".join(b"1000\r\n" + b" " * 0x1000 + b"\r\n" for _ in range(10)) + b"0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json", "Content-Length": None}
    assert world.site.ask(route.method, path, headers, chunks).status == 413


@pytest.mark.parametrize("path", paths())
def test_methods_that_are_not_there_are_named_as_such(world, path):
    here = [route for route in ROUTES if re.sub(r"\{\w+\}", "note", route.path) == path]
    registered = {route.method for route in here} | {"HEAD" for route in here if route.has_head}
    for method in METHODS if path.startswith("/api") else ():
        if method not in registered:
            answer = world.site.ask(method, path)
            assert answer.status == 405
            assert set(answer.headers["Allow"].split(",")) == registered


@pytest.mark.parametrize("route", [route for route in ROUTES if route.has_head], ids=lambda route: route.name)
def test_what_can_be_read_can_be_asked_about(world, route):
    path = re.sub(r"\{\w+\}", "note", route.path)
    told, read = world.site.ask("HEAD", path), world.site.ask("GET", path)
    assert (told.status, told.body) == (read.status, b"")
    for name in ("Content-Type", "ETag", "Cache-Control"):
        assert told.headers[name] == read.headers[name]


def test_a_file_is_asked_about_without_being_sent(world):
    path = "/api/v1/templates/glide/picture"
    told, read = world.site.ask("HEAD", path), world.site.ask("GET", path)
    assert (told.status, told.body, told.headers["Content-Length"]) == (200, b"", str(len(read.body)))
    assert told.headers["ETag"] == read.headers["ETag"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_read_only_refuses_every_route_that_changes_anything(locked, route):
    if route.path in ("/api/v1/ws", "/api/v1/events"):
        return  # listens for ever
    body = {} if route.body is not None else None
    answer = locked.ask(route.method, re.sub(r"\{\w+\}", "note", route.path), {}, body)
    refused = answer.status == 403 and answer.error["type"] == "ReadOnly"
    assert refused == route.changes
    assert route.changes or answer.status < 500


@pytest.fixture(scope="module")
def locked(tmp_path_factory) -> Iterator[Site]:
    base = tmp_path_factory.mktemp("locked")
    settings = Settings(*(base / name for name in "dco"), token=TOKEN, read_only=True, device="cpu", worker="thread")
    with site(make_app(dataclasses.replace(settings, packs=(("core", "graph_nodes"),)))) as found:
        yield found


# Paths --------------------------------------------------------------------------------------------------------------

CLIMBS = ["..", "../outside/secret", "../../outside/secret.png", "....//....//outside/secret.txt", "x/../../outside"]
PATHS = [
    *CLIMBS,
    *(climb.replace("/", "\\") for climb in CLIMBS[1:]),
    "/etc/passwd",
    "//etc/passwd",
    "/{outside}/secret.txt",
    "file:///etc/passwd",
    "~/secret.txt",
    "~root/.bashrc",
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "C:secret.txt",
    "\\\\evil.example\\share\\secret.png",
    "//evil.example/share/secret.png",
    "\\\\?\\C:\\secret.txt",
    "\\\\.\\PhysicalDrive0",
    "note.yaml::$DATA",
    "note.yaml:stream",
    "note\x00.yaml",
    "\x00",
    "note\n.yaml",
    "note\r\nSet-Cookie: a=b",
    "con",
    "NUL",
    "nul.txt",
    "com1",
    "LPT9.png",
    "aux.yaml",
    "link",
    "link/secret.txt",
    "link/secret.yaml",
    "link.png",
    "linked",
    "linked.yaml",
    f"{'0' * 32}.png",
    ".",
    "./note",
    "note/.",
    ".revisions",
    ".hidden",
    ".info",
    "..%2f..%2foutside%2fsecret.txt",
    "%2e%2e%2f%2e%2e%2foutside%2fsecret.txt",
    "%252e%252e%252foutside",
    "..%c0%af..%c0%afoutside",
    "%u002e%u002e%u2215",
    "..\u2215..\u2215outside\u2215secret.txt",
    "\uff0e\uff0e\uff0foutside",
    "a" * 300,
    "\u00e9" * 100,
    "note.yaml.",
    "note ",
    " note",
    "*",
    "?",
    "note;id",
    "$(id)",
    "{{7*7}}",
    "<script>alert(1)</script>.png",
    "",
    " ",
    "\ud800",
    "-rf",
    "state.db",
    "../state.db",
    "../token",
    "token",
]


def payloads(world: World) -> list[str]:
    return [payload.replace("{outside}", str(world.outside)) for payload in PATHS]


def encoded(text: str) -> str:
    """Each byte of a text as %XX, so that it arrives as it is."""
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def double(text: str) -> str:
    return encoded(text).replace("%", "%25")


def plain(text: str) -> str:
    """As an attacker's own client sends it: only what would break the request line is encoded."""
    return "".join(char if "!" <= char <= "~" and char not in "?#" else encoded(char) for char in text)


AIMED = [(route, name) for route in ROUTES for name in route.parameters]


@pytest.mark.parametrize(("route", "name"), AIMED, ids=[f"{route.name}-{name}" for route, name in AIMED])
def test_no_path_parameter_leads_out(world, route, name):
    before = world.files()
    body = {"text": NOTE, "name": "n"} if route.body is not None else None
    for payload in payloads(world):
        for spelling in (plain, encoded, double):
            path = route.path.replace(f"{{{name}}}", spelling(payload) or "%20")
            answer = world.site.ask(route.method, re.sub(r"\{\w+\}", "note", path), {}, body)
            assert answer.status < 500, (payload, spelling.__name__, answer.body[:300])
            assert SECRET.encode() not in answer.body, (payload, spelling.__name__)
            assert b"root:" not in answer.body
            assert "Set-Cookie" not in answer.headers
    if route.method != "PUT":  # a save under a harmless name is what it is for
        assert world.files() == before
    assert {path: data for path, data in world.files().items() if path.startswith(str(world.outside))} == {
        path: data for path, data in before.items() if path.startswith(str(world.outside))
    }


STATIC = [*PATHS, "../app.py", "../../graph_web/app.py", "%2e%2e/app.py", "..%2fapp.py", "editor.js%00.png"]


@pytest.mark.parametrize("spelling", [plain, encoded, double])
def test_static_files_are_those_of_the_editor_alone(world, spelling):
    for payload in STATIC:
        answer = world.site.ask("GET", f"/static/{spelling(payload)}", token=None)
        assert answer.status in (400, 401, 403, 404), payload
        assert SECRET.encode() not in answer.body
        assert b"import" not in answer.body


AIMED_NODES = [
    ("core.load_image", "file", {}),
    ("core.load_mask", "file", {}),
    ("core.load_images", "folder", {}),
    ("core.load_images", "pattern", {"folder": "."}),
    ("core.load_model", "model", {}),
]


def run(world: World, **submission):
    answer = world.site.ask("POST", "/api/v1/runs", {}, {"wait": 60, **submission})
    assert answer.status < 500, answer.body
    assert SECRET.encode() not in answer.body
    assert b"root:" not in answer.body
    return answer


def is_our_own(payload: str) -> bool:
    """Patterns and spellings of what lies in the server's own folders, which may be read."""
    return payload in ("*", "?", ".", "", " ")


@pytest.mark.parametrize(
    ("node", "name", "others"), AIMED_NODES, ids=lambda item: item if isinstance(item, str) else ""
)
def test_no_parameter_of_a_node_leads_out(world, node, name, others):
    before = world.files()
    for payload in payloads(world):
        document = {"format": 1, "nodes": {"a": {"node": node, "with": {**others, name: payload}}}}
        answer = run(world, document=document)
        ok = answer.status == 200 and answer.data["state"] == "ok"
        assert not ok or is_our_own(payload), (payload, answer.data)
    assert world.files() == before


def test_no_input_of_a_saved_workflow_leads_out(world):
    for payload in payloads(world):
        answer = run(world, workflow="note", inputs={"picture": payload})
        assert answer.status != 200 or answer.data["state"] == "failed", (payload, answer.data)
    assert run(world, workflow="note").data["state"] == "ok"


def test_no_sub_workflow_is_read_from_outside(world):
    for payload in payloads(world):
        document = {"format": 1, "nodes": {"a": {"node": f"workflow:{payload}"}}}
        for path in ("/api/v1/check", "/api/v1/plan", "/api/v1/runs"):
            answer = world.site.ask("POST", path, {}, {"document": document})
            assert answer.status < 500, (payload, answer.body)
            assert SECRET.encode() not in answer.body, payload
            assert path == "/api/v1/check" or answer.status in (400, 422), payload


def written(world, payloads):
    """The files that runs made which saved a text under each of these names; nothing else may have changed."""
    before = world.files()
    for payload in payloads:
        text = payload.format(outside=world.outside) if "{outside}" in payload else payload
        run(
            world,
            document={"format": 1, "nodes": {"a": {"node": "core.save_text", "with": {"text": "x", "name": text}}}},
        )
    after = world.files()
    assert {path: data for path, data in after.items() if path in before} == before
    return [Path(path) for path in after if path not in before]


def is_output(world, path):
    return path.resolve().is_relative_to(world.settings.outputs.resolve())


def test_nothing_is_written_outside_the_outputs(world):
    new = written(world, [payload for payload in payloads(world) if "link" not in payload])
    assert len(new) > 10
    assert all(is_output(world, path) for path in new)


def test_nothing_is_written_through_a_link_among_the_outputs(world):
    assert all(is_output(world, path) for path in written(world, ["link/secret"]))
