"""What was deleted comes back whole, in its place and in no other's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .things import picture, running

FLOW = "format: 1\ntitle: {title}\nnodes:\n  n: {{node: fault.number}}\noutputs: {{number: n}}\n"
ONE = "/api/v1/workflows/one"


@pytest.fixture
def server(settings):
    packs = (("core", "graph_nodes"), ("fault", "tests.web.faults"))
    with running(replace(settings, packs=packs)) as found:
        yield found


def trashed(server):
    return server.ask("GET", "/api/v1/trash").data["items"]


def restore(server, item, status=200):
    answer = server.ask("POST", f"/api/v1/trash/{item['kind']}/{item['id']}/restore")
    assert answer.status == status, answer.data
    return answer.data


def test_a_workflow_comes_back_with_its_revisions(server):
    server.ask("PUT", ONE, {"text": FLOW.format(title="First")})
    server.ask("PUT", ONE, {"text": FLOW.format(title="Second")}, If_Match="*")
    etag = server.ask("GET", ONE).data["etag"]
    server.ask("DELETE", ONE)
    (item,) = trashed(server)
    assert (item["kind"], item["name"]) == ("workflows", "one")
    assert restore(server, item) == {"kind": "workflows", "name": "one", "url": ONE}
    assert server.ask("GET", ONE).data["etag"] == etag
    assert len(server.ask("GET", f"{ONE}/revisions").data["revisions"]) == 1
    assert trashed(server) == []
    assert list((server.settings.trash / "workflows").iterdir()) == []
    restore(server, item, 404)


@pytest.mark.parametrize("taken", ["one", "ONE"])
def test_a_workflow_takes_nobodys_place(server, taken):
    server.ask("PUT", ONE, {"text": FLOW.format(title="Old")})
    server.ask("DELETE", ONE)
    server.ask("PUT", f"/api/v1/workflows/{taken}", {"text": FLOW.format(title="New")})
    (item,) = trashed(server)
    restore(server, item, 409)
    assert server.ask("GET", f"/api/v1/workflows/{taken}").data["title"] == "New"
    assert trashed(server) == [item]
    server.ask("POST", f"/api/v1/workflows/{taken}/rename", {"name": "other"})
    restore(server, item)
    assert server.ask("GET", ONE).data["title"] == "Old"


def test_of_two_deletions_each_comes_back_by_itself_and_the_newest_is_listed_first(server):
    for title in ("Older", "Newer"):
        server.ask("PUT", ONE, {"text": FLOW.format(title=title)})
        server.ask("DELETE", ONE)
    newer, older = trashed(server)
    assert newer["deleted"] > older["deleted"]
    restore(server, older)
    assert server.ask("GET", ONE).data["title"] == "Older"


def test_a_picture_comes_back_with_its_name(server):
    asset = server.upload(picture(), "my cat.png").data
    server.ask("DELETE", f"/api/v1/assets/{asset['id']}")
    (item,) = trashed(server)
    assert (item["kind"], item["name"]) == ("assets", "my cat.png")
    found = restore(server, item)
    assert server.ask("GET", f"{found['url']}/info").data == asset | {"created": pytest.approx(asset["created"], abs=5)}
    assert trashed(server) == []


def test_a_picture_that_was_uploaded_again_stays_as_it_is(server):
    asset = server.upload(picture(), "one.png").data
    server.ask("DELETE", f"/api/v1/assets/{asset['id']}")
    server.upload(picture(), "two.png")
    (item,) = trashed(server)
    restore(server, item, 409)
    assert server.ask("GET", f"/api/v1/assets/{asset['id']}/info").data["name"] == "two.png"


def test_an_output_comes_back_into_the_gallery(server):
    nodes = {"p": {"node": "core.plain_image", "with": {"width": 8, "height": 8}}}
    nodes["s"] = {"node": "core.save_image", "with": {"name": "deep/kept"}, "from": {"image": "p"}}
    document = {"format": 1, "nodes": nodes, "outputs": {"image": "s"}}
    done = server.ask("POST", "/api/v1/runs", {"document": document, "wait": 60}).data
    (file,) = done["outputs"]["image"]
    body = server.ask("GET", file["url"]).body
    server.ask("DELETE", file["url"])
    (item,) = trashed(server)
    assert (item["kind"], item["name"]) == ("outputs", "deep/kept-0001.png")
    found = restore(server, item)
    assert found["url"] == file["url"]
    assert server.ask("GET", file["url"]).body == body
    assert [one["id"] for one in server.ask("GET", "/api/v1/outputs").data["outputs"]] == [file["id"]]
    server.ask("DELETE", file["url"])
    (server.settings.outputs / "deep/kept-0001.png").write_bytes(b"another")
    (item,) = trashed(server)
    restore(server, item, 409)
    assert (server.settings.outputs / "deep/kept-0001.png").read_bytes() == b"another"


@pytest.mark.parametrize("kind", ["workflows", "assets", "outputs"])
@pytest.mark.parametrize(
    "identity",
    [
        "..", "..%2f..%2foutside", "x", "%00", "%2e%2e%2fstate.db", "20260101T000000.000000-x",
        "20269999T000000.000000-x",
    ],
)  # fmt: skip
def test_what_is_not_in_the_trash_is_not_found(server, kind, identity):
    (server.settings.trash / kind).mkdir(parents=True)
    (server.settings.trash / kind / "20269999T000000.000000-x").mkdir()
    (server.settings.trash / kind / "20260101T000000.000000-x").symlink_to(server.settings.workflows)
    assert server.ask("POST", f"/api/v1/trash/{kind}/{identity}/restore").status in (400, 404)
    assert server.ask("POST", f"/api/v1/trash/runs/{identity}/restore").status in (400, 404)
    assert trashed(server) == []


def test_an_emptied_folder_of_the_trash_is_passed_over(server):
    for kind in ("workflows", "assets", "outputs"):
        (server.settings.trash / kind / "20260101T000000.000000-x").mkdir(parents=True)
    assert trashed(server) == []
    for kind in ("workflows", "assets", "outputs"):
        answer = server.ask("POST", f"/api/v1/trash/{kind}/20260101T000000.000000-x/restore")
        assert answer.status == 404, (kind, answer.data)
