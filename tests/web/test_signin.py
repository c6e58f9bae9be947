"""The token: how it is shown, how a browser gets it, and that nothing opens without it."""

from __future__ import annotations

import pytest
from graph_web.security import new_token

from .serving import TOKEN, site
from .small import CLICK, small_app


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with site(small_app(tmp_path_factory.mktemp("small"))) as found:
        yield found


@pytest.fixture(scope="module")
def friendly(tmp_path_factory):
    names = ("graphs.example", "near.example:9000", "https://far.example")
    with site(small_app(tmp_path_factory.mktemp("friendly"), hosts=names)) as found:
        yield found


CLOSED = ["/api/v1/notes/a", "/api/v1/socket", "/", "/nothing", "/staticky", "/healthz/", "/api/v1/notes"]


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN} x"},
        {"Authorization": "Bearer \udcff"},
        {"Cookie": "graph_engine_token=wrong"},
        {"Cookie": "graph_engine_token="},
        {"Cookie": f"other={TOKEN}"},
        {"X-Token": TOKEN},
    ],
)
def test_without_the_token_everything_but_health_and_static_files_is_closed(small, path, headers):
    answer = small.ask("GET", path, headers, token=None)
    assert (answer.status, answer.error["type"]) == (401, "NoToken")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "graph-engine serve" in answer.error["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", CLOSED)
def test_no_method_opens_what_is_closed(small, method, path):
    assert small.ask(method, path, token=None).status == 401


@pytest.mark.parametrize("path", ["/healthz", "/static/editor.js"])
def test_health_and_static_files_are_for_everybody_to_read(small, path):
    assert small.ask("GET", path, token=None).status == 200
    assert small.ask("POST", path, token=None).status == 401


@pytest.mark.parametrize("path", ["/static/../api/v1/notes/a", "/static/%2e%2e/api/v1/notes/a", "/healthz/../"])
def test_a_public_beginning_does_not_open_the_rest(small, path):
    assert small.ask("GET", path, token=None).status in (401, 403, 404)


def test_the_token_is_taken_as_bearer_and_as_cookie(small):
    for headers in (
        {"Authorization": f"bearer {TOKEN}"},
        {"Cookie": f"graph_engine_token={TOKEN}"},
        {"Cookie": f"a=b; graph_engine_token={TOKEN}; c=d"},
        {"Authorization": "Bearer stale", "Cookie": f"graph_engine_token={TOKEN}"},
    ):
        assert small.ask("GET", "/api/v1/notes/a", headers, token=None).status == 200


def test_the_link_sets_the_cookie_and_leads_to_the_page_without_the_token(small):
    answer = small.ask("GET", f"/?token={TOKEN}", token=None)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    name, *facts = answer.headers["Set-Cookie"].split("; ")
    assert name == f"graph_engine_token={TOKEN}"
    assert set(facts) == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    page = small.ask("GET", "/", {"Cookie": name}, token=None)
    assert (page.status, page.body) == (200, b"<p>the editor</p>")


def test_the_link_works_when_it_is_clicked_on_another_site(small):
    answer = small.ask("GET", f"/?token={TOKEN}", CLICK, token=None)
    assert answer.status == 200
    assert answer.headers["Set-Cookie"].startswith(f"graph_engine_token={TOKEN};")
    assert b'content="0;url=/"' in answer.body
    assert TOKEN.encode() not in answer.body


def test_the_cookie_of_a_server_behind_tls_is_secure(friendly):
    answer = friendly.ask("GET", f"/?token={TOKEN}", {"Host": "far.example"}, token=None)
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_stale_link_is_explained_to_a_person_and_a_signed_in_one_passes(small):
    answer = small.ask("GET", "/?token=old", {"Accept": "text/html,*/*"}, token=None)
    assert answer.status == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"the token in this link is not this server" in answer.body.lower()
    assert b'<input id="token" name="token" type="password"' in answer.body
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    again = small.ask("GET", "/?token=old", {"Cookie": f"graph_engine_token={TOKEN}"}, token=None)
    assert (again.status, again.headers["Location"]) == (303, "/")


def test_the_token_in_the_address_works_for_the_page_alone(small):
    assert small.ask("GET", f"/api/v1/notes/a?token={TOKEN}", token=None).status == 401
    assert small.ask("POST", f"/?token={TOKEN}", token=None).status == 401


def test_without_a_token_the_other_checks_stay(tmp_path):
    with site(small_app(tmp_path, token=None)) as open_site:
        assert open_site.ask("GET", "/api/v1/notes/a", token=None).status == 200
        assert open_site.ask("GET", "/?token=old", token=None).headers["Location"] == "/"
        assert open_site.ask("GET", "/api/v1/notes/a", {"Host": "evil.example"}, token=None).status == 421
        assert open_site.ask("GET", "/api/v1/notes/a", {"Origin": "null"}, token=None).status == 403


def test_an_empty_token_opens_nothing(tmp_path):
    with site(small_app(tmp_path, token="")) as closed:
        for headers in ({}, {"Authorization": "Bearer "}, {"Cookie": "graph_engine_token="}):
            assert closed.ask("GET", "/api/v1/notes/a", headers, token=None).status == 401
        assert closed.ask("GET", "/?token=", token=None).status == 401


def test_tokens_are_long_and_never_the_same():
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 43
