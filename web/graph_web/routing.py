"""A handler's signature is its contract: path, query, body and answer are read, checked and documented by it.

    @route("POST", "/api/v1/things/{name}", status=201)
    async def make(services: Services, name: str, query: Paging, body: Thing) -> Made: ...

`services` and `request` are there for a handler that wants them; `query` and `body` are msgspec structs; the other
parameters are those of the path. A struct, list or dict that is returned becomes JSON; a Reply carries a status and
headers; a response of aiohttp is sent as it is.
"""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from aiohttp import web

from graph_engine.errors import GraphEngineError
from graph_web.errors import Failure, failure_of
from graph_web.services import Services, services_of

__all__ = ["Reply", "Route", "add_routes", "route", "routes_of"]

T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_ROUTE = "__graph_web_route__"
_encoder = msgspec.json.Encoder()
_FILE = "application/yaml"
"""The content type of a workflow file sent as it is, which becomes the body's `text`."""


@dataclass(frozen=True)
class Reply(Generic[T]):
    """A value with a status other than the route's own, or with headers."""

    value: T
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """One operation of the API.

    path: with `{name}` for each path parameter. query, body, answer: the types that are read and given, None where
    there is none. accepts: the content type of the body. gives: that of the answer when it is not JSON. errors: the
    statuses that are refused with, beside those that every route has. headers: request headers that it reads.
    """

    method: Method
    path: str
    handler: Callable[..., Awaitable[Any]]
    status: int
    parameters: Mapping[str, Any]
    query: type | None
    body: Any
    answer: Any
    accepts: str
    gives: str
    errors: tuple[int, ...]
    headers: tuple[str, ...]
    limit: str
    changes: bool

    @property
    def has_head(self) -> bool:
        """Whether HEAD gives the headers of what GET would: not for a stream of events."""
        return self.method == "GET" and self.gives not in ("", "text/event-stream")

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def doc(self) -> str:
        """What the operation does: the handler's docstring."""
        return inspect.getdoc(self.handler) or ""

    @property
    def tag(self) -> str:
        """The group of the operation: the first word of its path after the version."""
        parts = self.path.strip("/").split("/")
        return parts[2] if len(parts) > 2 else parts[0]


def route(
    method: Method,
    path: str,
    *,
    status: int = 200,
    accepts: str = "application/json",
    gives: str = "application/json",
    errors: Iterable[int] = (),
    headers: Iterable[str] = (),
    limit: str = "document_bytes",
    changes: bool | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:
    """Declare a handler's operation. limit: the name of the Limits field that bounds its body; changes: whether it
    changes anything, which `--read-only` refuses (default: every method but GET)."""

    def declare(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        hints = get_type_hints(handler)
        given = {name: hints[name] for name in inspect.signature(handler).parameters}
        special = {name: given.pop(name, None) for name in ("services", "request", "query", "body")}
        answer = hints.get("return")
        answer = get_args(answer)[0] if get_origin(answer) is Reply else answer
        declared = Route(
            method,
            path,
            handler,
            status,
            given,
            special["query"],
            special["body"],
            None if answer is type(None) else answer,
            accepts,
            gives,
            tuple(errors),
            tuple(headers),
            limit,
            method != "GET" if changes is None else changes,
        )
        setattr(handler, _ROUTE, declared)
        return handler

    return declare


def routes_of(*modules: Any) -> list[Route]:
    """The routes that modules declare, in their order."""
    return [found for module in modules for item in vars(module).values() if (found := getattr(item, _ROUTE, None))]


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Put routes into an application. What can be read can also be asked about by HEAD, but for what never ends."""
    for one in routes:
        endpoint = _endpoint(one)
        resource = app.router.add_resource(one.path, name=one.name)
        for method in (one.method, "HEAD") if one.has_head else (one.method,):
            resource.add_route(method, endpoint)


def _endpoint(declared: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    wanted = inspect.signature(declared.handler).parameters

    async def endpoint(request: web.Request) -> web.StreamResponse:
        services = services_of(request.app)
        arguments: dict[str, Any] = {}
        if "services" in wanted:
            arguments["services"] = services
        if "request" in wanted:
            arguments["request"] = request
        for name, tp in declared.parameters.items():
            arguments[name] = _converted(request.match_info[name], tp, f"/{name}")
        if declared.query is not None:
            arguments["query"] = _query(request, declared.query)
        if declared.body is not None:
            arguments["body"] = await _body(request, declared, services)
        try:
            answer = await declared.handler(**arguments)
        except GraphEngineError as error:
            raise failure_of(error) from error
        except sqlite3.OperationalError as error:
            message = f"the server cannot store anything now ({error}); nothing was changed, try again later"
            raise Failure(507, "CannotStore", message, headers={"Retry-After": "30"}) from error
        return _response(answer, declared)

    return endpoint


def _query(request: web.Request, tp: type) -> Any:
    repeated = {key for key in request.query if len(request.query.getall(key)) > 1}
    if repeated:
        raise Failure(400, "BadQuery", f"these are given more than once: {', '.join(sorted(repeated))}")
    unknown = set(request.query) - {item.encode_name for item in msgspec.structs.fields(tp)}
    if unknown:
        raise Failure(400, "BadQuery", f"there is no query parameter {', '.join(sorted(unknown))}")
    return _converted(dict(request.query), tp, "")


def _converted(value: Any, tp: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, tp, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise Failure(400, "BadQuery", f"{where}: {error}" if where else str(error)) from None


async def _body(request: web.Request, declared: Route, services: Services) -> Any:
    data = await read_body(request, getattr(services.settings.limits, declared.limit))
    try:
        if request.content_type == _FILE:
            return declared.body(text=data.decode())
        return msgspec.json.decode(data or b"{}", type=declared.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        status = 422 if isinstance(error, msgspec.ValidationError) else 400
        raise Failure(status, "BadBody", f"the body does not fit: {error}") from None


async def read_body(request: web.Request, limit: int) -> bytes:
    """The whole body, refused with 413 as soon as it is longer than `limit` bytes."""
    if (request.content_length or 0) > limit:
        raise Failure(413, "TooLarge", f"the body may have {limit} bytes, this one has {request.content_length}")
    data = bytearray()
    async for piece in request.content.iter_chunked(1 << 16):
        data += piece
        if len(data) > limit:
            raise Failure(413, "TooLarge", f"the body may have {limit} bytes")
    return bytes(data)


def _response(answer: Any, declared: Route) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    status = reply.status or declared.status
    if reply.value is None:
        return web.Response(status=204 if status == 200 else status, headers=reply.headers)
    body = _encoder.encode(reply.value)
    return web.Response(body=body, status=status, headers=reply.headers, content_type="application/json")
