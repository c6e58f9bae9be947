"""Runs: submit, look, cancel, retry, run again with changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from graph_engine.errors import GraphEngineError
from graph_engine.plan import bind_inputs, pick_targets
from graph_web.errors import Failure, Place, failure_of
from graph_web.routing import Reply, route
from graph_web.runs.model import ENDED, Change, Priority, Run, RunDetail, RunOptions, State, Submission
from graph_web.services import Services
from graph_web.store import runs as store

__all__ = ["Again", "PlanQuery", "Planned", "RunPage", "RunQuery"]

Wait = Annotated[float, Meta(ge=0, le=300)]


class RunQuery(msgspec.Struct, frozen=True):
    """Which runs: in these states (with commas), of a saved workflow; `before` is the `next` of the page above."""

    state: Annotated[str, Meta(max_length=200)] = ""
    workflow: Annotated[str, Meta(max_length=200)] = ""
    before: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class RunPage(msgspec.Struct, frozen=True):
    """Runs, newest first; `next` is 0 on the last page."""

    runs: list[Run]
    next: int


class Again(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes to a run that is run again: inputs and node inputs to set, beside those that it had."""

    inputs: dict[str, Any] = {}
    set: dict[str, Any] = {}
    options: RunOptions | UnsetType = UNSET
    priority: Priority = 0
    wait: Wait = 0


class WorkflowCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a saved workflow: values of its declared inputs, and seconds to wait for the end before answering."""

    inputs: dict[str, Any] = {}
    options: RunOptions = RunOptions()
    priority: Priority = 0
    wait: Wait = 0


class Step(msgspec.Struct, frozen=True):
    """What a run would do with a node, and why."""

    state: str
    reason: str


class PlanQuery(msgspec.Struct, frozen=True):
    """draft: a workflow that cannot run yet is answered with its problems, in place of a refusal."""

    draft: bool = False


class Planned(msgspec.Struct, frozen=True):
    """What a run would do with every node: run, memory, disk, not needed, on demand, or left out (muted, bypassed, or
    without what it needs because of one that is). problems: of a draft that cannot run; it has no plan then."""

    nodes: dict[str, Step]
    to_run: int
    problems: list[Place] = []


class Checked(msgspec.Struct, frozen=True):
    """Everything that is wrong with a workflow, as sentences with their places; none when it can run."""

    problems: list[str]


@route("POST", "/api/v1/runs", status=202, errors=(404, 422, 429, 507))
async def submit_run(services: Services, body: Submission) -> Reply[RunDetail]:
    """Queue a run of a saved workflow or of a document. It is safe from the answer on, whatever happens to the server.

    Answers 200 with the ended run when it ends within `wait` seconds, else 202.
    """
    return await _submitted(services, body)


@route("POST", "/api/v1/workflows/{name}/run", status=202, errors=(404, 422, 429, 507))
async def run_workflow(services: Services, name: str, body: WorkflowCall) -> Reply[RunDetail]:
    """Run a saved workflow with values for its declared inputs."""
    call = Submission(workflow=name, inputs=body.inputs, options=body.options, priority=body.priority, wait=body.wait)
    return await _submitted(services, call)


@route("GET", "/api/v1/runs")
async def list_runs(services: Services, query: RunQuery) -> RunPage:
    """The history and the queue, newest first."""
    states = [state for state in query.state.split(",") if state]
    selection = store.Selection(states, query.workflow, query.before, query.limit)
    found = await services.database.call(lambda db: store.listed(db, selection))
    return RunPage(found, found[-1].seq if len(found) == query.limit else 0)


@route("GET", "/api/v1/runs/{id}", errors=(404,))
async def read_run(services: Services, id: str) -> RunDetail:
    """One run with its inputs, outputs and nodes."""
    return await _detail(services, id)


@route("GET", "/api/v1/runs/{id}/document", errors=(404,))
async def read_run_document(services: Services, id: str) -> dict[str, Any]:
    """The workflow that a run is of, as it was when it was submitted."""
    text = await services.database.call(lambda db: store.document_of(db, id))
    if text is None:
        raise _unknown(id)
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


@route("PATCH", "/api/v1/runs/{id}", errors=(404, 409))
async def change_run(services: Services, id: str, body: Change) -> RunDetail:
    """Give a waiting run another priority or place."""
    await services.queue.change(id, body)
    return await _detail(services, id)


@route("POST", "/api/v1/runs/{id}/cancel", status=202, errors=(404,))
async def cancel_run(services: Services, id: str) -> RunDetail:
    """Cancel a run: at once when it waits, within a step when it runs. What it computed stays cached."""
    await services.queue.cancel(id)
    return await _detail(services, id)


@route("POST", "/api/v1/runs/{id}/resume", errors=(404, 409))
async def resume_run(services: Services, id: str) -> RunDetail:
    """Let a run go on that was interrupted by the end of the server."""
    state: State = await services.queue.resume(id)
    if state in ENDED:
        raise Failure(409, "Ended", f"the run has ended ({state}); POST /api/v1/runs/{id}/retry makes a new one")
    return await _detail(services, id)


@route("POST", "/api/v1/runs/{id}/retry", status=202, errors=(404, 422, 429, 507))
async def retry_run(services: Services, id: str, body: Again) -> Reply[RunDetail]:
    """Run the same workflow again, with the changes given, as a new run; cached nodes are not computed again."""
    old = await _detail(services, id)
    submission = Submission(
        document=await read_run_document(services, id),
        inputs={**old.inputs, **body.inputs},
        set=body.set,
        options=old.options if body.options is UNSET else body.options,
        priority=body.priority,
        wait=body.wait,
    )
    return await _submitted(services, submission, parent=id, workflow=old.workflow)


@route("POST", "/api/v1/plan", errors=(404, 422), changes=False)
async def plan_run(services: Services, query: PlanQuery, body: Submission) -> Planned:
    """What a run would compute and why, without running anything."""
    try:
        return await _planned(services, body)
    except GraphEngineError as error:
        if not query.draft:
            raise
        report = failure_of(error).report
        return Planned({}, 0, report.problems or [Place(report.message)])


async def _planned(services: Services, body: Submission) -> Planned:
    found = await services.preparer.prepare(body)
    bind_inputs(found.graph, body.inputs)
    pick_targets(found.graph, body.options.targets)
    plan = await asyncio.to_thread(
        services.engine.plan, found.workflow, body.inputs, body.options.targets, use_cache=body.options.use_cache
    )
    steps = {step.node: Step(step.state, step.reason) for step in plan.steps}
    return Planned(steps, len(plan.to_run))


@route("POST", "/api/v1/check", errors=(404, 422), changes=False)
async def check_workflow(services: Services, body: Submission) -> Checked:
    """Everything that is wrong with a workflow."""
    workflow = await services.preparer.workflow_of(body)
    return Checked([str(problem) for problem in services.engine.check(workflow)])


async def _submitted(
    services: Services, submission: Submission, parent: str | None = None, workflow: str = ""
) -> Reply[RunDetail]:
    new = await services.preparer.new_run(submission, parent)
    if workflow:
        new = replace(new, workflow=workflow)
    run = await services.queue.submit(new)
    ended = submission.wait > 0 and await services.queue.ended(run, submission.wait)
    headers = {"Location": f"/api/v1/runs/{run}"}
    return Reply(await _detail(services, run), 200 if ended else 202, headers)


async def _detail(services: Services, run: str) -> RunDetail:
    found = await services.database.call(lambda db: store.detail(db, run))
    if found is None:
        raise _unknown(run)
    return found


def _unknown(run: str) -> Failure:
    return Failure(404, "NoSuchRun", f"there is no run {run!r}; GET /api/v1/runs lists them")
