"""Who may talk to the server: the gate on a small application of a few routes. The sweep tries it on all real ones."""

from __future__ import annotations

import dataclasses
import http.client
import json
import logging
import socket
import sys
import time

import msgspec
import pytest
from aiohttp import web
from graph_web.errors import Failure
from graph_web.origins import Origins, is_loopback
from graph_web.routing import add_routes, route, routes_of
from graph_web.security import check_binding, new_token, protect
from graph_web.services import SERVICES, Services
from graph_web.settings import Limits, Settings

from graph_engine.errors import GraphEngineError

from .serving import TOKEN, site


class Note(msgspec.Struct):
    text: str = ""


@route("GET", "/api/v1/notes/{name}")
async def read_note(services: Services, name: str) -> Note:
    """Read."""
    return Note(name)


@route("POST", "/api/v1/notes", status=201)
async def write_note(services: Services, body: Note) -> Note:
    """Write."""
    return body


@route("POST", "/api/v1/notes/look", changes=False)
async def look_at_note(services: Services, body: Note) -> Note:
    """A POST that changes nothing."""
    return body


@route("POST", "/api/v1/pictures", accepts="multipart/form-data", limit="upload_bytes")
async def upload_note(services: Services, request: web.Request) -> Note:
    """Takes a picture."""
    return Note(str(len(await request.content.read())))


@route("GET", "/api/v1/defect")
async def break_down(services: Services) -> Note:
    """Fails."""
    raise RuntimeError("the key to the safe is 1234")


@route("GET", "/api/v1/refusal")
async def refuse_note(services: Services) -> Note:
    """Refuses."""
    raise Failure(409, "Busy", "come back later \ud800", headers={"Retry-After": "3"})


@route("GET", "/api/v1/stream", gives="text/event-stream")
async def stream_notes(services: Services, request: web.Request) -> web.StreamResponse:
    """Begins an answer of its own, and fails in the middle when asked to."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: 1\n\n")
    if "fail" in request.query:
        raise RuntimeError("1234")
    return response


@route("GET", "/api/v1/socket")
async def open_socket(services: Services, request: web.Request) -> web.WebSocketResponse:
    """A WebSocket."""
    response = web.WebSocketResponse()
    await response.prepare(request)
    await response.close()
    return response


async def page(request):
    return web.Response(text="<p>the editor</p>", content_type="text/html")


async def alive(request):
    return web.json_response({"status": "ok"})


def small_app(folder, patience=20.0, **changes):
    found = Settings(
        data=folder, cache=folder, outputs=folder, token=TOKEN, limits=Limits(document_bytes=1000, upload_bytes=5000)
    )
    found = dataclasses.replace(found, **changes)
    app = web.Application()
    app[SERVICES] = Services(found, *[None] * (len(dataclasses.fields(Services)) - 1))  # the gate needs no other part
    routes = routes_of(sys.modules[__name__])
    protect(app, found, routes, patience=patience)
    add_routes(app, routes)
    app.router.add_get("/", page)
    app.router.add_get("/healthz", alive)
    static = folder / "static"
    static.mkdir(exist_ok=True)
    (static / "editor.js").write_text("'use strict'")
    app.router.add_static("/static", static)
    return app


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with site(small_app(tmp_path_factory.mktemp("small"))) as found:
        yield found


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    with site(small_app(tmp_path_factory.mktemp("impatient"), patience=0.3)) as found:
        yield found


@pytest.fixture(scope="module")
def readable(tmp_path_factory):
    with site(small_app(tmp_path_factory.mktemp("readable"), read_only=True)) as found:
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


CLICK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


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


# The token ----------------------------------------------------------------------------------------------------------

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


# Bodies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/jsonp",
        "",
        None,
    ],
)
def test_a_body_in_another_content_type_is_refused(small, given):
    answer = small.ask("POST", "/api/v1/notes", {"Content-Type": given}, b'{"text": "a"}')
    assert (answer.status, answer.error["type"]) == (415, "WrongContentType")
    assert "application/json" in answer.error["message"]


def test_json_may_name_its_character_set_and_be_written_in_capitals(small):
    for given in ("application/json; charset=utf-8", "Application/JSON"):
        assert small.ask("POST", "/api/v1/notes", {"Content-Type": given}, b'{"text": "a"}').status == 201


def test_an_upload_route_takes_multipart_alone(small):
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert small.ask("POST", "/api/v1/pictures", multipart, b"--x--").status == 200
    assert small.ask("POST", "/api/v1/pictures", {}, {"text": "a"}).status == 415


def test_compressed_bodies_are_not_read(small):
    answer = small.ask("POST", "/api/v1/notes", {"Content-Encoding": "gzip"}, {"text": "a"})
    assert (answer.status, answer.error["type"]) == (415, "BadEncoding")


def test_a_body_over_the_routes_limit_is_refused_by_its_announced_length(small):
    answer = small.ask("POST", "/api/v1/notes", {}, {"text": "a" * 1000})
    assert (answer.status, answer.error["type"]) == (413, "TooLarge")
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    form = 64 << 10  # may be around the file
    assert small.ask("POST", "/api/v1/pictures", multipart, b"x" * (form + 4000)).status == 200
    assert small.ask("POST", "/api/v1/pictures", multipart, b"x" * (form + 6000)).status == 413


def test_a_body_of_unknown_length_is_refused_when_it_has_grown_too_long(small):
    chunks = b"".join(b"64\r\n" + b"a" * 100 + b"\r\n" for _ in range(30)) + b"0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json", "Content-Length": None}
    assert small.ask("POST", "/api/v1/notes", headers, chunks).status == 413


@pytest.mark.parametrize(
    ("framing", "rest", "statuses"),
    [
        ("Content-Length: 20", b'{"text"', [b"408"]),
        ("Transfer-Encoding: chunked", b"5\r\nhe", [b"408"]),
        ("Transfer-Encoding: chunked", b"zz\r\nhello\r\n0\r\n\r\n", [b"400", b"408"]),
    ],
)
def test_a_body_that_stops_or_breaks_in_the_middle_does_not_hold_a_handler(impatient, framing, rest, statuses):
    lines = [
        "POST /api/v1/notes HTTP/1.1",
        f"Host: 127.0.0.1:{impatient.port}",
        f"Authorization: Bearer {TOKEN}",
        "Content-Type: application/json",
        framing,
    ]
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        time.sleep(0.05)  # a packet of its own: the handler is reading by now
        client.sendall(rest)
        answer = b"".join(iter(lambda: client.recv(10_000), b""))  # until the server closes
    assert answer.split()[1] in statuses


def test_a_body_that_comes_slowly_but_comes_is_read(impatient):
    body = b'{"text": "slow"}'
    connection = http.client.HTTPConnection("127.0.0.1", impatient.port, timeout=10)
    connection.putrequest("POST", "/api/v1/notes")
    for name, value in {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    for start in range(0, len(body), 4):
        time.sleep(0.1)
        connection.send(body[start : start + 4])
    assert connection.getresponse().status == 201
    connection.close()


# Read-only ----------------------------------------------------------------------------------------------------------


def test_read_only_refuses_what_changes_anything(readable):
    answer = readable.ask("POST", "/api/v1/notes", {}, {"text": "a"})
    assert (answer.status, answer.error["type"]) == (403, "ReadOnly")
    assert readable.ask("GET", "/api/v1/notes/a").status == 200
    assert readable.ask("POST", "/api/v1/notes/look", {}, {"text": "a"}).status == 200


# Answers ------------------------------------------------------------------------------------------------------------


def test_refusals_of_the_router_have_the_shape_of_all_others(small):
    missing = small.ask("GET", "/api/v1/nothing")
    assert (missing.status, missing.error["type"]) == (404, "NotFound")
    assert "/api/v1/openapi.json" in missing.error["message"]
    wrong = small.ask("DELETE", "/api/v1/notes/a")
    assert (wrong.status, wrong.error["type"], wrong.headers["Allow"]) == (405, "MethodNotAllowed", "GET")


def test_a_failure_becomes_its_status_its_headers_and_json(small):
    answer = small.ask("GET", "/api/v1/refusal")
    assert (answer.status, answer.headers["Retry-After"]) == (409, "3")
    assert answer.error == {"type": "Busy", "message": "come back later \ud800"}


def test_a_defect_tells_the_client_a_number_and_the_log_the_rest(small, caplog):
    with caplog.at_level(logging.ERROR):
        answer = small.ask("GET", "/api/v1/defect")
    assert (answer.status, answer.error["type"]) == (500, "Internal")
    number = answer.error["message"].split()[-1]
    assert "1234" not in answer.body.decode()
    record = next(record for record in caplog.records if number in record.getMessage())
    assert "the key to the safe is 1234" in str(record.exc_info[1])


def test_a_stream_that_fails_in_the_middle_just_ends(small):
    with pytest.raises(http.client.HTTPException):
        small.ask("GET", "/api/v1/stream?fail")
    assert small.ask("GET", "/api/v1/notes/a").status == 200


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


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


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/", CLICK),
        ("/healthz", {}),
        ("/static/editor.js", {}),
        ("/api/v1/notes/a", {}),
        ("/api/v1/nothing", {}),
        ("/api/v1/defect", {}),
        ("/api/v1/stream", {}),
        ("/api/v1/socket", WEBSOCKET),
        ("/healthz", {"Host": "evil.example"}),
        ("/healthz", {"Expect": "the unexpected"}),
        ("/healthz", {"Origin": "http://evil.example"}),
        ("/", {"Authorization": None, "Accept": "text/html"}),
    ],
)
def test_every_answer_has_the_headers_that_keep_browsers_in_check(small, path, headers):
    got = small.ask("GET", path, headers).headers
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["X-Frame-Options"] == "DENY"
    assert got["Referrer-Policy"] == "no-referrer"
    assert got["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in got["Content-Security-Policy"]
    assert "unsafe" not in got["Content-Security-Policy"]
    assert got["Server"] == "graph-engine"
    assert not [name for name in got if name.lower().startswith("access-control")]
    if got.get_content_type() in ("application/json", "text/html"):
        assert got["Cache-Control"] == "no-store"


def test_a_preflight_gets_no_permission(small):
    headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    assert small.ask("OPTIONS", "/api/v1/notes", headers).status == 403
    assert small.ask("OPTIONS", "/api/v1/notes", headers | {"Origin": small.origin}).status == 405


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


def test_failures_are_json_that_every_parser_takes(small):
    assert json.loads(small.ask("GET", "/api/v1/refusal").body)
