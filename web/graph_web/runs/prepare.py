"""From what a client sends to a run that can be stored: read, proved, and made to travel."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import UNSET

from graph_engine import Engine, Workflow
from graph_engine.graph import Graph
from graph_engine.plan import bind_inputs, pick_targets
from graph_engine.portable import portable_data
from graph_engine.reader import read_json
from graph_engine.workflow import parse_workflow
from graph_web.errors import Failure
from graph_web.library import Library
from graph_web.runs.model import Submission
from graph_web.store.runs import NewRun

__all__ = ["Prepared", "Preparer"]

A = TypeVar("A")
T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
_LARGE = 8192
"""From so many characters on a workflow is read and proved in a thread, so that nobody else waits for it."""
_REMEMBERED = 64


@dataclass(frozen=True)
class Prepared:
    """A proved workflow, and the JSON text that a run of it stores: with all that it needs from other files."""

    workflow: Workflow
    graph: Graph
    document: str


class Preparer:
    """Proves submissions; what it made of a saved workflow is remembered as long as that is unchanged."""

    def __init__(self, engine: Engine, library: Library, unsaved: Path) -> None:
        self._engine, self._library, self._unsaved = engine, library, unsaved
        self._known: OrderedDict[str, Prepared] = OrderedDict()

    async def new_run(self, submission: Submission, parent: str | None = None) -> NewRun:
        """A run to be stored; raises what is wrong with the workflow, the inputs or the targets."""
        found = await self.prepare(submission)
        bind_inputs(found.graph, submission.inputs)
        pick_targets(found.graph, submission.options.targets)
        title = found.workflow.title or submission.workflow or "untitled"
        return NewRun(
            found.document,
            submission.inputs,
            submission.options,
            title[:200],
            submission.workflow,
            submission.priority,
            parent,
        )

    async def prepare(self, submission: Submission) -> Prepared:
        """The workflow that a submission means, with its `set` applied; raises WorkflowError with every problem."""
        workflow = await self.workflow_of(submission)
        known = self._known.get(submission.workflow)
        if known is not None and known.workflow is workflow:
            return known
        read = workflow.place.document
        found = await _apart(len(read.text) if read else 0, self._proved, workflow)
        if submission.workflow and not submission.set and not found.graph.reads_files:
            self._known[submission.workflow] = found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    async def workflow_of(self, submission: Submission) -> Workflow:
        """The saved workflow, or the document, read but not proved; exactly one of them must be given."""
        document = submission.document
        if bool(submission.workflow) == (document is not UNSET):
            raise Failure(422, "BadBody", "give either `workflow`, the name of a saved one, or `document`")
        if document is UNSET:
            workflow, _ = await asyncio.to_thread(self._library.load, submission.workflow)
        else:
            text = _encode(document).decode()
            workflow = await _apart(len(text), self._read, text)
        return workflow.with_values(submission.set) if submission.set else workflow

    def _read(self, text: str) -> Workflow:
        return parse_workflow(read_json(text, "document"), self._unsaved)

    def _proved(self, workflow: Workflow) -> Prepared:
        graph = self._engine.graph(workflow)
        data = portable_data(graph, {}, self._engine.registry, ui=True)
        return Prepared(workflow, graph, _encode(data).decode())


async def _apart(characters: int, function: Callable[[A], T], argument: A) -> T:
    """Call a function that takes long for a long document: in a thread, when it is long."""
    return function(argument) if characters < _LARGE else await asyncio.to_thread(function, argument)
