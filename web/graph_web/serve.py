"""The application on a port, from the first request to a signal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from graph_engine.errors import GraphEngineError
from graph_web.app import make_app
from graph_web.settings import Settings

__all__ = ["serve"]

_SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps another one waiting; a call passes several, and Python's 5 ms add up."""
_HEADER_SECONDS = 20.0
"""How long a client may take for the headers of its first request."""


def serve(settings: Settings, on_ready: Callable[[int], None]) -> int:
    """Serve until SIGINT or SIGTERM, and give the exit status; `on_ready` is told the port.

    A second signal ends the process at once. Raises GraphEngineError when the port is taken.
    """
    _allow_many_files()
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.run(_serve(settings, on_ready))
    return 0


async def _serve(settings: Settings, on_ready: Callable[[int], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows knows Ctrl-C alone
            loop.add_signal_handler(number, _first_and_last(stop, loop, number))
    app = make_app(settings)
    patience = Patience(_HEADER_SECONDS)
    app.middlewares.insert(0, patience.middleware)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    try:
        await runner.setup()
        assert runner.server is not None
        server = await _listen(settings, patience.watching(runner.server))
        on_ready(server.sockets[0].getsockname()[1])
        await stop.wait()
        server.close()
    finally:
        await runner.cleanup()


async def _listen(settings: Settings, factory: Callable[[], asyncio.Protocol]) -> asyncio.Server:
    try:
        loop = asyncio.get_running_loop()
        return await loop.create_server(factory, settings.host, settings.port, backlog=512)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise GraphEngineError(f"{place} cannot be used: {error.strerror or error}; give another --port") from None


class Patience:
    """Closes connections whose first request does not come: a client that sends its headers a byte a minute."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._silent: set[asyncio.BaseProtocol] = set()

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._silent.discard(request.protocol)
            return await handler(request)

        self.middleware = middleware

    def watching(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A factory of the same protocols, each looked at when its time is over."""

        def make() -> asyncio.Protocol:
            protocol = factory()
            self._silent.add(protocol)
            asyncio.get_running_loop().call_later(self._seconds, self._look, protocol)
            return protocol

        return make

    def _look(self, protocol: asyncio.Protocol) -> None:
        transport: asyncio.Transport | None = getattr(protocol, "transport", None)
        if protocol in self._silent and transport is not None:
            transport.abort()
        self._silent.discard(protocol)


def _first_and_last(stop: asyncio.Event, loop: asyncio.AbstractEventLoop, number: int) -> Callable[[], None]:
    def heard() -> None:
        stop.set()
        loop.remove_signal_handler(number)

    return heard


def _allow_many_files() -> None:
    """A socket is a file: ask for as many as this user may have."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
