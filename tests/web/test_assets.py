"""Uploaded pictures: one copy of the same bytes, an id that is safe to serve, and nothing else gets in."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from graph_web.assets import Assets
from graph_web.errors import Failure
from graph_web.settings import Limits

from .things import Server, form, picture, png_header, running


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    return Assets(tmp_path / "assets", tmp_path / "trash")


@pytest.fixture
def server(settings):
    with running(settings) as found:
        yield found


def add(assets: Assets, data: bytes, label: str = "cat.png"):
    upload = assets.new_upload()
    upload.write_bytes(data)
    return assets.add(upload, label)


def test_the_same_bytes_are_kept_once_under_their_first_name(assets):
    first = add(assets, picture(), "cat.png")
    again = add(assets, picture(), "dog.png")
    assert first == again
    assert (first.name, first.width, first.height, first.bytes) == ("cat.png", 40, 20, len(picture()))
    assert first.id.endswith(".png")
    assert assets.find(first.id).read_bytes() == picture()
    assert sorted(path.name for path in assets.folder.iterdir()) == [".info", ".uploads", first.id]
    assert not list((assets.folder / ".uploads").iterdir())


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\Users\\me\\cat.png", "cat.png"), ("a\x00b\nc", "abc"), ("", "picture"),
        ("///", "picture"), ("x" * 500, "x" * 120), ("\u202egnp.exe", "gnp.exe"), ("e\u0301.png", "\u00e9.png"),
        ("<img onerror=x>", "<img onerror=x>"), ("\udcff.png", ".png"),
    ],
)  # fmt: skip
def test_a_label_is_fit_to_be_shown(assets, label, name):
    assert add(assets, picture(), label).name == name


def test_a_refused_upload_leaves_nothing_behind(server):
    for data, status in ((b"<svg onload=alert(1)>", 415), (png_header(9_000, 9_000), 413), (b"", 415)):
        answer = server.upload(data)
        assert answer.status == status, answer.data
    folder = server.settings.assets
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert server.ask("GET", "/api/v1/assets").data == {"assets": [], "next": ""}


def test_pages_go_from_new_to_old_and_survive_deletions(assets):
    made = []
    for number in range(7):
        made.append(add(assets, picture(size=(number + 1, 1))))
        os.utime(assets.find(made[-1].id), (number, number))
    first = assets.list(limit=3)
    assert [item.id for item in first.assets] == [made[n].id for n in (6, 5, 4)]
    assets.delete(made[4].id)
    second = assets.list(first.next, 3)
    assert [item.id for item in second.assets] == [made[n].id for n in (3, 2, 1)]
    last = assets.list(second.next, 3)
    assert ([item.id for item in last.assets], last.next) == ([made[0].id], "")


@pytest.mark.parametrize("cursor", ["x", "-", "1-x", f"{'9' * 30}-{'0' * 32}.png"])
def test_a_cursor_that_no_page_gave_is_refused(assets, cursor):
    with pytest.raises(Failure, match="first page"):
        assets.list(cursor)


def test_lost_information_is_found_again_in_the_picture(assets):
    asset = add(assets, picture(), "cat.png")
    for damage in (lambda file: file.unlink(), lambda file: file.write_text("{")):
        damage(assets.folder / ".info" / f"{asset.id}.json")
        found = assets.get(asset.id)
        assert (found.name, found.width, found.height) == (asset.id, 40, 20)
        assert assets.list().assets == [found]


def test_deleting_moves_to_the_trash_and_uploading_brings_it_back(assets, tmp_path):
    asset = add(assets, picture())
    assets.delete(asset.id)
    with pytest.raises(Failure) as caught:
        assets.find(asset.id)
    assert caught.value.status == 404
    (trashed,) = (tmp_path / "trash" / "assets").iterdir()
    assert {path.name for path in trashed.iterdir()} == {asset.id, f"{asset.id}.json"}
    assert add(assets, picture(), "again.png").name == "again.png"


def test_uploads_that_a_dead_server_left_are_swept(assets):
    old, new = assets.new_upload(), assets.new_upload()
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    assets.new_upload()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_disk_that_is_full_is_told(assets, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Failure, match="free some space") as caught:
            add(assets, picture())
    assert caught.value.status == 507
    assert assets.list().assets == []


# Over HTTP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_an_upload_is_served_as_what_it_is_and_nothing_in_it_can_run(server, kind, mime):
    data = picture(kind) + b"<script>alert(1)</script>"
    made = server.upload(data, "evil.html")
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1/assets/{made.data['id']}")
    url = made.headers["Location"]
    found = server.ask("GET", url)
    assert (found.status, found.body) == (200, data)
    wanted = {
        "Content-Type": mime,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=31536000, immutable",
        "ETag": f'"{made.data["id"].partition(".")[0]}"',
    }
    assert {name: found.headers[name] for name in wanted} == wanted
    assert found.headers["Content-Disposition"].startswith(f'inline; filename="{made.data["id"]}"')
    unchanged = server.ask("GET", url, If_None_Match=found.headers["ETag"])
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert server.ask("GET", url, If_None_Match='"other"').status == 200
    assert server.ask("GET", f"{url}/info").data == made.data


def test_a_thumbnail_is_small_and_goes_with_its_asset(server):
    asset = server.upload(picture("JPEG", (900, 600))).data["id"]
    small = server.ask("GET", f"/api/v1/assets/{asset}/thumbnail?size=100")
    assert (small.status, small.headers["Content-Type"], small.body[8:12]) == (200, "image/webp", b"WEBP")
    assert server.ask("GET", f"/api/v1/assets/{asset}/thumbnail", If_None_Match="*").status == 304
    for size in ("0", "-1", "5000", "x", ""):
        assert server.ask("GET", f"/api/v1/assets/{asset}/thumbnail?size={size}").status == 400
    assert len(list((server.settings.cache / "thumbnails").rglob("*.webp"))) == 2
    assert server.ask("DELETE", f"/api/v1/assets/{asset}").status == 204
    assert list((server.settings.cache / "thumbnails").rglob("*.webp")) == []
    assert server.ask("GET", f"/api/v1/assets/{asset}/thumbnail").status == 404
    assert server.ask("DELETE", f"/api/v1/assets/{asset}").status == 404


IDS = [
    "x",
    "..%2f..%2fstate.db",
    "%2e%2e",
    ".info",
    "0" * 32 + ".svg",
    "0" * 32 + ".png",
    "A" * 32 + ".png",
    "%00",
    "%ff",
]


@pytest.mark.parametrize("name", IDS)
def test_an_id_that_is_none_is_not_found(server, name):
    for method, rest in (("GET", ""), ("GET", "/info"), ("GET", "/thumbnail"), ("DELETE", "")):
        assert server.ask(method, f"/api/v1/assets/{name}{rest}").status == 404


BODY, TYPE = form(picture())
FORMS = {
    "no form": (b"x", "text/plain", 415),
    "no boundary": (BODY, "multipart/form-data", 400),
    "another boundary": (BODY, "multipart/form-data; boundary=other", 400),
    "nothing in it": (b"", TYPE, 400),
    "cut off": (BODY[:60], TYPE, 400),
    "another field": (*form(picture(), field="picture"), 400),
    "parts in parts": (BODY.replace(b"text/html", b"multipart/mixed; boundary=inner"), TYPE, 400),
    "a head that never ends": (BODY.replace(b"text/html", b"x" * 100_000), TYPE, 400),
    "garbage": (b"--frontier\r\n\xff\xfe\r\n\r\n", TYPE, 400),
}


@pytest.mark.parametrize("case", FORMS)
def test_a_form_that_is_none_is_refused_and_leaves_nothing(server, case):
    body, content_type, status = FORMS[case]
    answer = server.ask("POST", "/api/v1/assets", body, Content_Type=content_type)
    assert answer.status == status, answer.body
    assert [path for path in server.settings.assets.rglob("*") if path.is_file()] == []


def test_an_upload_that_is_too_large_is_refused_while_it_comes(settings):
    with running(replace(settings, limits=replace(Limits(), upload_bytes=100_000))) as server:
        data = picture("PNG") + b"\0" * 100_000
        answer = server.upload(data)
        assert (answer.status, answer.error["type"]) == (413, "TooLarge")
        assert server.upload(picture("PNG") + b"\0" * 50_000).status == 201
        assert not list((settings.assets / ".uploads").iterdir())


def test_a_server_that_only_reads_takes_no_uploads(settings):
    with running(replace(settings, read_only=True)) as server:
        assert server.upload(picture()).status == 403
        assert server.ask("GET", "/api/v1/assets").status == 200


def test_pages_over_http_and_words_that_no_query_knows(server: Server):
    for number in range(3):
        server.upload(picture(size=(number + 1, 1)))
    first = server.ask("GET", "/api/v1/assets?limit=2").data
    second = server.ask("GET", f"/api/v1/assets?limit=2&after={first['next']}").data
    assert [len(first["assets"]), len(second["assets"]), second["next"]] == [2, 1, ""]
    for query in ("limit=0", "limit=1001", "limit=x", "after=x", "who=me", "limit=1&limit=2"):
        assert server.ask("GET", f"/api/v1/assets?{query}").status == 400
