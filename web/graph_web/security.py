"""The gate that every request passes, WebSocket handshakes included, and the headers that every answer gets.

In this order: the Host must be ours (421), the Origin ours or absent and the browser's Sec-Fetch-Site harmless (403),
the token right (401); then what was asked for must exist (404, 405), be allowed under `--read-only` (403), and come in
the content type and size that the route takes (415, 413). There are no CORS headers: no other site may read anything.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Iterable

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from graph_engine.errors import GraphEngineError
from graph_web.errors import Failure, failure_of
from graph_web.origins import Origin, Origins, is_loopback
from graph_web.patience import body_in_time
from graph_web.routing import Route
from graph_web.settings import Settings
from graph_web.signin import SignIn, new_token

__all__ = ["add_headers", "check_binding", "guard", "new_token", "protect"]

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
_SHORTEST_TOKEN = 16
_GONE = 499
"""What the answer to a client that is gone would be; it is never sent."""
_LONGEST_NAME = 255
_FORM_BYTES = 64 << 10
"""What a form may take around the file that is limited."""


def check_binding(settings: Settings) -> None:
    """Raises GraphEngineError when settings would open the server to people who do not belong."""
    Origins(settings.host, settings.hosts)
    if settings.token is not None and not _TOKEN.fullmatch(settings.token):
        raise GraphEngineError("a token is letters, digits and . _ ~ -; leave --token out to have a good one made")
    if is_loopback(settings.host):
        return
    if settings.token is None:
        raise GraphEngineError(
            f"{settings.host or 'every address'} can be reached by other machines, so a token is needed; "
            "leave out --no-token, or bind to 127.0.0.1"
        )
    if len(settings.token) < _SHORTEST_TOKEN:
        raise GraphEngineError(
            f"a token of {len(settings.token)} characters can be guessed from other machines; "
            f"give {_SHORTEST_TOKEN} or more, or leave --token out to have a good one made"
        )


def protect(app: web.Application, settings: Settings, routes: Iterable[Route], *, patience: float = 20.0) -> None:
    """Put the gate before everything in an application, and the headers on all that it answers, streams included."""
    app.middlewares.append(guard(settings, routes, patience=patience))
    app.on_response_prepare.append(add_headers)


def guard(settings: Settings, routes: Iterable[Route], *, patience: float = 20.0) -> Middleware:
    """The gate as a middleware; `routes` are those that add_routes put into the application.

    patience: seconds that a client may pause in the middle of a body.
    """
    gate = _Gate(settings, routes)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            with body_in_time(request, patience):
                return gate.admit(request) or await handler(request)
        except Failure as failure:
            return _refusal(request, failure)
        except GraphEngineError as error:
            return _refusal(request, failure_of(error))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _refusal(request, _failure_of_http(request, error))
        except (web.RequestPayloadError, HttpProcessingError) as error:
            return _refusal(request, Failure(400, "BadBody", f"the body cannot be read: {error}; send it again"))
        except Exception as error:  # noqa: BLE001 - the last stop: nothing of an error of ours is for the client
            if isinstance(error, ConnectionError) and _is_gone(request):
                return web.Response(status=_GONE)
            return _refusal(request, _internal(request, error))

    return middleware


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer carries; a signal handler, so that streams and handshakes have it as well."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    page = response.content_type == "text/html"
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else DATA_POLICY)
    if page or response.content_type == "application/json":
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "graph-engine"


class _Gate:
    """The checks, on what one server was started with."""

    def __init__(self, settings: Settings, routes: Iterable[Route]) -> None:
        self._settings = settings
        self._routes = {route.name: route for route in routes}
        self._origins = Origins(settings.host, settings.hosts)
        self._sign_in = SignIn(settings.token)

    def admit(self, request: web.Request) -> web.Response | None:
        """None when the handler may have the request, an answer that comes before it, or a Failure that is raised."""
        own = self._check_host(request)
        strange = _check_site(request)
        _check_origin(request, own)
        if request.path == "/" and request.method in ("GET", "HEAD"):
            answer = self._sign_in.open_page(request, https=own.scheme == "https", strange=strange)
            if answer is not None:
                return answer
        if not _is_public(request):
            answer = self._sign_in.refuse(request)
            if answer is not None:
                return answer
        if request.match_info.http_exception is None:
            _check_path(request)
            self._check_call(request)
        return None

    def _check_host(self, request: web.Request) -> Origin:
        local = request.get_extra_info("sockname") or ("", self._settings.port)
        given = request.headers.getall("Host", [])
        own = self._origins.find(given[0], local[1], local[0]) if len(given) == 1 else None
        if own is None:
            shown = given[0][:100] if len(given) == 1 else f"{len(given)} Host headers"
            raise Failure(
                421,
                "WrongHost",
                f"this server does not answer to {shown!r}; open http://127.0.0.1:{local[1]}, or, if the name is its "
                "own, start it with --allow-host NAME[:PORT] (https://NAME behind a proxy with TLS)",
            )
        return own

    def _check_call(self, request: web.Request) -> None:
        route = self._routes.get(request.match_info.route.name or "")
        changes = route.changes if route else request.method not in _READING
        if changes and self._settings.read_only:
            message = "this server was started with --read-only, so nothing can be changed through it; ask its owner"
            raise Failure(403, "ReadOnly", message)
        if request.body_exists:
            _check_type(request, route.accepts if route else "application/json")
        limit: int = getattr(self._settings.limits, route.limit if route else "document_bytes")
        if request.content_type == "multipart/form-data":
            limit += _FORM_BYTES
        if (request.content_length or 0) > limit:
            message = f"the body may have {limit} bytes, this one has {request.content_length}; send less"
            raise Failure(413, "TooLarge", message)


def _check_site(request: web.Request) -> bool:
    """Raises Failure for what another site's page makes a browser do. True for the one thing that it may make it do:
    open our page in a window of its own, which is what a click on a link is."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site in ("same-origin", "none"):
        return False
    mode, target = (request.headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest"))
    if request.method == "GET" and request.path == "/" and (mode, target) == ("navigate", "document"):
        return True
    raise Failure(403, "CrossSite", "this came from the page of another site; use the server's own page, or a program")


def _check_origin(request: web.Request, own: Origin) -> None:
    given = request.headers.getall("Origin", [])
    if given and given != [str(own)]:
        shown = given[0][:100]
        message = f"a page of {shown!r} may not use this server; its own page is at {own}, and programs send no Origin"
        raise Failure(403, "WrongOrigin", message)


def _is_public(request: web.Request) -> bool:
    """True for what everybody may read: that the server lives, and the editor's files, which hold no data."""
    resource = request.match_info.route.resource
    if resource is None or request.method not in ("GET", "HEAD"):
        return False
    return resource.canonical == "/healthz" or resource.canonical.split("/")[1] == "static"


def _check_path(request: web.Request) -> None:
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in request.path.split("/")):
        raise web.HTTPNotFound  # what no file can be called, and a look for it is an error of the system


def _check_type(request: web.Request, accepts: str) -> None:
    wanted = [part.strip() for part in accepts.split(",")]
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Failure(415, "BadEncoding", f"a body in {encoding[:40]!r} is not read here; send it uncompressed")
    if request.content_type not in wanted:
        found = request.headers.get("Content-Type", "none")[:100]
        message = f"the body must be {' or '.join(wanted)}, found {found!r}; say so in the header Content-Type"
        raise Failure(415, "WrongContentType", message)


def _is_gone(request: web.Request) -> bool:
    """True when nobody is there any more to be told anything, which is nobody's mistake."""
    return request.transport is None or request.transport.is_closing()


def _failure_of_http(request: web.Request, error: web.HTTPException) -> Failure:
    """aiohttp's own refusals in the words and the shape of all others."""
    headers = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    path = request.path[:200]
    messages = {
        404: f"there is nothing at {path!r}; all operations are described at /api/v1/openapi.json",
        405: f"{path!r} does not take {request.method}; it takes {headers.get('Allow', 'other methods')}",
        413: "the body is too large; send less",
    }
    kind = type(error).__name__.removeprefix("HTTP")
    return Failure(error.status, kind, messages.get(error.status, error.reason), headers=headers)


def _internal(request: web.Request, error: Exception) -> Failure:
    number = secrets.token_hex(4)
    logging.getLogger(__name__).error(
        "%s %s failed; the client was told the number %s",
        request.method,
        request.rel_url.raw_path,
        number,
        exc_info=error,
    )
    message = f"the server has a defect; please report it with what its log says about {number}"
    return Failure(500, "Internal", message)


def _refusal(request: web.Request, failure: Failure) -> web.StreamResponse:
    if request.writer.output_size > 0:  # the answer has begun: all that can be done is to end it
        raise ConnectionAbortedError(f"the answer had begun when this happened: {failure}") from failure
    body = json.dumps(failure.body()).encode()  # ASCII alone: also half of a surrogate pair can be told
    response = web.Response(status=failure.status, body=body, content_type="application/json", headers=failure.headers)
    if failure.headers.get("Connection") == "close":
        response.force_close()
    return response
