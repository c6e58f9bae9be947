"""A worker in a process of its own: what a node does to its process, it does not do to the server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from graph_web.workers.base import Job, JobOutcome, OnEvent, OnPreview, Preview, Status, WorkerDied, WorkerPlaces
from graph_web.workers.frames import pack, read_frame

__all__ = ["ProcessWorker"]

_READY_SECONDS = 120.0
_STATUS_SECONDS = 2.0
_LEAVING_SECONDS = 2.0


class ProcessWorker:
    """Starts `python -m graph_web.workers.child` when it is first needed, and again after it died."""

    def __init__(
        self, places: WorkerPlaces, parallel: int = 1, on_ready: Callable[[Status], None] = lambda status: None
    ) -> None:
        self._places, self._parallel, self._on_ready = places, parallel, on_ready
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._jobs: dict[str, tuple[asyncio.Future[JobOutcome], OnEvent, OnPreview]] = {}
        self._cancelled: set[str] = set()
        self._asked: list[asyncio.Future[Status]] = []
        self._starting = asyncio.Lock()
        self._reason = ""
        self._latest: Status | None = None

    async def start(self) -> None:
        """Start the process, unless it runs."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            self._reason = ""
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "graph_web.workers.child",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
            )  # fmt: skip
            self._say({"places": msgspec.to_builtins(self._places), "parallel": self._parallel})
            ready: asyncio.Future[Status] = asyncio.get_running_loop().create_future()
            self._asked.append(ready)
            self._reading = asyncio.create_task(self._read(self._process))
            self._latest = await asyncio.wait_for(ready, _READY_SECONDS)
            self._on_ready(self._latest)

    async def run(self, job: Job, on_event: OnEvent, on_preview: OnPreview) -> JobOutcome:
        """Run a job; raises WorkerDied when the process ends before the job does."""
        try:
            await self.start()
            done: asyncio.Future[JobOutcome] = asyncio.get_running_loop().create_future()
            self._jobs[job.run] = (done, on_event, on_preview)
            if job.run in self._cancelled:  # while the process was starting, when nobody could be told
                self._say({"do": "cancel", "run": job.run})
            self._say({"do": "run", "job": msgspec.to_builtins(job)})
            return await done
        finally:
            self._jobs.pop(job.run, None)
            self._cancelled.discard(job.run)

    def cancel(self, run: str) -> None:
        """Ask a job to stop at its next step."""
        self._cancelled.add(run)
        self._say({"do": "cancel", "run": run})

    async def end(self, reason: str) -> None:
        """Kill the process; its jobs raise WorkerDied(reason)."""
        if self._process is not None and self._process.returncode is None:
            self._reason = reason
            self._process.kill()
            await self._process.wait()

    async def status(self) -> Status | None:
        """What it holds; what it said last when it is too busy to answer; None when it does not run."""
        if self._process is None or self._process.returncode is not None:
            return None
        asked: asyncio.Future[Status] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._say({"do": "status"})
        try:
            self._latest = await asyncio.wait_for(asked, _STATUS_SECONDS)
        except TimeoutError:
            pass
        except WorkerDied:
            return None
        return self._latest

    async def free(self) -> None:
        """Let warm models and values in memory go."""
        self._say({"do": "free"})

    async def close(self) -> None:
        """End the process by closing its stdin, and by force when that does not help."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._reason = "the server was stopped"
        assert process.stdin is not None
        process.stdin.close()
        await _gone(process)
        if self._reading is not None:
            await self._reading

    def _say(self, header: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None and self._process.returncode is None:
            with contextlib.suppress(OSError, RuntimeError):
                self._process.stdin.write(pack(header))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            while True:
                header, payload = await read_frame(process.stdout)
                self._heard(header, payload)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError, KeyError, msgspec.MsgspecError):
            pass  # it ended, or something else wrote into the pipe, after which nothing can be made of it
        finally:
            await _gone(process)
            self._ended(self._reason or _how(process.returncode or 0))

    def _heard(self, header: dict[str, Any], payload: bytes) -> None:
        said = header["say"]
        if said in ("status", "ready"):
            status = msgspec.convert(header["status"], Status)
            for asked in self._asked:
                if not asked.done():
                    asked.set_result(status)
            self._asked.clear()
            return
        if said == "events":
            for run, event in header["all"]:
                if run in self._jobs:
                    self._jobs[run][1](run, event)
            return
        job = self._jobs.get(header.get("run", ""))
        if job is None:
            return
        done, _, on_preview = job
        if said == "preview":
            facts = {name: header[name] for name in ("run", "node", "format", "width", "height")}
            on_preview(Preview(**facts, data=payload))
        elif said == "done" and not done.done():
            done.set_result(msgspec.convert(header["outcome"], JobOutcome))

    def _ended(self, reason: str) -> None:
        error = WorkerDied(reason)
        waiting: list[asyncio.Future[Any]] = [*(done for done, _, _ in self._jobs.values()), *self._asked]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
        self._asked.clear()


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that is about to end, and help when it does not.

    Killing it at once would let Popen reap it, and its exit status would be lost to asyncio.
    """
    try:
        await asyncio.wait_for(process.wait(), _LEAVING_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _how(status: int) -> str:
    """What an exit status of the process means for who wrote the workflow."""
    if status >= 0:
        return f"the worker process ended with status {status}; a node must have ended it"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    hint = " (out of memory, or killed by hand)" if -status == signal.SIGKILL else " (a crash in native code)"
    return f"the worker process was ended by {name}{hint}"
