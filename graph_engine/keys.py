"""Recipe keys: what a node's outputs depend on, hashed. Known before anything runs, equal in every process.

key = blake2b(canonical JSON of [scheme, node id, version, values, links, device class, fingerprint, inside]), where a
link is [upstream key, output, element] - a Merkle tree, so each node is hashed once - and `inside` holds the digests
of the workflows that will take the node's place. Titles, positions and ids are not in it.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from graph_engine.codec import canonical, digest
from graph_engine.graph import Const, Graph, GraphNode, InputRef, Ref, Source
from graph_engine.kinds import kind_of
from graph_engine.workflow import Workflow

__all__ = ["SCHEME", "Unknown", "canonical_value", "graph_digest", "node_key", "values_of"]

SCHEME = 1


class Unknown(dict[str, str]):
    """Stands for the value of a declared input of a workflow that is not running yet."""

    def __init__(self, name: str) -> None:
        super().__init__({"$input": name})


def canonical_value(value: Any) -> Any:
    """A value as it stands in a key: plain data as it is, a kind as its content's digest, a workflow by `inside`."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Workflow):
        return {"$workflow": ""}
    if kind_of(type(value)) is not None:
        return {"$digest": digest(value)}
    if isinstance(value, list | tuple):
        return [canonical_value(item) for item in value]
    return value


def values_of(node: GraphNode, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every input of the node whose value is known: from the file, from defaults, from the run's inputs."""
    values = dict(node.values)
    for name, source in node.links.items():
        if isinstance(source, InputRef):
            values[name] = inputs[source.name]
        elif isinstance(source, Const):
            values[name] = source.value
    return values


def _identity(node: GraphNode, inputs: Mapping[str, Any]) -> str:
    """The part of the key that needs no other node; remembered when it cannot change between runs."""
    if node.head is not None:
        return node.head
    who: list[Any] = [SCHEME, node.spec.id, node.spec.version] if node.spec else [SCHEME, "workflow", 0]
    values = {name: canonical_value(value) for name, value in values_of(node, inputs).items()}
    head = canonical([*who, values, sorted(node.mapped)])
    if not any(isinstance(source, InputRef) for source in node.links.values()):
        node.head = head
    return head


def node_key(
    node: GraphNode,
    inputs: Mapping[str, Any],
    keys: Mapping[str, str],
    device: str,
    fingerprint: Any = None,
    inside: Mapping[str, str] | None = None,
) -> str:
    """The key of `node` when the keys of all that it links to are in `keys`.

    device: the device class, which counts only for nodes whose outputs depend on it. inside: digests of `node.inside`.
    """
    links = []
    for name in sorted(node.links):
        source = node.links[name]
        if isinstance(source, Ref):
            links.append(f'"{name}":["{keys[source.node]}","{source.output}",{json.dumps(source.item)}]')
        elif isinstance(source, tuple):
            links.append(f'"{name}":[{",".join(_item(one, inputs, keys) for one in source)}]')
    exact = node.spec is None or node.spec.determinism == "exact"
    end = "" if exact and fingerprint is None else canonical([None if exact else device, fingerprint])
    if inside:
        end += canonical(inside)
    text = f"{_identity(node, inputs)}{{{','.join(links)}}}{end}"
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def graph_digest(graph: Graph, keys: Mapping[str, str]) -> str:
    """What the outputs of a workflow depend on beside its inputs, given the keys of its nodes for unknown inputs."""

    def shown(source: Source) -> Any:
        if isinstance(source, tuple):
            return [shown(one) for one in source]
        if isinstance(source, Ref):
            return [keys[source.node], source.output]
        return Unknown(source.name) if isinstance(source, InputRef) else {"value": canonical_value(source.value)}

    outputs = {name: shown(source) for name, source in graph.outputs.items()}
    defaults = {name: canonical_value(decl.default) for name, decl in graph.inputs.items()}
    effects = sorted(keys[name] for name in graph.default_targets())
    return hashlib.blake2b(canonical([outputs, defaults, effects]).encode(), digest_size=32).hexdigest()


def _item(source: Const | InputRef | Ref, inputs: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """One link of a list input."""
    if isinstance(source, Ref):
        return f'["{keys[source.node]}","{source.output}",{json.dumps(source.item)}]'
    value = inputs[source.name] if isinstance(source, InputRef) else source.value
    return canonical({"value": canonical_value(value)})
