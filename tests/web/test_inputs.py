"""Pictures beside the workflows: listed and shown by the paths that file inputs are given, and nothing else is."""

from __future__ import annotations

import io
from dataclasses import replace

import PIL.Image
import pytest

from .things import picture, running


@pytest.fixture
def server(settings, tmp_path):
    templates = tmp_path / "templates"
    for folder in ("pictures", "thumbnails", ".hidden"):
        (templates / folder).mkdir(parents=True)
        (templates / folder / "star.png").write_bytes(picture())
    (templates / "one.yaml").write_text("format: 1\nnodes: {}\n")
    (tmp_path / "secret.png").write_bytes(picture())
    with running(replace(settings, templates=templates)) as found:
        yield found


def test_pictures_beside_workflows_are_listed_and_shown(server):
    (server.settings.workflows / "mine.png").write_bytes(picture())
    page = server.ask("GET", "/api/v1/pictures").data
    assert [one["path"] for one in page["pictures"]] == ["mine.png", "pictures/star.png"]
    assert page["complete"] is True
    whole = server.ask("GET", "/api/v1/picture?path=pictures/star.png")
    assert whole.body == picture()
    small = server.ask("GET", "/api/v1/picture?path=pictures/star.png&size=64")
    with PIL.Image.open(io.BytesIO(small.body)) as shown:
        assert shown.format == "WEBP"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("pictures/none.png", 404),
        ("../secret.png", 404),
        ("pictures/../../secret.png", 404),
        ("one.yaml", 415),
    ],
)
def test_nothing_else_is_sent(server, path, status):
    assert server.ask("GET", f"/api/v1/picture?path={path}").status == status
