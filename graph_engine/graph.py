"""A workflow whose links are proved: nodes in an order in which each comes after what it needs.

`check` (module `checker`) makes a Graph from a Workflow; everything after it (plan, run, draw) works on Graphs alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from graph_engine.kinds import kind_of
from graph_engine.node import NodeSpec
from graph_engine.sockets import split_optional
from graph_engine.workflow import InputDecl, Place, Workflow

__all__ = [
    "Const",
    "Graph",
    "GraphNode",
    "InputRef",
    "Ref",
    "Source",
    "find_cycle",
    "stands_for_something",
    "topological_order",
]


@dataclass(frozen=True, slots=True)
class Const:
    """A value that is known before anything runs; `each` is the `[*]` of the link that brought it."""

    value: Any
    each: bool = False


@dataclass(frozen=True, slots=True)
class InputRef:
    """A declared input of the workflow, whose value a run gives."""

    name: str
    each: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """An output of another node; `each` maps over it, `item` takes one element of it."""

    node: str
    output: str
    each: bool = False
    item: int | None = None


Source = Const | InputRef | Ref | tuple[Const | InputRef | Ref, ...]


@dataclass(slots=True)
class GraphNode:
    """One node, ready to be keyed and run.

    `spec` is None for a sub-workflow that is run once per element (`body` holds it then). `values` are the inputs
    known from the file, defaults included; `links` are the others. `inside` holds the proved graphs of the workflows
    that will take the node's place: of its body under `""`, of workflows given as values under the input's name.
    """

    id: str
    type: str
    spec: NodeSpec | None
    body: Workflow | None
    values: dict[str, Any]
    links: dict[str, Source]
    outputs: dict[str, Any]
    place: Place
    inside: dict[str, Graph] = field(default_factory=dict)
    head: str | None = None

    def refs(self) -> Iterator[Ref]:
        """Every output of other nodes that this node is linked to."""
        for source in self.links.values():
            for one in source if isinstance(source, tuple) else (source,):
                if isinstance(one, Ref):
                    yield one

    @property
    def mapped(self) -> tuple[str, ...]:
        """The inputs that the node is mapped over, by `[*]`."""
        return tuple(name for name, source in self.links.items() if not isinstance(source, tuple) and source.each)

    @property
    def is_for_effect(self) -> bool:
        """True when all that the node gives stands for something outside (saved files), or it gives nothing."""
        return all(stands_for_something(tp) for tp in self.outputs.values())

    @property
    def lazy(self) -> frozenset[str]:
        """The inputs that are computed only when the node asks."""
        if self.spec is None or self.mapped:
            return frozenset()
        return frozenset(name for name, socket in self.spec.inputs.items() if socket.lazy)


@dataclass(slots=True)
class Graph:
    """Checked nodes by id, in topological order, with the workflow's public face.

    left_out: the nodes that are muted, bypassed, or cannot do without one that is, and why.
    """

    workflow: Workflow
    nodes: dict[str, GraphNode]
    outputs: dict[str, Ref | Const | InputRef]
    inputs: Mapping[str, InputDecl]
    input_types: Mapping[str, Any] = field(default_factory=dict)
    reads_files: bool = False
    left_out: Mapping[str, str] = field(default_factory=dict)

    def default_targets(self) -> list[str]:
        """The nodes that a run is for: those of the declared outputs, and those that exist for their effect.

        With no declared outputs, every node that nothing else uses.
        """
        used = {ref.node for node in self.nodes.values() for ref in node.refs()}
        wanted = {ref.node for ref in self.outputs.values() if isinstance(ref, Ref)}
        return [
            name
            for name, node in self.nodes.items()
            if name in wanted or (name not in used and (not self.outputs or node.is_for_effect))
        ]


def stands_for_something(tp: Any) -> bool:
    """True for kinds, and lists of kinds, whose values stand for something outside that may go away."""
    tp, _ = split_optional(tp)
    while get_origin(tp) is list:
        tp, _ = split_optional(get_args(tp)[0])
    found = kind_of(tp)
    return found is not None and found.is_current is not None


def topological_order(needs: Mapping[str, set[str]]) -> tuple[list[str], list[str]]:
    """Kahn's algorithm, O(N + E): the order (ties in the file's order), and what is left over in or behind cycles."""
    waiting = {name: len(before) for name, before in needs.items()}
    users: dict[str, list[str]] = {name: [] for name in needs}
    for name, before in needs.items():
        for other in before:
            users[other].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    for name in ready:  # grows while it is walked
        for user in users[name]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    return ready, [name for name, count in waiting.items() if count > 0]


def find_cycle(needs: Mapping[str, set[str]], inside: list[str]) -> list[str]:
    """The nodes of one cycle among `inside`, in the direction of the links, the first one again at the end."""
    import networkx

    left = set(inside)
    graph = networkx.DiGraph((other, name) for name in inside for other in needs[name] if other in left)
    edges = networkx.find_cycle(graph)
    return [str(edge[0]) for edge in edges] + [str(edges[0][0])]
