"""Live events to whoever listens: stored first, then told; a slow listener costs others nothing and memory little."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial

import msgspec

from graph_web.errors import Failure
from graph_web.store import events as ledger
from graph_web.store.database import Database
from graph_web.workers.base import Preview

__all__ = ["Hub", "Listener", "Told", "preview_frame"]

_MOST_WAITING_BYTES = 4 << 20
_MOST_PREVIEWS = 16
_PAGE = 2_000
_QUIET_SECONDS = 15.0


@dataclass(frozen=True)
class Told:
    """A stored event: its number, its run (empty for one of the whole server) and its JSON text, number included."""

    seq: int
    run: str
    text: str


class Listener:
    """One client's queue. run: only this run's events; previews: whether it wants pictures.

    Previews wait in one place for each node, so that a newer one takes the older one's; events wait in order, up to a
    bound of bytes, after which the listener is `behind`: it is to come again and ask for what it missed.
    """

    def __init__(self, run: str = "", previews: bool = False) -> None:
        self.run, self.wants_previews = run, previews
        self.behind = False
        self._events: deque[Told] = deque()
        self._bytes = 0
        self._previews: OrderedDict[tuple[str, str], Preview] = OrderedDict()
        self._news = asyncio.Event()

    def tell(self, event: Told) -> None:
        """Put an event into the queue."""
        if self.behind or (self.run and event.run != self.run):
            return
        self._events.append(event)
        self._bytes += len(event.text)
        if self._bytes > _MOST_WAITING_BYTES:
            self.behind = True
            self._events.clear()
            self._previews.clear()
        self._news.set()

    def show(self, preview: Preview) -> None:
        """Put a preview in its place."""
        if not self.wants_previews or self.behind or (self.run and preview.run != self.run):
            return
        self._previews[preview.run, preview.node] = preview
        self._previews.move_to_end((preview.run, preview.node))
        while len(self._previews) > _MOST_PREVIEWS:
            self._previews.popitem(last=False)
        self._news.set()

    async def next(self, quiet: float) -> list[Told | Preview]:
        """What is there as soon as something is: events, then previews. Nothing after `quiet` seconds without news, and
        when the listener is behind."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), quiet)
        self._news.clear()
        found: list[Told | Preview] = [*self._events, *self._previews.values()]
        self._events.clear()
        self._previews.clear()
        self._bytes = 0
        return found


class Hub:
    """The listeners of a server, and the numbers of the events that they were told."""

    def __init__(self, database: Database, most: int) -> None:
        self.latest = 0
        self._database = database
        self._most = most
        self._listeners: set[Listener] = set()

    async def start(self) -> None:
        """Go on counting where the stored events end."""
        self.latest = await self._database.call(ledger.latest)

    def __len__(self) -> int:
        return len(self._listeners)

    def admit(self) -> None:
        """Raise Failure 503 when as many listen as may; asked before an answer begins."""
        if len(self._listeners) >= self._most:
            message = f"{self._most} clients listen already; try again later"
            raise Failure(503, "TooManyListeners", message, headers={"Retry-After": "5"})

    def tell(self, events: list[Told]) -> None:
        """Hand stored events to everybody."""
        if events:
            self.latest = events[-1].seq
        for listener in self._listeners:
            for event in events:
                listener.tell(event)

    def show(self, preview: Preview) -> None:
        """Hand a preview to everybody who wants previews."""
        for listener in self._listeners:
            listener.show(preview)

    def wants_previews(self) -> bool:
        """Whether anybody looks."""
        return any(listener.wants_previews for listener in self._listeners)

    async def listen(self, after: int | None, run: str, previews: bool = False) -> AsyncGenerator[list[Told | Preview]]:
        """Everything after event `after` (None: from now on), stored and live, without a gap; ends when too far behind.

        An empty list comes now and then when nothing happens, so that a client that is gone is noticed.
        """
        listener = Listener(run, previews)
        self._listeners.add(listener)
        try:
            until = self.latest
            async for page in self.stored(until if after is None else after, until, run):
                yield list(page)
            while not listener.behind:
                yield await listener.next(_QUIET_SECONDS)
        finally:
            self._listeners.discard(listener)

    async def stored(self, after: int, until: int, run: str) -> AsyncGenerator[list[Told]]:
        """Stored events in pages."""
        while after < until:
            rows = await self._database.call(partial(ledger.since, after=after, until=until, run=run, limit=_PAGE))
            if not rows:
                return
            yield [Told(seq, run, text_of(seq, body)) for seq, body in rows]
            after = rows[-1][0]


def text_of(seq: int, body: str) -> str:
    """The JSON text of an event with its number in front."""
    return f'{{"seq":{seq},{body[1:]}'


def preview_frame(preview: Preview) -> bytes:
    """A binary frame: the length of a JSON header (4 bytes, little endian), the header, the picture."""
    names = ("run", "node", "format", "width", "height")
    header = msgspec.json.encode({name: getattr(preview, name) for name in names})
    return len(header).to_bytes(4, "little") + header + preview.data
