"""A workflow made to travel: sub-workflows from other files moved inside it, every node with its version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from graph_engine.errors import WorkflowError
from graph_engine.files import find_in_roots
from graph_engine.graph import Graph
from graph_engine.plugins import Registry
from graph_engine.sockets import split_optional
from graph_engine.workflow import INPUT_TYPES, NodeEntry, Workflow, read_workflow
from graph_engine.writer import to_data

__all__ = ["portable_data"]


def portable_data(graph: Graph, inputs: Mapping[str, Any], registry: Registry, *, ui: bool = False) -> dict[str, Any]:
    """The graph's workflow as JSON data that gives the same result alone: with these inputs as its defaults.

    ui: keep positions and notes, for a copy that somebody will go on editing.
    """
    workflow = graph.workflow
    plain = {name: value for name, value in inputs.items() if workflow.inputs[name].item_type in INPUT_TYPES}
    kept = {name: value for name, value in plain.items() if value is not None}
    return to_data(_Packer(registry).pack(workflow.with_defaults(kept)), ui=ui)


class _Packer:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.moved: dict[Path, str] = {}
        self.subgraphs: dict[str, Workflow] = {}

    def pack(self, workflow: Workflow) -> Workflow:
        self.subgraphs = dict(workflow.subgraphs)
        folder = workflow.source.parent if workflow.source else Path.cwd()
        for name, subgraph in workflow.subgraphs.items():
            self.subgraphs[name] = self._packed(subgraph, folder)
        nodes = {name: self._entry(entry, folder) for name, entry in workflow.nodes.items()}
        return replace(workflow, nodes=nodes, subgraphs=self.subgraphs)

    def _packed(self, workflow: Workflow, folder: Path) -> Workflow:
        nodes = {name: self._entry(entry, folder) for name, entry in workflow.nodes.items()}
        inner = {name: self._packed(one, folder) for name, one in workflow.subgraphs.items()}
        return replace(workflow, nodes=nodes, subgraphs=inner)

    def _entry(self, entry: NodeEntry, folder: Path) -> NodeEntry:
        spec = self.registry.nodes.get(entry.type)
        if spec is None:
            return replace(entry, type=self._reference(entry.type, folder))
        sockets = {name: split_optional(socket.type)[0] for name, socket in spec.inputs.items()}
        bodies = [name for name, value in entry.values.items() if sockets.get(name) is Workflow and value is not None]
        values = {**entry.values, **{name: self._reference(entry.values[name], folder) for name in bodies}}
        return replace(entry, values=values, version=entry.version or spec.version)

    def _reference(self, reference: str | Workflow, folder: Path) -> str:
        """`workflow:file`, or a workflow made in Python, becomes `subgraph:name`, its content moved in."""
        if isinstance(reference, Workflow):
            name = self._free_name(reference.title)
            self.subgraphs[name] = reference
            self.subgraphs[name] = self._packed(reference, folder)
            return f"subgraph:{name}"
        kind, _, name = reference.partition(":")
        if kind != "workflow":
            return reference
        try:
            path = find_in_roots(name, [folder, *self.registry.workflows])
            if path not in self.moved:
                self.moved[path] = self._free_name(path.stem)
                found = read_workflow(path)
                self.subgraphs[self.moved[path]] = self._packed(found, path.parent)
        except (OSError, WorkflowError):
            return reference
        return f"subgraph:{self.moved[path]}"

    def _free_name(self, stem: str) -> str:
        base = "".join(c if c.isalnum() or c in "_-" else "-" for c in stem) or "sub"
        base = base if base[0].isalpha() else f"sub-{base}"
        names = (base if n == 1 else f"{base}-{n}" for n in range(1, len(self.subgraphs) + 3))
        return next(name for name in names if name not in self.subgraphs)
