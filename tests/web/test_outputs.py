"""Files that runs wrote: listed, shown, with the workflow that made them, deleted to the trash; no other file is."""

from __future__ import annotations

import io
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from graph_web.sending import media_type

from .things import Server, picture, running

COPY = {
    "format": 1,
    "title": "Copy",
    "inputs": {"picture": {"type": "file"}, "name": {"type": "text", "default": "copy"}},
    "nodes": {
        "load": {"node": "core.load_image", "from": {"file": "inputs.picture"}},
        "save": {"node": "core.save_image", "from": {"image": "load.image", "name": "inputs.name"}},
    },
    "outputs": {"image": "save.image"},
}
BYTES = "application/octet-stream"
NOTE = {"format": 1, "nodes": {"w": {"node": "fault.write", "with": {"value": 7}}}, "outputs": {"note": "w"}}


@pytest.fixture
def server(settings):
    packs = (("core", "graph_nodes"), ("fault", "tests.web.faults"))
    with running(replace(settings, packs=packs)) as found:
        yield found


def run(server: Server, document: Any, **inputs: Any) -> dict[str, Any]:
    """Run a document, or a saved workflow by name, to its end."""
    asked = {"workflow": document} if isinstance(document, str) else {"document": document}
    answer = server.ask("POST", "/api/v1/runs", {**asked, "inputs": inputs, "wait": 60})
    assert answer.status in (200, 201, 202), answer.data
    assert answer.data["state"] == "ok", answer.data
    return answer.data


def copies(server: Server, *names: str) -> list[dict[str, Any]]:
    """Runs that each save a picture under another name, of the saved workflow `copy`."""
    asset = server.upload(picture(size=(40, 20))).data["id"]
    server.ask("PUT", "/api/v1/workflows/copy", {"document": COPY})
    return [run(server, "copy", picture=asset, name=name) for name in names]


def listed(server: Server, query: str = "") -> list[dict[str, Any]]:
    return server.ask("GET", f"/api/v1/outputs{query}").data["outputs"]


def test_a_picture_that_a_run_saved_is_listed_shown_and_carries_its_workflow(server):
    (done,) = copies(server, "first")
    (found,) = listed(server)
    facts = ("run", "workflow", "name", "picture", "missing")
    assert [found[name] for name in facts] == [done["id"], "copy", "image", True, False]
    assert done["outputs"]["image"][0]["url"] == found["url"]

    shown = server.ask("GET", found["url"])
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Disposition"].startswith('inline; filename="first-0001.png"')
    assert PIL.Image.open(io.BytesIO(shown.body)).size == (40, 20)
    assert server.ask("GET", found["url"], If_None_Match=shown.headers["ETag"]).status == 304
    assert server.ask("GET", found["url"] + "/info").data == found

    small = server.ask("GET", found["url"] + "/thumbnail?size=64")
    assert (small.headers["Content-Type"], small.body[8:12]) == ("image/webp", b"WEBP")
    again = server.ask("GET", found["url"] + "/workflow").data
    assert again["inputs"]["name"]["default"] == "first"
    assert run(server, again)["outputs"]["image"][0]["id"] == found["id"]


def test_outputs_are_paged_and_filtered(server):
    runs = copies(server, "a", "b", "c")
    note = run(server, NOTE)
    assert [item["path"].partition("-")[0] for item in listed(server)] == ["note", "c", "b", "a"]
    assert [item["run"] for item in listed(server, f"?run={runs[1]['id']}")] == [runs[1]["id"]]
    assert [item["run"] for item in listed(server, "?workflow=copy")] == [run["id"] for run in reversed(runs)]
    assert listed(server, f"?workflow=copy&run={note['id']}") == listed(server, "?run=nobody") == []
    first = server.ask("GET", "/api/v1/outputs?limit=3").data
    server.ask("DELETE", f"/api/v1/outputs/{first['next']}")  # the page's own mark may go
    second = server.ask("GET", f"/api/v1/outputs?limit=3&after={first['next']}").data
    assert [item["run"] for item in second["outputs"]] == [runs[0]["id"]]
    assert second["next"] == ""
    for query in ("limit=0", "after=nobody", "after=%00", "who=me", "run=a&run=b"):
        assert server.ask("GET", f"/api/v1/outputs?{query}").status == 400, query


def test_outputs_are_found_by_text_and_time(server):
    copies(server, "red", "blue_1", "blue-2")
    run(server, NOTE)
    names = lambda query: [item["path"].removesuffix("-0001.png") for item in listed(server, query)]  # noqa: E731
    assert names("?text=blue") == ["blue-2", "blue_1"]
    assert names("?text=blue_") == ["blue_1"]
    assert names("?text=COPY&pictures=true") == names("?pictures=true") == ["blue-2", "blue_1", "red"]
    assert names("?text=%25") == []
    (middle,) = listed(server, "?text=blue_")
    assert names(f"?since={middle['created']!r}&pictures=true") == ["blue-2", "blue_1"]
    assert names(f"?until={middle['created']!r}") == ["red"]


def test_a_text_is_sent_to_be_saved_and_has_neither_thumbnail_nor_workflow(server):
    run(server, NOTE)
    (found,) = listed(server)
    sent = server.ask("GET", found["url"])
    assert (sent.body, sent.headers["Content-Type"]) == (b"7", "text/plain; charset=utf-8")
    assert sent.headers["Content-Disposition"].startswith("attachment; ")
    assert server.ask("GET", found["url"] + "/thumbnail").status == 415
    none = server.ask("GET", found["url"] + "/workflow")
    assert (none.status, none.error["type"]) == (404, "NoWorkflow")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.PNG", "image/png"), ("a.jpeg", "image/jpeg"), ("a.webp", "image/webp"), ("a.csv", "text/plain"),
        ("a.html", BYTES), ("a.svg", BYTES), ("a.js", BYTES), ("a", BYTES), ("a.png.exe", BYTES), ("a.gif", BYTES),
    ],
)  # fmt: skip
def test_what_a_browser_could_run_is_sent_as_bytes(name, expected):
    assert media_type(name) == expected


def test_a_deleted_output_is_in_the_trash_and_its_run_in_the_history(server):
    (done,) = copies(server, "gone")
    (found,) = listed(server)
    server.ask("GET", found["url"] + "/thumbnail")
    assert server.ask("DELETE", found["url"]).status == 204
    assert listed(server) == []
    (trashed,) = (server.settings.trash / "outputs").iterdir()
    assert [path.name for path in trashed.iterdir()] == ["gone-0001.png"]
    assert not (server.settings.outputs / "gone-0001.png").exists()
    assert list((server.settings.cache / "thumbnails").rglob("*.webp")) == []
    for rest in ("", "/info", "/thumbnail", "/workflow"):
        assert server.ask("GET", found["url"] + rest).status == 404
    assert server.ask("DELETE", found["url"]).status == 404
    assert server.ask("GET", f"/api/v1/runs/{done['id']}").data["state"] == "ok"


def test_a_file_that_somebody_removed_is_shown_as_missing_and_can_be_forgotten(server):
    copies(server, "lost")
    (found,) = listed(server)
    (server.settings.outputs / found["path"]).unlink()
    assert listed(server)[0]["missing"] is True
    for rest in ("", "/thumbnail", "/workflow"):
        answer = server.ask("GET", found["url"] + rest)
        assert (answer.status, answer.error["type"]) == (404, "FileGone")
    assert server.ask("DELETE", found["url"]).status == 204
    assert listed(server) == []


def test_a_picture_that_is_damaged_has_no_thumbnail_but_can_be_fetched(server):
    copies(server, "broken")
    (found,) = listed(server)
    (server.settings.outputs / found["path"]).write_bytes(b"\x89PNG\r\n\x1a\n garbage")
    assert server.ask("GET", found["url"] + "/thumbnail").status == 415
    assert server.ask("GET", found["url"] + "/workflow").status == 404
    assert server.ask("GET", found["url"]).status == 200


@pytest.mark.parametrize("name", ["x", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "%ff", "%27%20OR%201=1", "a" * 2000])
def test_an_id_that_is_none_is_not_found(server, name):
    for method, rest in (("GET", ""), ("GET", "/info"), ("GET", "/thumbnail"), ("GET", "/workflow"), ("DELETE", "")):
        assert server.ask(method, f"/api/v1/outputs/{name}{rest}").status == 404


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "link.txt", "folder/../../secret.txt", "a\0b", "NUL"])
def test_a_recorded_path_that_leads_out_is_never_opened(settings, tmp_path, path):
    (tmp_path / "secret.txt").write_text("secret")
    settings.outputs.mkdir()
    (settings.outputs / "link.txt").symlink_to(tmp_path / "secret.txt")
    with running(settings):
        pass
    _record(settings.data / "state.db", path)
    with running(settings) as server:
        assert [item["missing"] for item in listed(server)] == [True]
        answer = server.ask("GET", "/api/v1/outputs/o1")
        assert (answer.status, b"secret" in answer.body.replace(b"secret.txt", b"")) == (404, False)
        assert server.ask("DELETE", "/api/v1/outputs/o1").status == 204
    assert (tmp_path / "secret.txt").read_text() == "secret"


def _record(database: Path, path: str) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("INSERT INTO outputs VALUES ('o1', 'r1', 'note', ?, 6, 1.0, NULL)", (path,))
    connection.close()
