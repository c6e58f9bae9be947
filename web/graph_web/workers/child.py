"""The worker process: `python -m graph_web.workers.child`, started and fed by ProcessWorker.

Frames come in by stdin and go out by what was stdout; whatever nodes print goes to stderr. When stdin ends, the server
is gone, and this process ends at once.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

import msgspec

from graph_web.workers.base import Job, JobOutcome, Preview, WorkerPlaces
from graph_web.workers.frames import pack, read_frame_blocking
from graph_web.workers.runner import Runner, make_engine

__all__ = ["main"]

_LAST_SECONDS = 1.0
_SWITCH_SECONDS = 0.0005  # as in serve
_Message = tuple[dict[str, Any], bytes]


class Child:
    """Reads what the server says and runs what it asks for."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._unsaid: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        threading.Thread(target=self._write, name="write", daemon=True).start()

    def say(self, header: dict[str, Any], payload: bytes = b"") -> None:
        """Send a frame, after all that was said before it."""
        self._unsaid.put((header, payload))

    def _write(self) -> None:
        """Send what there is to say, all that waits in one write; when nobody reads any more, end."""
        while True:
            waiting = [self._unsaid.get()]
            while not self._unsaid.empty():
                waiting.append(self._unsaid.get())
            try:
                self._sink.write(b"".join(pack(header, payload) for header, payload in _gathered(waiting)))
                self._sink.flush()
            except OSError:
                os._exit(1)

    def serve(self) -> None:
        """Work until stdin ends."""
        places, parallel = self._setting_out()
        runner = Runner(make_engine(places), places)
        pool = ThreadPoolExecutor(parallel, "run")
        self.say({"say": "ready", "status": msgspec.to_builtins(runner.status())})
        while (frame := read_frame_blocking(self._source)) is not None:
            header, _ = frame
            if header["do"] == "run":
                pool.submit(self._run, runner, msgspec.convert(header["job"], Job))
            elif header["do"] == "cancel":
                runner.cancel(header["run"])
            elif header["do"] == "free":
                runner.free()
            elif header["do"] == "status":
                self.say({"say": "status", "status": msgspec.to_builtins(runner.status())})
        runner.engine.cache.flush(_LAST_SECONDS)
        os._exit(0)

    def _setting_out(self) -> tuple[WorkerPlaces, int]:
        frame = read_frame_blocking(self._source)
        if frame is None:
            os._exit(0)
        return msgspec.convert(frame[0]["places"], WorkerPlaces), int(frame[0]["parallel"])

    def _run(self, runner: Runner, job: Job) -> None:
        def on_preview(preview: Preview) -> None:
            header = {name: getattr(preview, name) for name in ("run", "node", "format", "width", "height")}
            self.say({"say": "preview", **header}, preview.data)

        try:
            outcome = runner.run(job, lambda event: self.say({"say": "events", "all": [[job.run, event]]}), on_preview)
        except BaseException as error:  # noqa: BLE001 - a defect of ours must end the run, not the worker
            report = {"type": type(error).__name__, "message": f"internal error: {error}"}
            outcome = JobOutcome("failed", {"error": report})
        self.say({"say": "done", "run": job.run, "outcome": msgspec.to_builtins(outcome)})


def _gathered(messages: Iterable[_Message]) -> Iterator[_Message]:
    """Messages in order, events that follow each other in one."""
    events: list[Any] = []
    for header, payload in messages:
        if header["say"] == "events":
            events += header["all"]
            continue
        if events:
            yield {"say": "events", "all": events}, b""
            events = []
        yield header, payload
    if events:
        yield {"say": "events", "all": events}, b""


def main() -> None:
    """Take stdin and stdout for the frames, and give nodes stderr to print to."""
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.setswitchinterval(_SWITCH_SECONDS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches this process too; the server decides
    Child(source, sink).serve()


if __name__ == "__main__":
    main()
