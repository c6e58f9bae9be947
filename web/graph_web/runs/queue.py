"""The queue: which run goes next, what its worker says, and how it ends.

The database is the truth; this holds only what is going on now. A run is acknowledged when it is stored, begun in the
same transaction that marks it running, and ended in the one that stores its outcome, its files and its last event.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import msgspec

from graph_web.errors import Failure
from graph_web.hub import Hub
from graph_web.metrics import Metrics
from graph_web.runs.model import ENDED, Change, Failed, State
from graph_web.runs.recorder import Recorder
from graph_web.settings import Settings
from graph_web.store import events as ledger
from graph_web.store import runs as store
from graph_web.store.database import Database
from graph_web.workers.base import Job, JobOutcome, Worker, WorkerDied

__all__ = ["Queue"]

_log = logging.getLogger(__name__)
_PAUSED = "queue.paused"
_TRY_AGAIN_SECONDS = 2.0
_TOGETHER = 500
"""Runs that are cancelled in one transaction."""


@dataclass
class _Going:
    """A run that a worker has."""

    claim: store.Claim
    last_sign: float = field(default_factory=time.monotonic)
    cancelled_at: float | None = None
    stopping: bool = False
    in_company: bool = False
    """Another run was going when the worker died."""


class Queue:
    """Takes runs in, gives them to the worker, and records what becomes of them."""

    def __init__(self, settings: Settings, database: Database, hub: Hub, worker: Worker, metrics: Metrics) -> None:
        self.settings, self.worker, self.metrics = settings, worker, metrics
        self.paused = False
        self.waiting = 0
        self._database, self._hub = database, hub
        self.recorder = Recorder(database, hub)
        self._going: dict[str, _Going] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: dict[str, list[asyncio.Future[None]]] = {}
        self._suspects: set[str] = set()
        """Runs that were going when a worker died under several: each goes on alone, so that the guilty one shows."""
        self._live: set[str] = set()
        """Runs of this server that have not ended; earlier ones must be looked up."""
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False

    # Life -----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier server left, and begin."""
        await self.recorder.start()
        await self._take_up()
        self.paused = await self._database.call(lambda db: store.setting(db, _PAUSED, "")) == "yes"
        self.waiting = await self._database.call(store.waiting)
        self._loops = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._watch())]
        self._wake.set()

    async def close(self) -> None:
        """Stop the runs within a step, put them back into the queue, and end."""
        self._stopping = True
        for loop in self._loops:
            loop.cancel()
        for run, going in self._going.items():
            going.stopping = True
            self.worker.cancel(run)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.settings.limits.stop_seconds)
            if late:
                await self.worker.end("the server was stopped")
                await asyncio.wait(late, timeout=2)
        await self.worker.close()
        await self.recorder.close()

    async def _take_up(self) -> None:
        after = partial(self._after_a_death, outcome="interrupted", reason="the server died")
        for run in await self._database.call(store.running):
            await self.recorder.change(run, partial(after, run=run))

    # What clients ask for -------------------------------------------------------------------------------------------

    async def submit(self, new: store.NewRun) -> str:
        """Store a run and give its id; it is safe from then on."""
        if self.waiting >= self.settings.limits.queued_runs:
            raise Failure(
                429, "QueueFull", f"{self.waiting} runs wait already; try again later", headers={"Retry-After": "10"}
            )
        self.waiting += 1
        made: list[str] = []

        def change(db: sqlite3.Connection) -> dict[str, Any]:
            run = store.insert(db, new)
            made.append(run)
            return {"type": "queued", "run": run, "title": new.title, "workflow": new.workflow}

        try:
            await self.recorder.change("", change)
        except BaseException:
            self.waiting -= 1
            raise
        self._live.add(made[0])
        self._wake.set()
        return made[0]

    async def cancel(self, run: str) -> State:
        """Cancel a run, whatever it is doing, and give its state; cancelling an ended run changes nothing."""
        if run in self._going or await self._cancel_waiting(run):
            await self._cancel_going(run)
            await self._count()
        return await self._state(run)

    async def cancel_all(self) -> int:
        """Cancel every run that has not ended, and say how many there were."""
        order = await self._database.call(lambda db: store.in_order(db, -1))
        waiting = [run.id for run in order if run.id not in self._going]
        for start in range(0, len(waiting), _TOGETHER):
            await asyncio.gather(*(self._cancel_waiting(run) for run in waiting[start : start + _TOGETHER]))
        for run in list(self._going):
            await self._cancel_going(run)
        await self._count()
        return len(order)

    async def _cancel_waiting(self, run: str) -> bool:
        return await self._end(run, store.Outcome("cancelled"))

    async def _cancel_going(self, run: str) -> None:
        going = self._going.get(run)
        if going is not None and going.cancelled_at is None:
            going.cancelled_at = time.monotonic()
            self.worker.cancel(run)

    async def resume(self, run: str) -> State:
        """Let an interrupted run go on."""
        await self.recorder.change(
            run, lambda db: {"type": "queued"} if store.set_state(db, run, "queued", ["interrupted"]) else None
        )
        await self._count()
        self._wake.set()
        return await self._state(run)

    async def change(self, run: str, change: Change) -> None:
        """Give a waiting run another priority or place."""
        priority = None if change.priority is msgspec.UNSET else change.priority
        before = "" if change.before is msgspec.UNSET else change.before
        place = "" if change.place is msgspec.UNSET else change.place

        def move(db: sqlite3.Connection) -> dict[str, Any] | None:
            moved = store.move(db, run, priority=priority, before=before, place=place)
            return {"type": "moved"} if moved else None

        if not await self.recorder.change(run, move):
            state = await self._state(run)
            raise Failure(409, "NotWaiting", f"the run is {state}, or the run it is to go before does not wait")

    async def pause(self, paused: bool) -> None:
        """Begin no more runs, or go on; those that run are left alone. Remembered by the next server."""

        def change(db: sqlite3.Connection) -> dict[str, Any]:
            store.keep_setting(db, _PAUSED, "yes" if paused else "")
            return {"type": "queue", "paused": paused}

        await self.recorder.change("", change)
        self.paused = paused
        self._wake.set()

    async def ended(self, run: str, seconds: float) -> bool:
        """Wait until a run has ended, at most so long; whether it has."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends.setdefault(run, []).append(waiter)
        try:
            if run not in self._live and await self._state(run) in ENDED:
                return True
            await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return False
        finally:
            waiters = self._ends.get(run, [])
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters:
                self._ends.pop(run, None)
        return True

    def running(self) -> int:
        """How many runs a worker has."""
        return len(self._going)

    async def _state(self, run: str) -> State:
        found = await self._database.call(lambda db: store.detail(db, run))
        if found is None:
            raise Failure(404, "NoSuchRun", f"there is no run {run!r}; GET /api/v1/runs lists them")
        return found.state

    # What goes on ---------------------------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while not self.paused and len(self._going) < (1 if self._suspects else self.settings.parallel):
                if not await self._begin():
                    break

    async def _begin(self) -> bool:
        claims: list[store.Claim] = []

        def change(db: sqlite3.Connection) -> dict[str, Any] | None:
            found = store.claim(db)
            if found is None:
                return None
            claims.append(found)
            return {"type": "running", "run": found.id, "attempt": found.attempt}

        try:
            if not await self.recorder.change("", change):
                return False
        except Exception:  # noqa: BLE001 - the disk is full, or a stored run cannot be read: the queue must not end
            _log.exception("the next run cannot be begun; trying again")
            asyncio.get_running_loop().call_later(_TRY_AGAIN_SECONDS, self._wake.set)
            return False
        self.waiting = max(0, self.waiting - 1)
        claim = claims[0]
        self._going[claim.id] = _Going(claim)
        task = asyncio.create_task(self._work(claim))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _work(self, claim: store.Claim) -> None:
        going = self._going[claim.id]
        try:
            outcome = await self.worker.run(
                Job(claim.id, claim.document, claim.inputs, claim.options), self._on_event, self._hub.show
            )
            await self._done(going, outcome)
        except WorkerDied as error:
            await self._worker_died(going, str(error))
        except sqlite3.Error:
            _log.exception("the end of run %s could not be stored; it goes on after a restart", claim.id)
        except Exception as error:  # noqa: BLE001 - the worker could not be started at all
            _log.exception("run %s could not be given to a worker", claim.id)
            await self._end(claim.id, _failed("WorkerFailed", f"the worker could not be started: {error}"))
        finally:
            self._going.pop(claim.id, None)
            self._wake.set()

    def _on_event(self, run: str, event: dict[str, Any]) -> None:
        going = self._going.get(run)
        if going is not None:
            going.last_sign = time.monotonic()
        self.recorder.event(run, event)

    async def _done(self, going: _Going, outcome: JobOutcome) -> None:
        """Store how a run ended, as soon as it can be stored."""
        while True:
            try:
                return await self._try_done(going, outcome)
            except sqlite3.Error as error:  # the disk is full: the outcome waits here until there is room
                _log.warning("the end of run %s cannot be stored (%s); trying again", going.claim.id, error)
                await asyncio.sleep(_TRY_AGAIN_SECONDS)

    async def _try_done(self, going: _Going, outcome: JobOutcome) -> None:
        if outcome.state == "cancelled" and going.stopping and going.cancelled_at is None:
            await self.recorder.change(going.claim.id, lambda db: _put_back(db, going.claim.id, "stopped"))
            return
        self.metrics.seconds.observe(outcome.body.get("seconds", 0))
        state: State = msgspec.convert(outcome.state, State)
        await self._end(going.claim.id, store.Outcome(state, outcome.body), outcome.files)

    async def _worker_died(self, going: _Going, reason: str) -> None:
        run = going.claim.id
        self.metrics.deaths.inc()
        _log.warning("the worker of run %s died: %s", run, reason)
        if going.stopping:
            await self.recorder.change(run, lambda db: _put_back(db, run, "stopped"))
        elif going.cancelled_at is not None:
            await self._end(run, store.Outcome("cancelled"))
        elif len(self._going) == 1 and not going.in_company:
            await self._end(run, _failed("WorkerDied", reason))
        else:  # nobody knows which of them it was: each is tried again, alone
            for other in self._going.values():
                other.in_company = True
            self._suspects.add(run)
            await self.recorder.change(run, lambda db: self._after_a_death(db, run, "worker died", reason))
            if await self._state(run) in ENDED:
                self._tell_ended(run)
        await self._count()

    def _after_a_death(self, db: sqlite3.Connection, run: str, outcome: str, reason: str) -> dict[str, Any] | None:
        """What becomes of a run whose server or worker died: it goes on, waits for a person, or has had its chances."""
        if outcome == "interrupted" and self.settings.restart == "hold":
            store.put_back(db, run, outcome, "interrupted")
            return {"type": "interrupted"}
        event = _put_back(db, run, outcome)
        tries = store.failed_attempts(db, run)
        if tries < self.settings.limits.attempts:
            return event
        body = _failed("Poison", f"begun {tries} times, and each time {reason}").body
        store.finish(db, run, store.Outcome("failed", body))
        return {"type": "ended", "state": "failed", "error": body["error"]}

    async def _end(self, run: str, outcome: store.Outcome, files: list[tuple[str, str, int]] | None = None) -> bool:
        ended = await self.recorder.change(run, partial(_finish, run=run, outcome=outcome, files=files or []))
        if ended:
            self.metrics.ended.labels(outcome.state).inc()
            _log.info("run %s ended: %s in %.2f s", run, outcome.state, outcome.body.get("seconds", 0))
            self._tell_ended(run)
        return ended

    def _tell_ended(self, run: str) -> None:
        self._live.discard(run)
        self._suspects.discard(run)
        for waiter in self._ends.pop(run, []):
            if not waiter.done():
                waiter.set_result(None)

    async def _count(self) -> None:
        self.waiting = await self._database.call(store.waiting)

    async def _watch(self) -> None:
        """End the worker under a run that neither moves nor can be cancelled."""
        limits = self.settings.limits
        while True:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            for run, going in list(self._going.items()):
                if going.cancelled_at is not None and now - going.cancelled_at > limits.cancel_seconds:
                    await self.worker.end(
                        f"run {run} did not stop within {limits.cancel_seconds:g} s of being cancelled"
                    )
                elif now - going.last_sign > limits.stall_seconds:
                    await self.worker.end(f"run {run} showed no progress for {limits.stall_seconds:g} s")


def _put_back(db: sqlite3.Connection, run: str, outcome: str) -> dict[str, Any]:
    store.put_back(db, run, outcome)
    return {"type": "queued", "after": outcome}


def _failed(kind: str, message: str) -> store.Outcome:
    return store.Outcome("failed", {"error": msgspec.to_builtins(Failed(kind, message))})


def _finish(
    db: sqlite3.Connection, run: str, outcome: store.Outcome, files: list[tuple[str, str, int]]
) -> dict[str, Any] | None:
    ids = [_publish(db, run, *file) for file in files]
    body = {**outcome.body, "outputs": _with_ids(outcome.body.get("outputs", {}), ids)}
    if not store.finish(db, run, store.Outcome(outcome.state, body)):
        return None
    ledger.forget_progress(db, run)
    event = {"type": "ended", "state": outcome.state, "seconds": body.get("seconds", 0)}
    return {**event, **({"error": body["error"]} if "error" in body else {})}


def _publish(db: sqlite3.Connection, run: str, name: str, path: str, size: int) -> dict[str, Any]:
    """A file's entry among the outputs: made by the first run that gave it, found by others that had it cached, and
    made anew when it was deleted and written again."""
    output = store.output_id(path)
    db.execute(
        "INSERT INTO outputs (id, run, name, path, bytes, created) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET run = excluded.run, name = excluded.name, bytes = excluded.bytes, "
        "created = excluded.created, deleted = NULL WHERE deleted IS NOT NULL",
        (output, run, name, path, size, time.time()),
    )
    return {"id": output, "name": PurePosixPath(path).name, "url": f"/api/v1/outputs/{output}", "bytes": size}


def _with_ids(value: Any, files: list[dict[str, Any]]) -> Any:
    """Outputs with each `{"$file": n}` replaced by the n-th file."""
    if isinstance(value, dict):
        if value.keys() == {"$file"}:
            return files[value["$file"]]
        return {name: _with_ids(item, files) for name, item in value.items()}
    return [_with_ids(item, files) for item in value] if isinstance(value, list) else value
