"""Who may talk to the server: Host, Origin and what the browser says. The sweep tries it on all real routes."""

from __future__ import annotations

import dataclasses
import http.client

import pytest
from graph_web.origins import Origins, is_loopback
from graph_web.security import check_binding
from graph_web.settings import Settings

from graph_engine.errors import GraphEngineError

from .serving import TOKEN, site
from .small import CLICK, WEBSOCKET, small_app


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with site(small_app(tmp_path_factory.mktemp("small"))) as found:
        yield found


@pytest.fixture(scope="module")
def friendly(tmp_path_factory):
    names = ("graphs.example", "near.example:9000", "https://far.example")
    with site(small_app(tmp_path_factory.mktemp("friendly"), hosts=names)) as found:
        yield found


# Host ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "[::1]:{}"])
def test_the_loopback_names_with_the_port_served_are_hosts(small, host):
    assert small.ask("GET", "/api/v1/notes/a", {"Host": host.format(small.port)}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{}",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:{}0",
        "127.0.0.1.evil.example:{}",
        "evil.example@127.0.0.1:{}",
        "127.0.0.1:{}/evil",
        "localhost.:{}",
        "0.0.0.0:{}",
        "127.1:{}",
        "2130706433:{}",
        "[::ffff:127.0.0.1]:{}",
        "[::1",
        "",
        "127.0.0.1:{},evil.example",
        "127.0.0.1:99999999999999999999",
        "127.0.0.1:\udcc2\udcb2",
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/notes/a", "/healthz", "/static/editor.js", "/", "/nothing"])
def test_any_other_host_is_misdirected(small, host, path):
    answer = small.ask("GET", path, {"Host": host.format(small.port)})
    assert answer.status == 421
    assert answer.error["type"] == "WrongHost"
    assert "--allow-host" in answer.error["message"]


def test_a_request_without_a_host_or_with_two_is_refused(small):
    assert small.ask("GET", "/healthz", {"Host": None}).status in (400, 421)
    connection = http.client.HTTPConnection("127.0.0.1", small.port, timeout=10)
    connection.putrequest("GET", "/healthz", skip_host=True)
    for name in (f"127.0.0.1:{small.port}", "evil.example"):
        connection.putheader("Host", name)
    connection.endheaders()
    assert connection.getresponse().status in (400, 421)
    connection.close()


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("graphs.example:{}", "http://graphs.example:{}", 200),
        ("graphs.example", "http://graphs.example", 200),
        ("graphs.example", "https://graphs.example", 403),
        ("graphs.example:1", None, 421),
        ("near.example:9000", "http://near.example:9000", 200),
        ("near.example", None, 421),
        ("near.example:{}", None, 421),
        ("far.example", "https://far.example", 200),
        ("far.example", "http://far.example", 403),
        ("far.example:443", "https://far.example", 200),
        ("far.example:80", None, 421),
        ("sub.far.example", None, 421),
    ],
)
def test_allowed_hosts_have_one_origin_each(friendly, host, origin, status):
    headers = {"Host": host.format(friendly.port), "Origin": origin and origin.format(friendly.port)}
    assert friendly.ask("GET", "/api/v1/notes/a", headers).status == status


def test_a_server_on_all_addresses_answers_to_the_one_that_was_dialled():
    origins = Origins("0.0.0.0")
    assert str(origins.find("192.168.7.5:8420", 8420, "192.168.7.5")) == "http://192.168.7.5:8420"
    assert str(origins.find("[fe80::1]:80", 80, "fe80::1%eth0")) == "http://[fe80::1]"
    assert origins.find("192.168.7.6:8420", 8420, "192.168.7.5") is None
    assert origins.find("0.0.0.0:8420", 8420, "192.168.7.5") is None


# Origin and the browser's own word ----------------------------------------------------------------------------------


def test_no_origin_and_our_own_are_welcome(small):
    assert small.ask("POST", "/api/v1/notes", {"Origin": small.origin}, {"text": "a"}).status == 201
    assert small.ask("POST", "/api/v1/notes", {}, {"text": "a"}).status == 201


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "{}.evil.example",
        "{}0",
        "{}/",
        "{} ",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://localhost:{port}",
        "http://127.0.0.1:1",
        "http://evil@127.0.0.1:{port}",
        "file://",
        "",
    ],
)
def test_every_other_origin_is_refused(small, origin):
    sent = origin.format(small.origin, port=small.port)
    if sent.strip() == small.origin:
        return  # spaces around a header's value are no part of it
    answer = small.ask("POST", "/api/v1/notes", {"Origin": sent}, {"text": "a"})
    assert (answer.status, answer.error["type"]) == (403, "WrongOrigin")


@pytest.mark.parametrize(("site_word", "status"), [("same-origin", 200), ("none", 200), ("same-site", 403),
                                                   ("cross-site", 403), ("", 403), ("Same-Origin", 403)])  # fmt: skip
def test_what_another_sites_page_makes_a_browser_ask_is_refused(small, site_word, status):
    for path in ("/api/v1/notes/a", "/healthz", "/static/editor.js"):
        assert small.ask("GET", path, {"Sec-Fetch-Site": site_word}).status == status


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("GET", "/api/v1/notes/a", {}),
        ("GET", "/static/editor.js", {}),
        ("POST", "/", {}),
        ("GET", "/", {"Sec-Fetch-Dest": "iframe"}),
        ("GET", "/", {"Sec-Fetch-Mode": "no-cors"}),
        ("GET", "/", {"Sec-Fetch-Dest": None}),
        ("GET", "/", {"Origin": "http://evil.example"}),
    ],
)
def test_a_click_elsewhere_opens_the_page_and_nothing_else(small, method, path, change):
    assert small.ask(method, path, CLICK | change).status == 403


def test_a_click_elsewhere_opens_the_page_anew_so_that_the_cookie_comes_along(small):
    answer = small.ask("GET", "/", CLICK, token=None)
    assert answer.status == 200
    assert b'http-equiv="refresh" content="0;url=/"' in answer.body
    assert b"editor" not in answer.body
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    ("change", "token", "status"),
    [
        ({}, TOKEN, 101),
        ({"Origin": "http://127.0.0.1:{}"}, TOKEN, 101),
        ({}, None, 401),
        ({"Host": "evil.example"}, TOKEN, 421),
        ({"Origin": "null"}, TOKEN, 403),
        ({"Origin": "http://evil.example"}, TOKEN, 403),
        ({"Origin": "http://127.0.0.1:1"}, TOKEN, 403),
        ({"Sec-Fetch-Site": "cross-site"}, TOKEN, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "websocket"}, TOKEN, 403),
    ],
)
def test_a_handshake_passes_the_same_gate(small, change, token, status):
    headers = WEBSOCKET | {name: value.format(small.port) for name, value in change.items()}
    assert small.ask("GET", "/api/v1/socket", headers, token=token).status == status


# What may be bound --------------------------------------------------------------------------------------------------

GOOD = "a-token-of-length"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"token": None}, False),
        ({"token": None, "host": "localhost"}, False),
        ({"token": None, "host": "::1"}, False),
        ({"token": None, "host": "127.8.9.10"}, False),
        ({"token": "secret"}, False),
        ({"token": None, "host": "0.0.0.0"}, True),
        ({"token": None, "host": "::"}, True),
        ({"token": None, "host": ""}, True),
        ({"token": None, "host": "192.168.7.5"}, True),
        ({"token": None, "host": "graphs.example"}, True),
        ({"token": None, "host": "127.0.0.1.evil.example"}, True),
        ({"token": "secret", "host": "0.0.0.0"}, True),
        ({"token": GOOD, "host": "0.0.0.0"}, False),
        ({"token": ""}, True),
        ({"token": "a token"}, True),
        ({"token": "tökén-of-some-length"}, True),
        ({"token": 'a";Path=/x'}, True),
        ({"token": GOOD, "hosts": ("http://",)}, True),
        ({"token": GOOD, "hosts": ("a/b",)}, True),
        ({"token": GOOD, "hosts": ("*",)}, True),
        ({"token": GOOD, "hosts": ("*.example",)}, True),
        ({"token": GOOD, "hosts": ("name:0",)}, True),
        ({"token": GOOD, "hosts": ("name:70000",)}, True),
        ({"token": GOOD, "hosts": ("ftp://name",)}, True),
        ({"token": GOOD, "hosts": ("name", "name:1", "https://name", "http://name:80/", "[fe80::1]:80")}, False),
    ],
)
def test_what_would_be_open_to_strangers_is_not_started(tmp_path, changes, refused):
    settings = dataclasses.replace(Settings(tmp_path, tmp_path, tmp_path), **changes)
    if refused:
        with pytest.raises(GraphEngineError):
            check_binding(settings)
    else:
        check_binding(settings)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("LocalHost", True),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host, inside):
    assert is_loopback(host) is inside
