"""What the gate takes as a body, and what every answer looks like, refusals and defects included."""

from __future__ import annotations

import http.client
import logging
import socket
import struct
import time

import pytest

from .serving import TOKEN, site
from .small import CLICK, WEBSOCKET, small_app


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
    assert (wrong.status, wrong.error["type"], wrong.headers["Allow"]) == (405, "MethodNotAllowed", "GET,HEAD")


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


def test_a_client_that_leaves_in_the_middle_is_no_error(small, caplog):
    with caplog.at_level(logging.WARNING), socket.create_connection(("127.0.0.1", small.port), timeout=10) as client:
        lines = [
            "GET /api/v1/stream?long HTTP/1.1",
            f"Host: 127.0.0.1:{small.port}",
            f"Authorization: Bearer {TOKEN}",
        ]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b"data: 1" in client.recv(10_000) + client.recv(10_000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # away, without a word
    time.sleep(0.3)
    assert small.ask("GET", "/api/v1/notes/a").status == 200
    assert caplog.records == []


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
