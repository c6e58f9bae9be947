"""A body has to keep coming: a client that stops in the middle of one may not hold a handler for ever.

That also ends requests whose framing breaks in a later packet, where aiohttp waits for a body that it has given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from graph_web.errors import Failure

__all__ = ["body_in_time"]


@contextmanager
def body_in_time(request: web.Request, seconds: float) -> Iterator[None]:
    """While the block lasts, make whoever reads the body get a Failure 408 when nothing came for `seconds`."""
    if not request.body_exists:
        yield
        return
    watch = _Watch(request, seconds)
    try:
        yield
    finally:
        watch.end()


class _Watch:
    def __init__(self, request: web.Request, seconds: float) -> None:
        self._content = request.content
        self._seconds = seconds
        self._seen = -1
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_soon(self._look)

    def end(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        if self._content.is_eof():
            return
        if self._content.total_bytes > self._seen:
            self._seen = self._content.total_bytes
            self._timer = self._loop.call_later(self._seconds, self._look)
            return
        message = f"nothing of the body came for {self._seconds:g} seconds; send it again"
        self._content.set_exception(Failure(408, "Stalled", message, headers={"Connection": "close"}))
        self._content.feed_eof()  # so that aiohttp does not wait for the rest before it closes the connection
