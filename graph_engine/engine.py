"""The engine: plugins, folders, caches and warm models together, and the steps read -> check -> plan -> run on them.

Nothing is global: any number of engines live in one process, each with its own registry and caches.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from graph_engine.cache import Cache, DiskCache, History, MemoryCache
from graph_engine.checker import check
from graph_engine.context import Context, Folders, WarmStore
from graph_engine.errors import InputError, NotCached, Problem, WorkflowError
from graph_engine.events import Event, EventHandler, RunWarning
from graph_engine.graph import Graph
from graph_engine.plan import Plan, make_plan, workflow_identity
from graph_engine.plugins import Registry, load_registry
from graph_engine.portable import portable_data
from graph_engine.result import Result
from graph_engine.run import Execution
from graph_engine.settings import Locations, pick_device, pick_dtype
from graph_engine.workflow import Workflow, read_workflow

__all__ = ["Engine", "Stream", "arun", "load", "run"]

_REMEMBERED_GRAPHS = 8


class Engine:
    """Checks, plans and runs workflows.

    registry: what the plugins brought (default: all installed ones). folders: where runs read and write (default:
    from the environment or the platform). device and dtype: `auto` or a name. memory_bytes: budget of the cache in
    memory; model_bytes: of the warm models; disk_bytes: of the cache folder. disk: False keeps results in memory only.
    write_behind: a thread writes results to the disk, which `cache.flush` waits for (a server). debug: find nodes that
    write into their inputs.
    """

    def __init__(
        self,
        registry: Registry | None = None,
        folders: Folders | None = None,
        device: str = "auto",
        dtype: str = "auto",
        *,
        memory_bytes: int = 2 << 30,
        model_bytes: int = 8 << 30,
        disk_bytes: int = 20 << 30,
        disk: bool = True,
        write_behind: bool = False,
        debug: bool = False,
    ) -> None:
        self.registry = load_registry() if registry is None else registry
        self.folders = self._with_models(folders or _default_folders())
        self.device = pick_device(device)
        self.dtype = pick_dtype(dtype, self.device)
        self.debug = debug
        self.warm = WarmStore(model_bytes)
        folder = self.folders.cache if disk else None
        disk_cache = DiskCache(folder, self.registry.kinds, disk_bytes) if folder else None
        self.cache = Cache(MemoryCache(memory_bytes), disk_cache, write_behind=write_behind)
        self.history = History(folder)
        self._graphs: list[Graph] = []

    def _with_models(self, folders: Folders) -> Folders:
        named = {name: source.folder for name, source in self.registry.models.items()}
        return replace(folders, models={**named, **folders.models})

    # The steps ------------------------------------------------------------------------------------------------------

    def check(self, workflow: Workflow) -> list[Problem]:
        """Every problem of a workflow; an empty list when it can run."""
        try:
            self.graph(workflow)
        except WorkflowError as error:
            return error.problems
        return []

    def graph(self, workflow: Workflow) -> Graph:
        """The proved graph of a workflow, remembered for the next call; raises WorkflowError."""
        if not isinstance(workflow, Workflow):
            raise InputError(f"wants a Workflow, found {workflow!r}; a file is read by graph_engine.load('file.yaml')")
        for graph in self._graphs:
            if graph.workflow is workflow:
                return graph
        graph = check(workflow, self.registry)
        if not graph.reads_files:
            self._graphs = [graph, *self._graphs[: _REMEMBERED_GRAPHS - 1]]
        return graph

    def plan(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        targets: Iterable[str] = (),
        *,
        use_cache: bool = True,
        explain: bool = True,
        cancel: threading.Event | None = None,
    ) -> Plan:
        """What would run, and why; raises WorkflowError or InputError."""
        graph = self.graph(workflow)
        cache = self.cache if use_cache else None
        history = self.history if explain else None
        context = self._context(workflow, cancel)
        plan = make_plan(graph, inputs or {}, targets, context, cache, history)
        document = _Once(lambda: portable_data(graph, plan.inputs, self.registry))
        plan.context = replace(context, workflow=document)
        return plan

    def _context(self, workflow: Workflow, cancel: threading.Event | None) -> Context:
        roots = (workflow.source.parent,) if workflow.source else ()
        folders = replace(self.folders, inputs=(*roots, *self.folders.inputs))
        cancelled = cancel or threading.Event()
        return Context(device=self.device, dtype=self.dtype, folders=folders, warm=self.warm, cancel=cancelled)

    def run(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        targets: Iterable[str] = (),
        *,
        on_event: EventHandler | None = None,
        cancel: threading.Event | None = None,
        use_cache: bool = True,
        previews: bool = False,
        require_cached: bool = False,
    ) -> Result:
        """Run a workflow and wait for it. A failing node is in the result; a wrong workflow or input is raised.

        inputs: values of the declared inputs. targets: nodes or outputs to run to (default: all that the workflow is
        for). cancel: set it from another thread to stop within a step. use_cache: False neither reads nor writes
        cached results. require_cached: raise NotCached when anything would have to run.
        """
        plan = self.plan(workflow, inputs, targets, use_cache=use_cache, explain=False, cancel=cancel)
        if require_cached and plan.to_run:
            raise NotCached(f"not cached: {', '.join(plan.to_run)}")
        cache = self.cache if use_cache else None
        result = Execution(plan, self.registry, cache, on_event, previews=previews, debug=self.debug).run()
        if use_cache and plan.to_run:
            self._remember(plan, result, on_event)
        return result

    def _remember(self, plan: Plan, result: Result, on_event: EventHandler | None) -> None:
        if self.history.folder is None:
            return
        done = [name for name in plan.graph.nodes if result.nodes[name].state in {"ran", "memory", "disk"}]
        try:
            self.history.add(workflow_identity(plan.graph), plan.recipes(done))
        except OSError as error:
            if on_event:
                on_event(RunWarning(f"what this run was made of could not be remembered: {error}"))

    # The same, awaited or streamed ----------------------------------------------------------------------------------

    async def arun(self, workflow: Workflow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Result:
        """`run` for async code: runs in a thread; cancelling the task cancels the run."""
        cancel = options.pop("cancel", None) or threading.Event()
        task = asyncio.ensure_future(asyncio.to_thread(self.run, workflow, inputs, cancel=cancel, **options))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            cancel.set()
            await asyncio.wait([task])
            raise

    def stream(self, workflow: Workflow, inputs: Mapping[str, Any] | None = None, **options: Any) -> Stream:
        """Run in a thread and iterate over the events as they come; `stream.result` is there at the end."""
        return Stream(self, workflow, inputs, options)


class Stream:
    """The events of one run, as an iterator or an async iterator; leaving it early cancels the run."""

    def __init__(
        self, engine: Engine, workflow: Workflow, inputs: Mapping[str, Any] | None, options: dict[str, Any]
    ) -> None:
        self.result: Result | None = None
        self._error: BaseException | None = None
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._cancel = options.pop("cancel", None) or threading.Event()

        def work() -> None:
            try:
                self.result = engine.run(workflow, inputs, on_event=self._events.put, cancel=self._cancel, **options)
            except BaseException as error:  # noqa: BLE001 - handed to the reader of the stream
                self._error = error
            finally:
                self._events.put(None)

        self._thread = threading.Thread(target=work, name="run", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop the run within a step."""
        self._cancel.set()

    def __iter__(self) -> Iterator[Event]:
        try:
            while (event := self._events.get()) is not None:
                yield event
        except BaseException:  # also when the reader leaves early
            self._cancel.set()
            raise
        finally:
            self._thread.join()
            self._events.put(None)  # for whoever looks again
        if self._error:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[Event]:
        try:
            while (event := await asyncio.to_thread(self._events.get)) is not None:
                yield event
        except BaseException:
            self._cancel.set()
            raise
        finally:
            await asyncio.to_thread(self._thread.join)
            self._events.put(None)
        if self._error:
            raise self._error


class _Once:
    """A value made at the first call."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: Any = None

    def __call__(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made


def _default_folders() -> Folders:
    locations = Locations.find()
    inputs = (locations.data / "inputs",)
    return Folders(outputs=locations.outputs, cache=locations.cache, inputs=inputs, model_roots=locations.models)


def load(path: str | Path) -> Workflow:
    """Read a workflow file (YAML, JSON, or a PNG that the engine saved); raises WorkflowError with every problem."""
    return read_workflow(path)


def run(workflow: Workflow | str | Path, /, **inputs: Any) -> Result:
    """Run a workflow once on a new engine: `graph_engine.run("glide.yaml", prompt="a red circle", seed=7)`.

    For several runs make an `Engine`, which keeps models warm between them.
    """
    return Engine().run(workflow if isinstance(workflow, Workflow) else load(workflow), inputs)


async def arun(workflow: Workflow | str | Path, /, **inputs: Any) -> Result:
    """`run` for async code."""
    return await Engine().arun(workflow if isinstance(workflow, Workflow) else load(workflow), inputs)
