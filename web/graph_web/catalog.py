"""What is installed, described for clients: nodes with their sockets and widgets, kinds, plugins and models."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from graph_engine.kinds import kind_of
from graph_engine.models import FoundModel
from graph_engine.node import Input, NodeSpec
from graph_engine.plugins import Pack, Registry
from graph_engine.sockets import (
    Color,
    FilePath,
    Multiline,
    SeedBox,
    Slider,
    accepts,
    choices_of,
    json_schema,
    only_by_link,
    split_optional,
    type_name,
)

__all__ = [
    "Fits",
    "KindInfo",
    "ModelInfo",
    "NodeInfo",
    "PluginInfo",
    "Socket",
    "WidgetInfo",
    "describe_kind",
    "describe_model",
    "describe_node",
    "describe_plugin",
    "fitting_types",
    "wanted_name",
]


class WidgetInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a value is entered. type: text, number, toggle, choice, slider, seed, file, color, list, data (any JSON),
    or link for what only a link can give. The bounds are those of a number; suffixes are the endings a file may have;
    names: whether a colour may also be a name, beside `#rrggbb`."""

    type: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    whole: bool = False
    rows: int = 0
    suffixes: tuple[str, ...] = ()
    choices: tuple[Any, ...] = ()
    names: bool = False


class Socket(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input or output. type: as fitting_types has it; variable: the name of the type variable in it, which is one
    type for all sockets of the node; schema: of the values that may be written, none where only a link gives one;
    description: what the node's documentation says of this input alone, where it does."""

    name: str
    type: str
    variable: str = ""
    list: bool = False
    required: bool = False
    optional: bool = False
    lazy: bool = False
    default: Any = None
    widget: WidgetInfo | None = None
    schema: dict[str, Any] | None = None
    description: str = ""


class NodeInfo(msgspec.Struct, frozen=True):
    """A node type. summary: the first line of its documentation; cached: whether its results are kept for the next
    run; expands: whether it makes up a workflow that takes its place."""

    id: str
    title: str
    category: str
    pack: str
    version: int
    summary: str
    doc: str
    inputs: list[Socket]
    outputs: list[Socket]
    cached: bool
    expands: bool


class KindInfo(msgspec.Struct, frozen=True):
    """A kind of value that travels along links. preview: whether it can be shown as a picture."""

    name: str
    color: str
    description: str
    preview: bool


class PluginInfo(msgspec.Struct, frozen=True):
    """An installed plugin. state: `ok`, `problems` (some of what it brings was refused) or `broken` (its code raised,
    and nodes are missing). What raised is in `tracebacks`."""

    name: str
    distribution: str
    version: str
    state: str
    nodes: int
    models: int
    problems: list[str]
    tracebacks: list[str]


class ModelInfo(msgspec.Struct, frozen=True):
    """A model. plugin: that brings it, empty for one in a model folder; bytes: of its files, 0 when they are not there;
    warm: whether the worker holds weights of it, null when no worker says; problem: why it cannot be read."""

    name: str
    description: str
    plugin: str
    bytes: int
    warm: bool | None
    problem: str = ""


def describe_node(spec: NodeSpec) -> NodeInfo:
    """A node as clients see it."""
    return NodeInfo(
        spec.id,
        spec.title,
        spec.category,
        spec.pack,
        spec.version,
        spec.doc.partition("\n")[0],
        spec.doc,
        [_input(socket) for socket in spec.inputs.values()],
        [Socket(output.name, type_name(output.type), _variable(output.type)) for output in spec.outputs],
        spec.cache,
        spec.expands,
    )


def _input(socket: Input) -> Socket:
    tp, optional = split_optional(socket.type)
    linked = only_by_link(tp)
    return Socket(
        socket.name,
        wanted_name(tp),
        _variable(tp),
        socket.is_list,
        socket.required,
        optional,
        socket.lazy,
        getattr(socket.default, "value", socket.default),
        WidgetInfo("link") if linked else _widget(tp, socket.widgets),
        None if linked else json_schema(socket.type, socket.widgets),
        socket.description,
    )


def wanted_name(tp: Any) -> str:
    """The name of the type that an input wants; a type variable that is not free is what it may be."""
    tp, _ = split_optional(tp)
    if get_origin(tp) is list:
        return f"list[{wanted_name(get_args(tp)[0])}]"
    if isinstance(tp, TypeVar) and (tp.__constraints__ or tp.__bound__):
        return " or ".join(type_name(part) for part in tp.__constraints__ or (tp.__bound__,))
    return type_name(tp)


def _variable(tp: Any) -> str:
    tp, _ = split_optional(tp)
    while get_origin(tp) is list:
        tp, _ = split_optional(get_args(tp)[0])
    return tp.__name__ if isinstance(tp, TypeVar) else ""


def _widget(tp: Any, declared: Iterable[Any]) -> WidgetInfo:
    found = {type(widget): widget for widget in declared}
    slider: Slider | None = found.get(Slider)
    low, high = (_finite(slider.low), _finite(slider.high)) if slider else (None, None)
    choices = choices_of(tp)
    if choices is not None:
        return WidgetInfo("choice", choices=choices)
    if get_origin(tp) is list:
        return WidgetInfo("list", low, high, choices=choices_of(get_args(tp)[0]) or ())
    if SeedBox in found:
        return WidgetInfo("seed", low, high, whole=True)
    if slider is not None:
        return WidgetInfo("slider", low, high, slider.step, tp is int)
    if tp in (int, float):
        return WidgetInfo("number", whole=tp is int)
    if tp is bool:
        return WidgetInfo("toggle")
    if FilePath in found:
        return WidgetInfo("file", suffixes=found[FilePath].suffixes)
    if Color in found:
        return WidgetInfo("color", names=found[Color].names)
    if tp is str:
        return WidgetInfo("text", rows=found[Multiline].rows if Multiline in found else 1)
    return WidgetInfo("data")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Fits:
    """`fitting_types` of a registry that does not change any more, worked out when it is first asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._found: dict[str, list[str]] = {}

    def get(self) -> dict[str, list[str]]:
        """For each type that an input wants, the types that fit it."""
        with self._lock:
            self._found = self._found or fitting_types(self._registry)
            return self._found


def fitting_types(registry: Registry) -> dict[str, list[str]]:
    """For each type that an input wants, the types of outputs that may be linked to it, all by name.

    This is the checker's own relation, so that a client need not know its rules; `any` stands for type variables.
    """
    wanted: dict[str, list[Any]] = {}
    given: dict[str, list[Any]] = {name: [cls] for name, cls in registry.kinds.items()}
    for spec in registry.nodes.values():
        for socket in spec.inputs.values():
            wanted.setdefault(wanted_name(socket.type), []).append(socket.type)
        for output in spec.outputs:
            given.setdefault(type_name(output.type), []).append(output.type)
            lists: Any = list[output.type]  # type: ignore[name-defined]
            given.setdefault(type_name(lists), []).append(lists)
    return {
        name: sorted(
            other for other, sources in given.items() if any(accepts(a, b, {}) for a in types for b in sources)
        )
        for name, types in sorted(wanted.items())
    }


def describe_kind(cls: type) -> KindInfo:
    """A kind as clients see it."""
    found = kind_of(cls)
    assert found is not None, f"{cls} is registered, so it is a kind"
    return KindInfo(found.name, found.color, found.description, found.preview is not None)


def describe_plugin(pack: Pack, registry: Registry) -> PluginInfo:
    """A plugin as clients see it."""
    problems = [problem for problem in registry.problems if problem.pack == pack.name]
    broken = any(problem.fatal for problem in problems)
    return PluginInfo(
        pack.name,
        pack.distribution,
        pack.version,
        "broken" if broken else "problems" if problems else "ok",
        sum(spec.pack == pack.name for spec in registry.nodes.values()),
        sum(name.startswith(f"{pack.name}/") for name in registry.models),
        [problem.message for problem in problems],
        [problem.traceback for problem in problems if problem.traceback],
    )


def describe_model(model: FoundModel, registry: Registry, warm: Iterable[str] | None) -> ModelInfo:
    """A model as clients see it; looks at the sizes of its files. warm: what the worker holds, as `model part`."""
    is_warm = None if warm is None else any(key.startswith(f"{model.name} ") for key in warm)
    plugin = model.name.partition("/")[0] if model.name in registry.models else ""
    family = model.facts.family if model.facts is not None else ""
    return ModelInfo(model.name, model.description or family, plugin, _bytes_below(model.path), is_warm, model.problem)


def _bytes_below(folder: Path) -> int:
    if folder.is_file():
        return folder.stat().st_size
    return sum(
        os.path.getsize(path)
        for root, _, files in os.walk(folder)
        for file in files
        if os.path.isfile(path := os.path.join(root, file))
    )
