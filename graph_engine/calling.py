"""Between a run and a node's Python function: arguments from links and values, outputs from what it returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from graph_engine.graph import Const, GraphNode, InputRef, Ref
from graph_engine.kinds import kind_of
from graph_engine.node import Input, NodeSpec
from graph_engine.sockets import choices_of, convert, split_optional, type_name

__all__ = ["bind_arguments", "read_source", "take_outputs"]

Values = Mapping[str, Mapping[str, Any]]


def read_source(source: Any, values: Values, inputs: Mapping[str, Any]) -> Any:
    """What a link gives, when all that it refers to has been computed."""
    if isinstance(source, tuple):
        return [read_source(one, values, inputs) for one in source]
    if isinstance(source, Ref):
        value = values[source.node][source.output]
        return value if source.item is None else value[source.item]
    return inputs[source.name] if isinstance(source, InputRef) else source.value


def bind_arguments(
    node: GraphNode,
    values: Values,
    inputs: Mapping[str, Any],
    make_lazy: Callable[..., Any],
    context: Callable[[], Any],
) -> dict[str, Any]:
    """The keyword arguments of the node's function; lazy ones are made by `make_lazy(read, refs)`."""
    spec = node.spec
    assert spec is not None
    arguments = dict(node.values)
    lazy = node.lazy
    for name, source in node.links.items():
        if name in lazy:
            refs = [one for one in (source if isinstance(source, tuple) else (source,)) if isinstance(one, Ref)]
            arguments[name] = make_lazy(_reader(source, inputs), refs)
        else:
            value = read_source(source, values, inputs)
            if _is_missing(spec.inputs[name], value):
                raise ValueError(_nothing(spec.inputs[name], source, values))
            arguments[name] = _suitable(spec.inputs[name], value)
    for name in lazy - node.links.keys():
        arguments[name] = make_lazy(_reader(Const(node.values[name]), inputs), [])
    if spec.context:
        arguments[spec.context] = context()
    return arguments


def _reader(source: Any, inputs: Mapping[str, Any]) -> Callable[[Values], Any]:
    return lambda values: read_source(source, values, inputs)


def _is_missing(socket: Input, value: Any) -> bool:
    """True for nothing where something is needed."""
    wanted, optional = split_optional(socket.type)
    return value is None and not optional and wanted is not Any and not isinstance(wanted, TypeVar)


def _nothing(socket: Input, source: Any, values: Values) -> str:
    """What is wanted, and what the node at the other end of the link gives in its place."""
    wanted, _ = split_optional(socket.type)
    if not isinstance(source, Ref):
        return f"input '{socket.name}' wants {type_name(wanted)}, but its link gives nothing"
    given = ", ".join(name for name, value in values[source.node].items() if value is not None)
    rest = f"; what {source.node} gives: {given}" if given else ""
    return f"input '{socket.name}' wants {type_name(wanted)}, but {source.node}.{source.output} gives nothing{rest}"


def _suitable(socket: Input, value: Any) -> Any:
    """A linked value, checked where types alone could not: choices, bounds."""
    wanted, _ = split_optional(socket.type)
    if kind_of(type(value)) is None and (socket.widgets or wanted is float or choices_of(wanted) is not None):
        try:
            return convert(socket.type, value, socket.widgets)
        except ValueError as error:
            raise ValueError(f"input '{socket.name}' {error}") from None
    return value


def take_outputs(spec: NodeSpec, returned: Any) -> dict[str, Any]:
    """A function's return value as outputs by name; a value of another kind than declared is refused."""
    if not spec.outputs:
        return {}
    values = tuple(returned) if spec.named_outputs else (returned,)
    if len(values) != len(spec.outputs):
        raise TypeError(f"{spec.id} returned {len(values)} values, declared are {len(spec.outputs)}")
    for output, value in zip(spec.outputs, values, strict=True):
        wanted, optional = split_optional(output.type)
        if kind_of(wanted) is not None and not isinstance(value, wanted) and not (value is None and optional):
            found = type(value).__name__
            raise TypeError(
                f"{spec.id} returned {found} for its output '{output.name}', declared is {type_name(wanted)}"
            )
    return {output.name: value for output, value in zip(spec.outputs, values, strict=True)}
