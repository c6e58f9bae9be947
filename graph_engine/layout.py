"""Lays a workflow out flat: finds each node's spec, puts sub-workflows in place, follows links to what they mean.

Sub-workflows that are not mapped disappear (their nodes get ids like `outer/inner`); those behind a `[*]` stay whole
and are laid out at run time, once per element.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from graph_engine.errors import Problem, WorkflowError, did_you_mean
from graph_engine.faces import Settler, leaves_all
from graph_engine.files import FileRefused, find_in_roots
from graph_engine.graph import Const, Graph, InputRef, Ref, Source
from graph_engine.kinds import kind_of
from graph_engine.node import Input, NodeSpec
from graph_engine.plugins import Registry
from graph_engine.sockets import convert
from graph_engine.upgrades import upgraded
from graph_engine.workflow import INPUT_TYPES, InputDecl, Link, NodeEntry, Workflow, read_workflow

__all__ = ["Draft", "Layout", "Scope"]

_MAX_NESTING = 32
_MAX_NODES = 100_000
_MAX_PASSED_ON = 100
Chain = tuple[tuple[str, ...], ...]
Prove = Callable[[Workflow, Registry, Chain], tuple[Graph, dict[str, Any], list[Problem]]]


@dataclass
class Draft:
    """A node whose inputs are not proved yet; `inputs` and `outputs` are None when its type is unknown."""

    id: str
    entry: NodeEntry
    scope: Scope
    spec: NodeSpec | None = None
    body: Workflow | None = None
    inputs: Mapping[str, Input] | None = None
    outputs: Mapping[str, Any] | None = None
    inside: dict[str, Graph] = field(default_factory=dict)


@dataclass
class Scope:
    """One workflow being laid out. `used_by` is the node it stands in for; None at the top."""

    workflow: Workflow
    prefix: str = ""
    chain: Chain = ()
    used_by: Draft | None = None
    inputs: dict[str, Source] = field(default_factory=dict)
    inlined: dict[str, Scope] = field(default_factory=dict)


class Layout:
    """The flat drafts of a workflow, with the problems found on the way."""

    def __init__(self, registry: Registry, prove: Prove, chain: Chain = ()) -> None:
        self.registry = registry
        self._prove = prove
        self.problems: list[Problem] = []
        self.drafts: dict[str, Draft] = {}
        self._chain = chain
        self._files: dict[Path, Workflow | list[Problem]] = {}
        self._scopes: list[Scope] = []
        self._passing: list[tuple[str, str]] = []
        self._count = 0
        self.left_out: dict[str, str] = {}
        self._settler: Settler | None = None

    @property
    def reads_files(self) -> bool:
        """True when sub-workflows came from other files, which may change."""
        return bool(self._files)

    def lay_out(self, workflow: Workflow, given: Mapping[str, Source], prefix: str) -> Scope:
        """Collect every node; `given` says what the declared inputs stand for."""
        if not leaves_all(workflow):
            self._settler = Settler(self.registry, self._body_quietly, self._type_quietly)
        top = Scope(workflow, prefix, self._chain)
        top.inputs = {name: given.get(name, InputRef(name)) for name in workflow.inputs}
        self._collect(top)
        return top

    def links_of(self, draft: Draft) -> Iterator[tuple[str, Source]]:
        """The inputs of a draft that are linked, with what each link means."""
        for name, link in draft.entry.links.items():
            source = self._source(draft, name, link)
            if source is not None:
                yield name, source

    def input_type(self, decl: InputDecl) -> Any:
        """The socket type of a declared input; Any when its type is not known (a problem then)."""
        if decl.item_type not in INPUT_TYPES and decl.item_type not in self.registry.kinds:
            known = [*INPUT_TYPES, *self.registry.kinds]
            hint = did_you_mean(decl.item_type, known)
            message = f"input '{decl.name}': type '{decl.item_type}' is not known.{hint} Known: {', '.join(known)}"
            self.problems.append(decl.place.problem(message, "type"))
            return Any
        return decl.python_type(self.registry.kinds)

    # Nodes ----------------------------------------------------------------------------------------------------------

    def _collect(self, scope: Scope) -> None:
        self._scopes.append(scope)
        if self._settler is not None:
            found = self._settler.settle(scope.workflow)
            scope.workflow = found.workflow
            self.left_out |= {scope.prefix + name: why for name, why in found.left_out.items()}
        for name, entry in scope.workflow.nodes.items():
            self._count += 1
            if self._count > _MAX_NODES:
                if self._count == _MAX_NODES + 1:
                    message = f"the sub-workflows together make more than {_MAX_NODES} nodes"
                    self.problems.append(entry.place.problem(message))
                return
            draft = Draft(scope.prefix + name, entry, scope)
            kind, _, rest = entry.type.partition(":")
            if kind in ("workflow", "subgraph") and rest:
                self._collect_sub_workflow(name, draft)
            else:
                self._find_spec(draft)
                self.drafts[draft.id] = draft

    def _find_spec(self, draft: Draft) -> None:
        entry, spec = draft.entry, self.registry.nodes.get(draft.entry.type)
        if spec is None:
            self.problems.append(entry.place.problem(self._unknown(entry.type), "node"))
            return
        try:
            draft.entry = upgraded(entry, spec)
        except ValueError as error:
            self.problems.append(entry.place.problem(f"node '{draft.id}': {error}"))
        draft.spec, draft.inputs = spec, spec.inputs
        draft.outputs = {output.name: output.type for output in spec.outputs}

    def _unknown(self, node_type: str) -> str:
        broken = self.registry.broken_pack(node_type)
        if broken:
            return f"unknown node '{node_type}': {broken}"
        hint = did_you_mean(node_type, self.registry.nodes)
        pack = node_type.partition(".")[0]
        if "." in node_type and pack not in {known.name for known in self.registry.packs}:
            hint += f" No plugin '{pack}' is installed; install the package that brings it"
        return f"unknown node '{node_type}'.{hint or ' `graph-engine nodes` lists what there is'}"

    def _collect_sub_workflow(self, name: str, draft: Draft) -> None:
        entry, scope = draft.entry, draft.scope
        body = self.find_body(entry.type, draft)
        if body is None:
            self.drafts[draft.id] = draft
            return
        chain = self._enter(body, entry.type, draft)
        if chain is None:
            self.drafts[draft.id] = draft
            return
        draft.inputs = {key: self._socket(decl) for key, decl in body.inputs.items()}
        if any(link.each for _, link in entry.each_link()):
            draft.body = body
            draft.outputs = self._prove_inside(draft, "", body, chain)
            self.drafts[draft.id] = draft
        else:
            inner = Scope(body, draft.id + "/", chain, draft)
            scope.inlined[name] = inner
            self._collect(inner)

    def _enter(self, body: Workflow, reference: str, draft: Draft) -> Chain | None:
        """The chain of sub-workflows down to `body`; None, and a problem, when `body` is in it already."""
        chain, place = draft.scope.chain, body.place
        me = (str(place.document.file) if place.document else "", reference, *map(str, place.path))
        if me in chain or len(chain) >= _MAX_NESTING:
            shown = " -> ".join([*(link[1] for link in chain), reference])
            self.problems.append(draft.entry.place.problem(f"a sub-workflow contains itself: {shown}", "node"))
            return None
        return (*chain, me)

    def _socket(self, decl: InputDecl) -> Input:
        tp = self.input_type(decl)
        if decl.choices is not None and decl.item_type in ("text", "choice"):
            choices: Any = Literal.__getitem__(decl.choices)
            tp = list[choices] if decl.is_list else choices
        return Input(decl.name, tp, decl.required, decl.default, decl.widgets, lazy=False, description=decl.description)

    def _prove_inside(self, draft: Draft, name: str, body: Workflow, chain: Chain) -> dict[str, Any]:
        """The output types of a workflow that is laid out at run time; its problems become this workflow's."""
        draft.inside[name], types, problems = self._prove(body, self.registry, chain)
        self.problems += problems
        return types

    def workflow_value(self, name: str, value: Any, draft: Draft) -> Workflow | None:
        """The workflow that is given to the input `name`: `subgraph:name`, `workflow:file`, or one made in Python."""
        body = value if isinstance(value, Workflow) else self.find_body(str(value), draft)
        chain = None if body is None else self._enter(body, str(value), draft)
        if body is None or chain is None:
            return None
        self._prove_inside(draft, name, body, chain)
        return body

    def find_body(self, reference: str, draft: Draft) -> Workflow | None:
        """The workflow that `subgraph:name` or `workflow:file` means; it sees the subgraphs around it."""
        workflow, place = draft.scope.workflow, draft.entry.place
        kind, _, name = reference.partition(":")
        if kind == "subgraph":
            found = workflow.subgraphs.get(name)
            if found is None:
                message = f"there is no subgraph '{name}' in this file.{did_you_mean(name, workflow.subgraphs)}"
                self.problems.append(place.problem(message, "node"))
                return None
            return replace(found, subgraphs={**workflow.subgraphs, **found.subgraphs}, source=workflow.source)
        if kind != "workflow":
            message = f"wants 'subgraph:name' or 'workflow:file.yaml', found '{reference}'"
            self.problems.append(place.problem(f"node '{draft.id}': {message}"))
            return None
        return self._read(name, draft)

    def _body_quietly(self, workflow: Workflow, entry: NodeEntry) -> Workflow | None:
        """`find_body` before it is known whether the node runs: what is wrong with it is told when it does."""
        kind, _, name = entry.type.partition(":")
        if kind not in ("workflow", "subgraph") or not name:
            return None
        count = len(self.problems)
        found = self.find_body(entry.type, Draft("", entry, Scope(workflow)))
        del self.problems[count:]
        return found

    def _type_quietly(self, decl: InputDecl) -> Any:
        count = len(self.problems)
        found = self.input_type(decl)
        del self.problems[count:]
        return found

    def _read(self, name: str, draft: Draft) -> Workflow | None:
        source = draft.scope.workflow.source
        try:
            path = find_in_roots(name, [source.parent if source else Path.cwd(), *self.registry.workflows])
        except (FileRefused, FileNotFoundError) as error:
            self.problems.append(draft.entry.place.problem(f"sub-workflow: {error}", "node"))
            return None
        if path not in self._files:
            try:
                self._files[path] = read_workflow(path)
            except WorkflowError as error:
                self._files[path] = error.problems
        found = self._files[path]
        if isinstance(found, Workflow):
            return found
        self.problems += found
        return None

    # Links ----------------------------------------------------------------------------------------------------------

    def _source(self, draft: Draft, name: str, link: Link | tuple[Link, ...]) -> Source | None:
        if isinstance(link, tuple):
            return tuple(one for one in (self._element(draft, name, each) for each in link) if one is not None)
        meant = self.find(draft.scope, link)
        if isinstance(meant, str):
            message = f"node '{draft.id}': input '{name}': {meant}"
            self.problems.append(draft.entry.place.problem(message, "from", name))
            return None
        if link.each and isinstance(meant, tuple):
            found = "stands for a list of links, which [*] cannot map over; make it one list with a node first"
            message = f"node '{draft.id}': input '{name}': '{link}' {found}"
            self.problems.append(draft.entry.place.problem(message, "from", name))
            return None
        return replace(meant, each=True) if link.each and not isinstance(meant, tuple) else meant

    def _element(self, draft: Draft, name: str, link: Link) -> Const | InputRef | Ref | None:
        """One link of a list of links."""
        meant = self._source(draft, name, link)
        if isinstance(meant, tuple) or link.each:
            found = "is a list itself, which cannot stand in a list of links; join the lists with a node first"
            message = f"node '{draft.id}': input '{name}': '{link}' {found}"
            self.problems.append(draft.entry.place.problem(message, "from", name))
            return None
        return meant

    def find(self, scope: Scope, link: Link) -> Source | str:
        """What a link means in a scope: a source, or a message about what is wrong with it."""
        if link.node == "inputs":
            return self._declared(scope, link.output or "")
        if link.node in scope.inlined:
            inner = scope.inlined[link.node]
            output = _pick(link, list(inner.workflow.outputs))
            return self.find(inner, inner.workflow.outputs[output]) if output in inner.workflow.outputs else output
        draft = self.drafts.get(scope.prefix + link.node)
        if draft is None:
            return f"there is no node '{link.node}'.{did_you_mean(link.node, scope.workflow.nodes)}"
        if draft.outputs is None:
            return Ref(draft.id, link.output or "?")
        output = _pick(link, list(draft.outputs))
        return Ref(draft.id, output) if output in draft.outputs else output

    def _declared(self, scope: Scope, name: str) -> Source | str:
        """What a declared input stands for: at the top itself, in a sub-workflow what its user linked to it."""
        decl = scope.workflow.inputs.get(name)
        if decl is None:
            known = ", ".join(scope.workflow.inputs) or "none"
            return f"no declared input '{name}'.{did_you_mean(name, scope.workflow.inputs)} Declared: {known}"
        user = scope.used_by
        if user is None:
            return scope.inputs[name]
        if name in user.entry.links:
            return self._passed_on(user, name)
        return self._written(user, name, decl)

    def _written(self, user: Draft, name: str, decl: InputDecl) -> Source:
        """The value that the user of a sub-workflow wrote, or its default; what is wrong is told at the user alone."""
        value = user.entry.values.get(name, decl.default)
        item = value[0] if isinstance(value, list) and value else value
        if kind_of(type(item)) is not None or (name not in user.entry.values and not decl.required):
            return Const(value)
        socket = (user.inputs or {})[name]
        try:
            return Const(convert(socket.type, value, socket.widgets))
        except ValueError:
            return Ref(user.id, "?")

    def _passed_on(self, user: Draft, name: str) -> Source | str:
        """What the user of a sub-workflow linked to its input `name`; sub-workflows can hand a link on in a ring."""
        me = (user.id, name)
        if me in self._passing:
            ring = [node for node, _ in self._passing[self._passing.index(me) :]]
            return f"the links form a cycle: {' -> '.join([*reversed(ring), ring[-1]])}"
        if len(self._passing) >= _MAX_PASSED_ON:
            return f"the link is passed on through more than {_MAX_PASSED_ON} sub-workflows"
        self._passing.append(me)
        try:
            found = self._source(user, name, user.entry.links[name])
        finally:
            self._passing.pop()
        return Ref(user.id, "?") if found is None else found  # a problem that is reported already

    def faces(self) -> Iterator[tuple[Draft, Scope]]:
        """Every sub-workflow that was put in place, with the node that it stands in for."""
        for scope in self._scopes:
            if scope.used_by is not None:
                yield scope.used_by, scope


def _pick(link: Link, names: list[str]) -> str:
    """The name of the output that a link means, or a message."""
    shown = ", ".join(f"{link.node}.{name}" for name in names) or "none"
    if link.output is None:
        return names[0] if len(names) == 1 else f"say which output of '{link.node}' you mean: {shown}"
    if link.output in names:
        return link.output
    return f"'{link.node}' has no output '{link.output}'.{did_you_mean(link.output, names)} Its outputs: {shown}"
