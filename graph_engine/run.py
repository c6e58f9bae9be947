"""Walks a plan: demand from the targets back, in-degree counters and a ready heap forward, O((N + E) log N).

Policy. A node is *demanded* when something needs its outputs; then it is loaded from the cache or, when that fails,
its own inputs are demanded and it waits for them. Plain nodes run one after the other in the thread that calls
`run`; `async def` nodes run together on an event loop in a second thread and report through an inbox. A value is kept
while a demanded node may still read it. A mapped node or an Expansion is replaced by new nodes and waits for them like
for inputs; then it gathers their outputs. Nothing here is recursive, and nothing is shared between runs but the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import queue
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from graph_engine import events
from graph_engine.cache import Cache
from graph_engine.calling import bind_arguments, take_outputs
from graph_engine.codec import NotStorable, digest
from graph_engine.errors import Cancelled, GraphEngineError, NodeFailure
from graph_engine.expansion import Fragment, expand, expand_mapped
from graph_engine.graph import GraphNode, InputRef, Ref
from graph_engine.loop_thread import Exit, LoopThread
from graph_engine.node import Expansion, Lazy
from graph_engine.plan import Plan, compute_keys, stale_value
from graph_engine.plugins import Registry
from graph_engine.result import ErrorReport, NodeReport, NodeState, Result

__all__ = ["Execution"]

Outputs = Mapping[str, Any]
_MAX_EXPANDED_NODES = 100_000


class Execution:
    """One run of one plan. `run` may be called once."""

    def __init__(
        self,
        plan: Plan,
        registry: Registry,
        cache: Cache | None,
        on_event: events.EventHandler | None = None,
        *,
        previews: bool = False,
        debug: bool = False,
    ) -> None:
        self.plan = plan
        self.registry = registry
        self.cache = cache
        self.context = plan.context
        self._on_event = on_event
        self._telling = threading.RLock()
        self.previews = previews
        self.debug = debug
        self.nodes: dict[str, GraphNode] = dict(plan.graph.nodes)
        self.order = {name: index for index, name in enumerate(self.nodes)}
        self.values: dict[str, Outputs] = {}
        self.states: dict[str, NodeState] = {}
        self.seconds: dict[str, float] = {}
        self._open: set[str] = set()
        self._waiting: dict[str, int] = {}
        self._users: dict[str, list[str]] = defaultdict(list)
        self._holds: Counter[str] = Counter()
        self._reserved: set[str] = set()
        self._ready: list[tuple[int, str]] = []
        self._fragments: dict[str, Fragment] = {}
        self._started: dict[str, float] = {}
        self._asked: dict[str, list[Future[Outputs]]] = defaultdict(list)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._loop: LoopThread | None = None

    def emit(self, event: events.Event) -> None:
        """Tell the listener, one event at a time although async nodes report from their own thread."""
        if self._on_event is not None:
            with self._telling:
                self._on_event(event)

    def run(self) -> Result:
        """Run to the targets; a failing node or a cancellation is in the result, not raised."""
        begun = time.perf_counter()
        cached = sum(state in {"memory", "disk"} for state in self.plan.states.values())
        self.emit(events.RunStarted(len(self.plan.to_run), cached))
        status: events.Status = "ok"
        error = None
        try:
            self._walk()
        except Cancelled:
            status = "cancelled"
        except NodeFailure as failure:
            status, error = "failed", _report(failure)
        finally:
            if self._loop:
                self._loop.stop()
        seconds = time.perf_counter() - begun
        self.emit(events.RunFinished(status, seconds))
        return Result(status, self._reports(), dict(self._outputs()), error, seconds)

    def _walk(self) -> None:
        for target in self.plan.targets:
            self._holds[target] += 1
            self._demand(target)
        while self._open:
            if self.context.cancel.is_set():
                raise Cancelled
            while not self._inbox.empty():
                self._inbox.get()()
            if self._ready:
                self._advance(heapq.heappop(self._ready)[1])
            else:
                self._wait()

    def _wait(self) -> None:
        """Nothing is ready: sleep until an async node reports, looking up now and then for a cancellation."""
        try:
            self._inbox.get(timeout=0.05)()
        except queue.Empty:
            if self._loop is None:
                raise GraphEngineError(f"the run is stuck waiting for {sorted(self._open)[:5]}") from None

    # Demand ---------------------------------------------------------------------------------------------------------

    def _demand(self, name: str) -> None:
        stack = [name]
        while stack:
            name = stack.pop()
            if name in self.values or name in self._open:
                continue
            node = self.nodes[name]
            if self._load(name):
                if name in self._reserved:
                    self._reserved.discard(name)
                    self._let_go(ref.node for ref in node.refs())
                continue
            self._open.add(name)
            needed = self._needs(node)
            self._wait_for(name, needed)
            stack += [other for other in needed if other not in self.values]
            self._hold(node)

    def _hold(self, node: GraphNode) -> None:
        """Keep what the node reads until it is done, and what its lazy inputs may come to read if it asks for them."""
        reserve = [node.id]
        while reserve:
            node = self.nodes[reserve.pop()]
            if node.id in self._reserved:
                continue
            self._reserved.add(node.id)
            for ref in node.refs():
                self._holds[ref.node] += 1
            asked = self._needs(node) if node.id not in self._open else set()
            asked |= {ref.node for ref in node.refs()} if node.lazy else set()
            reserve += [other for other in asked if self._may_run(other)]

    def _may_run(self, name: str) -> bool:
        return (
            name not in self._open and name not in self.states and self.plan.states.get(name) not in {"memory", "disk"}
        )

    def _needs(self, node: GraphNode) -> set[str]:
        """The nodes that must be there before this one can start."""
        lazy = node.lazy
        if not lazy:
            return {ref.node for ref in node.refs()}
        strict = {name: source for name, source in node.links.items() if name not in lazy}
        return {ref.node for ref in replace(node, links=strict).refs()}

    def _wait_for(self, name: str, needed: set[str]) -> None:
        missing = [other for other in needed if other not in self.values]
        self._waiting[name] = len(missing)
        for other in missing:
            self._users[other].append(name)
        if not missing:
            heapq.heappush(self._ready, (self.order[name], name))

    def _load(self, name: str) -> bool:
        """Take the outputs from the cache; False when they are not there or cannot be trusted."""
        if self.cache is None or name in self.plan.volatile or name in self.plan.stale:
            return False
        if self.plan.states.get(name) in {"run", "on demand"} and name not in self.states:
            return False
        found = self.cache.get(self.plan.keys[name])
        if found is None:
            return False
        outputs, source = found
        if stale_value(outputs) or not self.nodes[name].outputs.keys() <= outputs.keys():
            return False  # an output is missing where a node got a new one without a new version
        planned = self.plan.states.get(name)
        source = planned if planned in {"memory", "disk"} else source  # planning may have read it into memory
        self.states.setdefault(name, source)
        self.emit(events.NodeCached(name, source))
        self._publish(name, outputs)
        return True

    # Running --------------------------------------------------------------------------------------------------------

    def _advance(self, name: str) -> None:
        node = self.nodes[name]
        if name not in self._fragments:
            self._started[name] = time.perf_counter()
            self.emit(events.NodeStarted(name, node.type))
        try:
            if name in self._fragments:
                fragment = self._fragments.pop(name)
                self._finish(name, fragment.gather(self.values))
                self._let_go(fragment.needs())
                return
            if node.mapped:
                self._adopt(name, expand_mapped(node, self.values, self.plan.inputs, self.nodes, self.registry))
                return
            assert node.spec is not None
            arguments = bind_arguments(node, self.values, self.plan.inputs, self._lazy, self.context_for(name))
            if node.spec.is_async:
                self._start_async(name, node, arguments)
                return
            before = self._digests(arguments)
            returned = node.spec.function(**arguments)
            self._check_unchanged(node, before, arguments)
            self._take(name, node, returned)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a node raises is that node's failure
            self._fail(name, error)

    def context_for(self, name: str) -> Any:
        """The context of one node: the run's, with the node's own progress, previews and warnings."""

        def make() -> Any:
            return replace(
                self.context,
                node=name,
                on_progress=lambda step, total: self.emit(events.NodeProgress(name, step, total)),
                on_preview=(lambda value: self.emit(events.NodePreview(name, value))) if self.previews else None,
                on_warning=lambda message: self.emit(events.RunWarning(message, name)),
            )

        return make

    def _take(self, name: str, node: GraphNode, returned: Any) -> None:
        assert node.spec is not None
        if isinstance(returned, Expansion):
            self._adopt(name, expand(node, returned.workflow, self.plan.inputs, self.nodes, self.registry))
        else:
            self._finish(name, take_outputs(node.spec, returned))

    def _adopt(self, name: str, fragment: Fragment) -> None:
        """Put a fragment's nodes into the run; `name` waits for them."""
        if len(self.nodes) + len(fragment.nodes) > _MAX_EXPANDED_NODES:
            raise GraphEngineError(f"expanding makes more than {_MAX_EXPANDED_NODES} nodes; is a loop without an end?")
        for graph in fragment.graphs:
            compute_keys(replace(self.plan, graph=graph, inputs={}))
        for inner in fragment.nodes:
            self.order[inner.id] = len(self.order)
            self.nodes[inner.id] = inner
        self.emit(events.NodeExpanded(name, tuple(inner.id for inner in fragment.nodes)))
        self._fragments[name] = fragment
        needed = fragment.needs()
        for other in needed:
            self._holds[other] += 1
        for other in sorted(needed, key=self.order.__getitem__, reverse=True):
            self._demand(other)
        self._wait_for(name, needed)

    def _finish(self, name: str, outputs: Outputs) -> None:
        self.seconds[name] = time.perf_counter() - self._started[name]
        self.states[name] = "ran"
        if self.cache is not None and name not in self.plan.volatile:
            self.cache.put(self.plan.keys[name], outputs, lambda message: self.emit(events.RunWarning(message, name)))
        self.emit(events.NodeFinished(name, self.seconds[name]))
        self._open.discard(name)
        self._reserved.discard(name)
        self._let_go(ref.node for ref in self.nodes[name].refs())
        self._publish(name, outputs)

    def _publish(self, name: str, outputs: Outputs) -> None:
        """Outputs are there: wake whoever waits, and keep them only if somebody may still read them."""
        if self._holds[name] > 0 or name in self._asked:
            self.values[name] = outputs
        for user in self._users.pop(name, ()):
            self._waiting[user] -= 1
            if self._waiting[user] == 0:
                heapq.heappush(self._ready, (self.order[user], user))
        for future in self._asked.pop(name, ()):
            future.set_result(outputs)

    def _let_go(self, names: Iterable[str]) -> None:
        for other in names:
            self._holds[other] -= 1
            if self._holds[other] <= 0:
                self.values.pop(other, None)

    # Async nodes ----------------------------------------------------------------------------------------------------

    def _start_async(self, name: str, node: GraphNode, arguments: dict[str, Any]) -> None:
        assert node.spec is not None
        if self._loop is None:
            self._loop = LoopThread()
        function = node.spec.function
        before = self._digests(arguments)

        def finish(future: Future[Any]) -> None:
            try:
                returned = future.result()
                if isinstance(returned, Exit):
                    raise returned.error
                self._check_unchanged(node, before, arguments)
                self._take(name, node, returned)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a node raises is that node's failure
                self._fail(name, error)

        def done(future: Future[Any]) -> None:
            self._inbox.put(lambda: finish(future))

        self._loop.submit(lambda: function(**arguments)).add_done_callback(done)

    def _lazy(self, read: Callable[[Mapping[str, Outputs]], Any], refs: list[Ref]) -> Lazy[Any]:
        """An input that is demanded when the node awaits it."""

        async def ask() -> Any:
            futures: dict[str, Future[Outputs]] = {ref.node: Future() for ref in refs}
            self._inbox.put(lambda: self._answer(futures))
            found = {name: await asyncio.wrap_future(future) for name, future in futures.items()}
            return read(found)

        return Lazy(ask)

    def _answer(self, futures: Mapping[str, Future[Outputs]]) -> None:
        for name, future in futures.items():
            if name in self.values:
                future.set_result(self.values[name])
            else:
                self._asked[name].append(future)
                self._demand(name)

    # Ends -----------------------------------------------------------------------------------------------------------

    def _fail(self, name: str, error: BaseException) -> None:
        if isinstance(error, Cancelled | NodeFailure):
            raise error
        self.states[name] = "failed"
        self.seconds[name] = time.perf_counter() - self._started[name]
        node = self.nodes[name]
        failure = NodeFailure(name, node.type, error, str(node.place) or None)
        self.emit(events.NodeFailed(name, failure.message))
        raise failure from error

    def _digests(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        if not self.debug:
            return {}
        digests = {}
        for name, value in arguments.items():
            with contextlib.suppress(NotStorable):  # the context, lazy inputs, workflows
                digests[name] = digest(value)
        return digests

    def _check_unchanged(self, node: GraphNode, before: Mapping[str, str], arguments: Mapping[str, Any]) -> None:
        for name, old in before.items():
            if digest(arguments[name]) != old:
                if self.cache is not None:
                    for ref in node.refs():
                        self.cache.forget(self.plan.keys[ref.node])  # spoilt in memory, still right on disk
                raise GraphEngineError(f"the node wrote into its input '{name}'; work on a copy (value.clone())")

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        for name, source in self.plan.graph.outputs.items():
            if isinstance(source, Ref):
                if source.node in self.values:
                    yield name, self.values[source.node][source.output]
            elif isinstance(source, InputRef):
                yield name, self.plan.inputs[source.name]
            else:
                yield name, source.value

    def _reports(self) -> dict[str, NodeReport]:
        reports = {}
        for name in self.nodes:
            planned = self.plan.states.get(name)
            state = self.states.get(name) or (planned if planned in {"memory", "disk"} else "skipped")
            reports[name] = NodeReport(state, round(self.seconds.get(name, 0.0), 6))
        return reports


def _report(failure: NodeFailure) -> ErrorReport:
    text = "".join(traceback.format_exception(failure.__cause__)) if failure.__cause__ else ""
    return ErrorReport(failure.node, failure.error_type, failure.message, failure.where, text)
