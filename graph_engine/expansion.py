"""Makes the nodes that take a node's place at run time: one per element of a mapped list, or a generated workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin

from graph_engine.calling import read_source
from graph_engine.checker import check
from graph_engine.errors import GraphEngineError
from graph_engine.graph import Const, Graph, GraphNode, InputRef, Ref, Source
from graph_engine.kinds import kind_of
from graph_engine.plugins import Registry
from graph_engine.workflow import InputDecl, Workflow

__all__ = ["Fragment", "expand", "expand_mapped"]

Values = Mapping[str, Mapping[str, Any]]
Nodes = Mapping[str, GraphNode]


@dataclass
class Fragment:
    """New nodes, and where the outputs of the node that they replace come from.

    `elements` holds, for each element of a map, the source of each output; a generated workflow has one element.
    """

    graphs: list[Graph]
    elements: list[dict[str, Any]]
    outputs: list[str]
    mapped: bool

    @property
    def nodes(self) -> list[GraphNode]:
        """The new nodes of all graphs."""
        return [node for graph in self.graphs for node in graph.nodes.values()]

    def needs(self) -> set[str]:
        """The nodes that must be there before the outputs can be gathered: theirs, and those that exist for effect."""
        needed = {name for graph in self.graphs for name in graph.default_targets()}
        for element in self.elements:
            for source in element.values():
                every = source if isinstance(source, tuple) else (source,)
                needed |= {one.node for one in every if isinstance(one, Ref)}
        return needed

    def gather(self, values: Values) -> dict[str, Any]:
        """The outputs of the replaced node."""
        if not self.mapped:
            return {name: read_source(source, values, {}) for name, source in self.elements[0].items()}
        return {name: [read_source(one[name], values, {}) for one in self.elements] for name in self.outputs}


def expand(
    node: GraphNode, workflow: Workflow, inputs: Mapping[str, Any], nodes: Nodes, registry: Registry
) -> Fragment:
    """The workflow that a node returned, its declared inputs standing for the node's own inputs."""
    if not isinstance(workflow, Workflow):
        raise TypeError(f"an Expansion holds a Workflow, found {type(workflow).__name__}")
    given = _given(node, workflow, node.links, inputs, nodes)
    graph = check(workflow, registry, given, f"{node.id}/")
    missing = [name for name in node.outputs if name not in graph.outputs]
    if missing:
        raise GraphEngineError(f"the workflow that {node.type} made has no output '{missing[0]}'")
    element = {name: graph.outputs[name] for name in node.outputs}
    return Fragment([graph], [element], list(node.outputs), mapped=False)


def expand_mapped(
    node: GraphNode, values: Values, inputs: Mapping[str, Any], nodes: Nodes, registry: Registry
) -> Fragment:
    """One node, or one copy of a sub-workflow, per element of the lists behind the `[*]`s, which are zipped."""
    lists = {name: read_source(node.links[name], values, inputs) for name in node.mapped}
    for name, items in lists.items():
        if not isinstance(items, list | tuple):
            raise GraphEngineError(f"input '{name}' is mapped by [*] and wants a list, found {type(items).__name__}")
    counts = {name: len(items) for name, items in lists.items()}
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise GraphEngineError(f"the lists behind [*] must be of one length: {shown}; cross them with core.cross")
    graphs, elements = [], []
    for index in range(next(iter(counts.values()))):
        links = {name: _element(source, index, lists.get(name)) for name, source in node.links.items()}
        if node.body is not None:
            given = _given(node, node.body, links, inputs, nodes)
            graph = check(node.body, registry, given, f"{node.id}[{index}]/")
            elements.append(dict(graph.outputs))
        else:
            graph = _single(node, index, links, inputs)
            elements.append({name: Ref(f"{node.id}[{index}]", name) for name in node.outputs})
        graphs.append(graph)
    return Fragment(graphs, elements, list(node.outputs), mapped=True)


def _element(source: Source, index: int, items: list[Any] | None) -> Source:
    """The link of one element: plain data becomes a value (so that its key is its content), a kind stays a link."""
    if items is None or isinstance(source, tuple):
        return source
    if isinstance(source, Ref) and kind_of(type(items[index])) is not None:
        return replace(source, each=False, item=index)
    return Const(items[index])


def _single(node: GraphNode, index: int, links: dict[str, Source], inputs: Mapping[str, Any]) -> Graph:
    name = f"{node.id}[{index}]"
    links = {key: _settled(source, inputs) for key, source in links.items()}
    constants = {key: source.value for key, source in links.items() if isinstance(source, Const)}
    links = {key: source for key, source in links.items() if key not in constants}
    outputs = {key: get_args(tp)[0] for key, tp in node.outputs.items()}
    one = replace(node, id=name, values={**node.values, **constants}, links=links, outputs=outputs, head=None)
    return Graph(Workflow({}), {name: one}, {}, {})


def _settled(source: Source, inputs: Mapping[str, Any]) -> Source:
    """Declared inputs have their values now."""
    if isinstance(source, tuple):
        return tuple(Const(inputs[one.name]) if isinstance(one, InputRef) else one for one in source)
    return Const(inputs[source.name]) if isinstance(source, InputRef) else source


def _given(
    node: GraphNode, workflow: Workflow, links: Mapping[str, Source], inputs: Mapping[str, Any], nodes: Nodes
) -> dict[str, tuple[Source, Any]]:
    """What the declared inputs of a sub-workflow stand for inside the running graph."""
    given: dict[str, tuple[Source, Any]] = {}
    for name, decl in workflow.inputs.items():
        if name in links:
            source = _settled(links[name], inputs)
            given[name] = (source, _type_of(source, nodes))
        elif name in node.values:
            given[name] = (Const(node.values[name]), Any)
        else:
            given[name] = (Const(_default(node, decl)), Any)
    return given


def _default(node: GraphNode, decl: InputDecl) -> Any:
    if decl.required:
        raise GraphEngineError(f"the workflow inside {node.type} wants an input '{decl.name}', which the node has not")
    return decl.default


def _type_of(source: Source, nodes: Nodes) -> Any:
    if not isinstance(source, Ref):
        return Any
    tp = nodes[source.node].outputs.get(source.output, Any)
    return get_args(tp)[0] if source.item is not None and get_origin(tp) is list else tp
