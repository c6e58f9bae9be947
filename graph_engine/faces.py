"""The sockets of nodes before anything is laid out, which is what is needed to leave nodes out (see `modes`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from graph_engine.modes import Face, Settled, settle
from graph_engine.plugins import Registry
from graph_engine.upgrades import upgraded
from graph_engine.workflow import InputDecl, Link, NodeEntry, Workflow

__all__ = ["Settler", "leaves_all"]

_MAX_NESTING = 32
BodyOf = Callable[[Workflow, NodeEntry], Workflow | None]
"""The workflow that a node `subgraph:name` or `workflow:file` of another one means; None when there is none."""


def leaves_all(workflow: Workflow) -> bool:
    """Whether no node of the workflow or its subgraphs is muted or bypassed, and no file is named that has such."""
    parts = [workflow]
    for part in parts:  # grows while it is walked
        if any(entry.mode or entry.type.startswith("workflow:") for entry in part.nodes.values()):
            return False
        parts += part.subgraphs.values()
    return True


class Settler:
    """Settles a workflow and those inside it, each once, however often it is used."""

    def __init__(self, registry: Registry, body_of: BodyOf, type_of: Callable[[InputDecl], Any]) -> None:
        self._registry, self._body_of, self._type_of = registry, body_of, type_of
        self._known: dict[tuple[int, ...], Settled] = {}
        self._open: set[tuple[int, ...]] = set()

    def settle(self, workflow: Workflow) -> Settled:
        """The workflow without what does not run."""
        me = (id(workflow.nodes), *map(id, workflow.subgraphs.values()))
        if me in self._open or len(self._open) >= _MAX_NESTING:  # it contains itself, which laying out reports
            return Settled(workflow)
        if me not in self._known:
            self._open.add(me)
            try:
                self._known[me] = settle(workflow, lambda entry: self._face(workflow, entry))
            finally:
                self._open.remove(me)
        return self._known[me]

    def _face(self, workflow: Workflow, entry: NodeEntry) -> Face | None:
        spec = self._registry.nodes.get(entry.type)
        if spec is not None:
            with suppress(ValueError):  # which laying out reports
                entry = upgraded(entry, spec)
            inputs = {name: socket.type for name, socket in spec.inputs.items()}
            optional = frozenset(name for name, socket in spec.inputs.items() if not socket.required)
            return Face(entry, inputs, optional, {output.name: output.type for output in spec.outputs})
        body = self._body_of(workflow, entry)
        if body is None:
            return None
        inputs = {name: self._type_of(decl) for name, decl in body.inputs.items()}
        optional = frozenset(name for name, decl in body.inputs.items() if not decl.required)
        found = self.settle(body)
        outputs = {name: self._type_at(found.workflow, link) for name, link in found.workflow.outputs.items()}
        return Face(entry, inputs, optional, outputs, found.lost)

    def _type_at(self, workflow: Workflow, link: Link) -> Any:
        """The type of what a link inside a sub-workflow leads to; Any when it is not known before it is laid out."""
        if link.node == "inputs":
            decl = workflow.inputs.get(link.output or "")
            return self._type_of(decl) if decl else Any
        entry = workflow.nodes.get(link.node)
        face = self._face(workflow, entry) if entry else None
        if entry is None or face is None:
            return Any
        tp = face.outputs.get(link.output or next(iter(face.outputs), ""), Any)
        return list[tp] if any(one.each for _, one in entry.each_link()) else tp  # type: ignore[valid-type]
