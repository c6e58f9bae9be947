"""A node is a typed function: `@node` reads sockets, widgets, defaults and docs from its signature, once, at import."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Generic, Literal, ParamSpec, TypeVar, get_args, get_origin, overload

from graph_engine.context import Context
from graph_engine.kinds import kind_of
from graph_engine.notes import socket_notes
from graph_engine.sockets import Color, FilePath, Multiline, SeedBox, Slider, Widget, convert, split_optional, type_name

__all__ = ["Expansion", "Input", "Lazy", "Node", "NodeSpec", "Output", "Upgrade", "node"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
_WIDGETS = (Slider, Multiline, SeedBox, FilePath, Color)


class Lazy(Generic[T]):
    """An input that is computed only when the node awaits it: `value = await condition`. For `async def` nodes."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.ensure_future(_as_coroutine(self._ask())).__await__()

    @staticmethod
    def of(value: T) -> Lazy[T]:
        """A lazy input that is known already, for calling a node in a test."""

        async def ask() -> T:
            return value

        return Lazy(ask)


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable


@dataclass(frozen=True)
class Expansion(Generic[T]):
    """What a node returns to be replaced by a graph: the workflow's outputs become the node's outputs.

    The workflow's declared inputs take the node's own inputs of the same names. Annotate the return type as
    `Expansion[Image]`, or `Expansion[MyNamedTuple]` for several outputs. The result is cached under the node's own
    key, which knows the workflows that it is given as inputs, but not the nodes that it makes up itself: when these
    read files or have new versions, only `cache=False` or a new version of this node says so.
    """

    workflow: Any


@dataclass(frozen=True)
class Input:
    """One input socket; `description` is what the node's documentation says of it, if it does."""

    name: str
    type: Any
    required: bool
    default: Any
    widgets: tuple[Widget, ...]
    lazy: bool
    description: str = ""

    @property
    def is_list(self) -> bool:
        """True for `list[...]`, which takes an ordered list of links."""
        return get_origin(split_optional(self.type)[0]) is list


@dataclass(frozen=True)
class Output:
    """One output socket."""

    name: str
    type: Any


@dataclass(frozen=True)
class NodeSpec:
    """All that the engine knows of a node type. `id` is `pack.function` once a plugin registered it.

    determinism: `exact` when the outputs depend on the inputs alone; `device` when they also depend on the device,
    the dtype and torch's version (every node that takes a Context, or expands into nodes that may). context: the
    Context parameter's name.
    """

    id: str
    function: Callable[..., Any]
    title: str
    category: str
    doc: str
    version: int
    inputs: Mapping[str, Input]
    outputs: tuple[Output, ...]
    cache: bool
    fingerprint: Callable[..., Any] | None
    fingerprint_context: str | None
    context: str | None
    is_async: bool
    expands: bool
    determinism: Literal["exact", "device"]
    upgrades: dict[int, Upgrade] = field(default_factory=dict)
    pack: str = ""
    named_outputs: bool = False

    def output(self, name: str) -> Output | None:
        """The output called `name`."""
        return next((output for output in self.outputs if output.name == name), None)


class Node(Generic[P, R]):
    """A node function: still callable with its own types, with its `spec` beside it."""

    def __init__(self, function: Callable[P, R], spec: NodeSpec) -> None:
        self._function = function
        self.spec = spec
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<node {self.__name__} version {self.spec.version}>"

    def upgrade(self, from_version: int) -> Callable[[Upgrade], Upgrade]:
        """Register a function that rewrites the values of a file saved for `from_version` into the next version's."""
        if not 1 <= from_version < self.spec.version:
            raise TypeError(f"{self.__name__}.upgrade({from_version}): the node is at version {self.spec.version}")

        def decorate(function: Upgrade) -> Upgrade:
            self.spec.upgrades[from_version] = function
            return function

        return decorate

    def in_pack(self, pack: str) -> NodeSpec:
        """The spec under its full id."""
        return replace(self.spec, id=f"{pack}.{self.__name__}", pack=pack)


@overload
def node(function: Callable[P, R]) -> Node[P, R]: ...
@overload
def node(
    *,
    category: str = ...,
    version: int = ...,
    title: str | None = ...,
    cache: bool = ...,
    fingerprint: Callable[..., Any] | None = ...,
) -> Callable[[Callable[P, R]], Node[P, R]]: ...
def node(
    function: Callable[..., Any] | None = None,
    *,
    category: str = "other",
    version: int = 1,
    title: str | None = None,
    cache: bool = True,
    fingerprint: Callable[..., Any] | None = None,
) -> Any:
    """Make a function a node.

    Parameters are inputs (a default makes one optional), the return type is the output or, as a NamedTuple, the
    outputs. version: raise it when the same inputs give another result. cache: False for a node whose result is never
    to be reused. fingerprint: a function with (some of) the same parameters that returns text, or a dict of labelled
    texts, describing the outside world that the node reads: a file's digest, a remote revision.
    """

    def decorate(function: Callable[..., Any]) -> Node[Any, Any]:
        return Node(function, _read_spec(function, category, version, title, cache, fingerprint))

    return decorate(function) if function is not None else decorate


def _read_spec(
    function: Callable[..., Any],
    category: str,
    version: int,
    title: str | None,
    cache: bool,
    fingerprint: Callable[..., Any] | None,
) -> NodeSpec:
    name = function.__name__
    if version < 1:
        raise TypeError(f"node {name}: version must be 1 or more, found {version}")
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    context = next((key for key in parameters if hints.get(key) is Context), None)
    doc = inspect.getdoc(function) or ""
    read = {key: _read_input(name, p, hints) for key, p in parameters.items() if key != context}
    notes = socket_notes(doc, read)
    inputs = {key: replace(socket, description=notes.get(key, "")) for key, socket in read.items()}
    is_async = inspect.iscoroutinefunction(function)
    if not is_async and any(socket.lazy for socket in inputs.values()):
        raise TypeError(f"node {name}: a Lazy input needs an `async def` function, which can await it")
    outputs, expands, named = _read_outputs(name, hints)
    return NodeSpec(
        id=name,
        function=function,
        title=title or name.replace("_", " ").capitalize(),
        category=category,
        doc=doc,
        version=version,
        inputs=inputs,
        outputs=outputs,
        cache=cache,
        fingerprint=fingerprint,
        fingerprint_context=_check_fingerprint(name, fingerprint, inputs),
        context=context,
        is_async=is_async,
        expands=expands,
        determinism="device" if context or expands else "exact",
        named_outputs=named,
    )


def _read_input(name: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> Input:
    where = f"node {name}: parameter '{parameter.name}'"
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(f"{where}: *args, **kwargs and positional-only parameters cannot be sockets")
    if parameter.name not in hints:
        raise TypeError(f"{where} has no type; annotate it, because the type is the socket")
    tp, metadata = _split_annotated(hints[parameter.name])
    lazy = get_origin(tp) is Lazy
    if lazy:
        tp, inner = _split_annotated(get_args(tp)[0])
        metadata += inner
    strangers = [item for item in metadata if not isinstance(item, _WIDGETS)]
    if strangers:
        raise TypeError(f"{where}: {strangers[0]!r} is no widget; use Slider, Multiline, SeedBox, FilePath or Color")
    required = parameter.default is parameter.empty
    default = None if required else _check_default(where, tp, parameter.default, metadata)
    return Input(parameter.name, tp, required, default, metadata, lazy)


def _split_annotated(tp: Any) -> tuple[Any, tuple[Any, ...]]:
    """Annotated[...] apart, also inside `... | None` and `list[...]`."""
    if get_origin(tp) is Annotated:
        return tp.__origin__, tuple(tp.__metadata__)
    inner, optional = split_optional(tp)
    if optional and get_origin(inner) is Annotated:
        return inner.__origin__ | None, tuple(inner.__metadata__)
    if get_origin(tp) is list and get_origin(get_args(tp)[0]) is Annotated:
        item = get_args(tp)[0]
        return list[item.__origin__], tuple(item.__metadata__)  # type: ignore[name-defined]
    return tp, ()


def _check_default(where: str, tp: Any, default: Any, widgets: tuple[Widget, ...]) -> Any:
    if default is None and (split_optional(tp)[1] or tp is Any or isinstance(tp, TypeVar)):
        return None
    if kind_of(split_optional(tp)[0]) is not None:
        raise TypeError(f"{where}: a default of kind {type_name(tp)} cannot be stored; use None")
    try:
        return convert(tp, list(default) if isinstance(default, tuple) else default, widgets)
    except ValueError as error:
        raise TypeError(f"{where}: the default {error}") from None


def _check_fingerprint(name: str, fingerprint: Callable[..., Any] | None, inputs: Mapping[str, Input]) -> str | None:
    if fingerprint is None:
        return None
    hints = typing.get_type_hints(fingerprint)
    context = None
    for parameter in inspect.signature(fingerprint).parameters:
        if hints.get(parameter) is Context:
            context = parameter
        elif parameter not in inputs:
            raise TypeError(f"node {name}: fingerprint has a parameter '{parameter}' that the node has not")
    return context


def _read_outputs(name: str, hints: Mapping[str, Any]) -> tuple[tuple[Output, ...], bool, bool]:
    if "return" not in hints:
        raise TypeError(f"node {name} has no return type; annotate it, because the type is the output socket")
    tp, _ = _split_annotated(hints["return"])
    expands = get_origin(tp) is Expansion
    if expands:
        tp = get_args(tp)[0]
    if tp is type(None):
        return (), expands, False
    named = get_origin(tp) or tp  # a generic NamedTuple comes as Named[A, B]
    if isinstance(named, type) and issubclass(named, tuple) and hasattr(named, "_fields"):
        fields = typing.get_type_hints(named, include_extras=True)
        return tuple(Output(key, _split_annotated(fields[key])[0]) for key in named._fields), expands, True
    return (Output(_output_name(tp), tp),), expands, False


def _output_name(tp: Any) -> str:
    tp, _ = split_optional(tp)
    if get_origin(tp) is list:
        inner = _output_name(get_args(tp)[0])
        return inner if inner.endswith("s") else inner + "s"
    if isinstance(tp, TypeVar) or tp is Any or get_origin(tp) is not None:
        return "value"
    if tp in (int, float):
        return "number"
    if tp is bool:
        return "flag"
    if tp is str:
        return "text"
    return "".join(
        f"_{c.lower()}" if c.isupper() and not p.isupper() and p != "_" else c.lower()
        for p, c in zip("_" + tp.__name__, tp.__name__, strict=False)
    )
