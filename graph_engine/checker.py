"""Proves a workflow: every node known, every link right, every value in range. Reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar, get_args, get_origin

from graph_engine.errors import Problem, WorkflowError, did_you_mean
from graph_engine.graph import Const, Graph, GraphNode, InputRef, Ref, Source, find_cycle, topological_order
from graph_engine.kinds import kind_of
from graph_engine.layout import Chain, Draft, Layout, Scope
from graph_engine.node import Input
from graph_engine.plugins import Registry
from graph_engine.sockets import accepts, convert, only_by_link, split_optional, substitute, type_name
from graph_engine.workflow import Link, Workflow

__all__ = ["check", "prove"]


def check(
    workflow: Workflow, registry: Registry, given: Mapping[str, tuple[Source, Any]] | None = None, prefix: str = ""
) -> Graph:
    """A Graph, or WorkflowError with every problem.

    When the workflow becomes part of a running graph, `given` says what its declared inputs stand for (the source and
    its type) and `prefix` comes before the ids of its nodes.
    """
    checker = _Checker(registry)
    graph = checker.graph(workflow, given or {}, prefix)
    if not (prefix or graph.nodes or graph.outputs or checker.problems) and graph.left_out:
        said = "; ".join(f"'{name}' {why}" for name, why in list(graph.left_out.items())[:3])
        message = f"nothing is left to run: {said}; take the mode of a node away"
        checker.problems.append(workflow.place.problem(message, "nodes"))
    if checker.problems:
        raise WorkflowError(_in_file_order(checker.problems))
    return graph


def prove(workflow: Workflow, registry: Registry, chain: Chain) -> tuple[Graph, dict[str, Any], list[Problem]]:
    """A sub-workflow's graph, the types of its outputs, and its problems."""
    checker = _Checker(registry, chain)
    graph = checker.graph(workflow, {})
    return graph, {name: checker.type_of(source) for name, source in graph.outputs.items()}, checker.problems


def _in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file or "", problem.line or 0))


class _Checker:
    def __init__(self, registry: Registry, chain: Chain = ()) -> None:
        self.registry = registry
        self.layout = Layout(registry, prove, chain)
        self.problems = self.layout.problems
        self.types: dict[str, dict[str, Any]] = {}
        self.input_types: dict[str, Any] = {}

    def graph(self, workflow: Workflow, given: Mapping[str, tuple[Source, Any]], prefix: str = "") -> Graph:
        for name, decl in workflow.inputs.items():
            source, tp = given.get(name, (None, self.layout.input_type(decl)))
            self.input_types[name] = tp
            if isinstance(source, Ref):
                self.types.setdefault(source.node, {})[source.output] = tp
        top = self.layout.lay_out(workflow, {name: source for name, (source, _) in given.items()}, prefix)
        drafts = self.layout.drafts
        links = {name: dict(self.layout.links_of(draft)) for name, draft in drafts.items()}
        for user, scope in self.layout.faces():
            self._check_face(user, scope)
        nodes = {name: self._node(drafts[name], links[name]) for name in self._order(links)}
        reads_files = self.layout.reads_files or any(
            inner.reads_files for node in nodes.values() for inner in node.inside.values()
        )
        return Graph(
            workflow,
            nodes,
            dict(self._outputs(top)),
            workflow.inputs,
            self.input_types,
            reads_files,
            self.layout.left_out,
        )

    def _order(self, links: Mapping[str, dict[str, Source]]) -> list[str]:
        needs = {name: {ref.node for ref in _refs(sources) if ref.node in links} for name, sources in links.items()}
        order, left = topological_order(needs)
        if left:
            cycle = find_cycle(needs, left)
            places = [self.layout.drafts[name].entry.place for name in cycle]
            first = min(places, key=lambda place: place.problem("").line or 0)
            shown = cycle if len(cycle) <= 12 else [*cycle[:6], f"... {len(cycle) - 12} more ...", *cycle[-6:]]
            self.problems.append(first.problem(f"the links form a cycle: {' -> '.join(shown)}"))
        return order + left

    def _outputs(self, top: Scope) -> Iterator[tuple[str, Any]]:
        for name, link in top.workflow.outputs.items():
            found = self.layout.find(top, link)
            if isinstance(found, str):
                self.problems.append(top.workflow.place.problem(f"output '{name}': {found}", "outputs", name))
            else:
                yield name, found

    # Nodes ----------------------------------------------------------------------------------------------------------

    def _node(self, draft: Draft, links: dict[str, Source]) -> GraphNode:
        bound: dict[TypeVar, Any] = {}
        values: dict[str, Any] = {}
        inputs = draft.inputs or {}
        if draft.inputs is not None:
            self._report_unknown_inputs(draft)
        for name, socket in inputs.items():
            source = links.get(name)
            if isinstance(source, Const):
                value = self._constant(draft, socket, source)
                links[name] = Const(value, each=True)
                if not source.each:
                    values[name] = value
                    del links[name]
            elif source is not None:
                self._check_link(draft, socket, source, bound)
            elif name in draft.entry.values:
                values[name] = self._value(draft, socket, draft.entry.values[name], "with")
            elif not socket.required:
                values[name] = socket.default
            elif name not in draft.entry.links:
                self._report_missing(draft, socket)
        outputs = {name: substitute(tp, bound) for name, tp in (draft.outputs or {}).items()}
        links = {name: source for name, source in links.items() if name in inputs}
        place, node_type = draft.entry.place, draft.entry.type
        node = GraphNode(draft.id, node_type, draft.spec, draft.body, values, links, outputs, place, draft.inside)
        if node.mapped:
            node.outputs = {name: list[tp] for name, tp in outputs.items()}  # type: ignore[valid-type]
        self.types[draft.id] = node.outputs
        return node

    def _check_face(self, user: Draft, scope: Scope) -> None:
        """What a sub-workflow's user gives to its declared inputs."""
        self._report_unknown_inputs(user)
        for name, socket in (user.inputs or {}).items():
            if name in user.entry.values:
                self._value(user, socket, user.entry.values[name], "with")
            elif socket.required and name not in user.entry.links:
                self._report_missing(user, socket)
        for name, _ in user.entry.each_link():
            if name in scope.workflow.inputs:
                self.layout.find(scope, Link("inputs", name))

    def _report_unknown_inputs(self, draft: Draft) -> None:
        known = draft.inputs or {}
        for section, names in (("with", draft.entry.values), ("from", draft.entry.links)):
            for name in names:
                if name not in known:
                    message = f"node '{draft.id}': {draft.entry.type} has no input '{name}'.{did_you_mean(name, known)}"
                    inputs = ", ".join(known) or "none"
                    self.problems.append(draft.entry.place.problem(f"{message} Its inputs: {inputs}", section, name))

    def _report_missing(self, draft: Draft, socket: Input) -> None:
        message = f"node '{draft.id}': input '{socket.name}' ({type_name(socket.type)}) is missing"
        self.problems.append(draft.entry.place.problem(f"{message}.{self._offers(draft, socket.type)}"))

    def _offers(self, draft: Draft, wanted: Any) -> str:
        """Which outputs in the same workflow would fit."""
        if not only_by_link(wanted) and get_origin(wanted) is not list:
            return " Give it a value under 'with' or a link under 'from'"
        fitting = []
        for other in self.layout.drafts.values():
            if other.scope is draft.scope and other is not draft:
                outputs = other.outputs or {}
                local = other.id.removeprefix(draft.scope.prefix)
                names = [name for name, tp in outputs.items() if tp is not Any and accepts(wanted, tp, {})]
                fitting += [local if len(outputs) == 1 else f"{local}.{name}" for name in names]
        kind = type_name(wanted)
        return f" Outputs of type {kind} here: {', '.join(fitting[:6])}" if fitting else f" Nothing here gives {kind}"

    # Links ----------------------------------------------------------------------------------------------------------

    def type_of(self, source: Any) -> Any:
        """The type that a source gives, before any `[*]`."""
        if isinstance(source, InputRef):
            return self.input_types.get(source.name, Any)
        if isinstance(source, Ref):
            return self.types.get(source.node, {}).get(source.output, Any)
        return Any

    def _check_link(self, draft: Draft, socket: Input, source: Source, bound: dict[TypeVar, Any]) -> None:
        link = draft.entry.links[socket.name]
        if not isinstance(source, tuple):
            self._check_one(draft, socket, source, bound, str(link))
            return
        wanted, _ = split_optional(socket.type)
        if get_origin(wanted) is not list:
            message = f"input '{socket.name}' takes one {type_name(wanted)}, found a list of {len(source)} links"
            self._report_link(draft, socket, message)
            return
        item = replace(socket, type=get_args(wanted)[0])
        for index, one in enumerate(source):
            shown = str(link[index]) if isinstance(link, tuple) and index < len(link) else str(link)
            self._check_one(draft, item, one, bound, shown)

    def _check_one(self, draft: Draft, socket: Input, source: Any, bound: dict[TypeVar, Any], shown: str) -> None:
        if isinstance(source, Const):
            self._constant(draft, socket, source)
            return
        given = self.type_of(source)
        if source.each and given is not Any:
            if get_origin(given) is not list:
                message = f"'{shown}' needs a list, but {shown.removesuffix('[*]')} gives {type_name(given)}"
                self._report_link(draft, socket, f"input '{socket.name}': {message}; remove the [*]")
                return
            given = get_args(given)[0]
        if not accepts(socket.type, given, bound):
            message = f"input '{socket.name}' wants {type_name(socket.type)}, but '{shown}' gives {type_name(given)}."
            self._report_link(draft, socket, message + self._advice(draft, socket.type, given, shown))

    def _constant(self, draft: Draft, socket: Input, source: Const) -> Any:
        """The value that a sub-workflow's user wrote for a declared input, as this socket wants it."""
        wanted = list[socket.type] if source.each else socket.type  # type: ignore[name-defined]
        return self._value(draft, replace(socket, type=wanted), source.value, "from")

    def _advice(self, draft: Draft, wanted: Any, given: Any, shown: str) -> str:
        if get_origin(given) is list and accepts(wanted, get_args(given)[0], {}):
            return f" Write '{shown}[*]' to run this node once per element"
        if get_origin(wanted) is list and accepts(get_args(wanted)[0], given, {}):
            return f" Write [{shown}] to make a list of one"
        return self._offers(draft, wanted)

    def _report_link(self, draft: Draft, socket: Input, message: str) -> None:
        self.problems.append(draft.entry.place.problem(f"node '{draft.id}': {message}", "from", socket.name))

    def _value(self, draft: Draft, socket: Input, value: Any, section: str) -> Any:
        if split_optional(socket.type)[0] is Workflow and value is not None:
            return self.layout.workflow_value(socket.name, value, draft)
        item = value[0] if isinstance(value, list) and value else value
        try:
            if kind_of(type(item)) is not None:  # known only in a running graph
                given = type(value) if item is value else list[type(item)]  # type: ignore[misc]
                if not accepts(socket.type, given, {}):
                    raise ValueError(f"wants {type_name(socket.type)}, found {type_name(given)}")
                return value
            return convert(socket.type, value, socket.widgets)
        except ValueError as error:
            message = f"node '{draft.id}': input '{socket.name}' {error}"
            self.problems.append(draft.entry.place.problem(message, section, socket.name))
            return None


def _refs(sources: Mapping[str, Source]) -> Iterator[Ref]:
    for source in sources.values():
        yield from (one for one in (source if isinstance(source, tuple) else (source,)) if isinstance(one, Ref))
