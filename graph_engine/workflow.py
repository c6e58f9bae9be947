"""The workflow document: typed, immutable, with the place of everything in it. Parsing collects every problem.

This floor knows the shape of the file, not the nodes: whether a node exists and its links fit is `graph`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graph_engine.errors import InputError, Problem, WorkflowError, did_you_mean
from graph_engine.reader import Document, read_json, read_yaml
from graph_engine.sockets import Color, Seed, Slider, Widget, convert

__all__ = [
    "FORMAT",
    "INPUT_TYPES",
    "MODES",
    "InputDecl",
    "Link",
    "NodeEntry",
    "Place",
    "Workflow",
    "parse_workflow",
    "read_workflow",
]

FORMAT = 1
MAX_NODES = 20_000
MODES = ("mute", "bypass")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,79}")
_LINK = re.compile(r"(?P<node>[A-Za-z_][\w-]*)(\.(?P<output>[A-Za-z_][\w-]*))?(?P<each>\[\*\])?")
_TYPE = re.compile(r"list\[(?P<item>[A-Za-z]+)\]|(?P<single>[A-Za-z]+)")

INPUT_TYPES: Mapping[str, Any] = {
    "text": str,
    "int": int,
    "float": float,
    "bool": bool,
    "seed": int,
    "choice": str,
    "file": str,
    "folder": str,
    "color": str,
    "any": Any,
}
"""The types that a declared input can have beside the names of value kinds, and `list[...]` of either."""


@dataclass(frozen=True)
class Place:
    """Where something stands in a file."""

    document: Document | None = None
    path: tuple[str | int, ...] = ()

    def problem(self, message: str, *below: str | int) -> Problem:
        """A Problem here, or at a key below here."""
        return self.document.problem((*self.path, *below), message) if self.document else Problem(message)

    def __str__(self) -> str:
        if self.document is None or self.document.file is None:
            return ""
        line = self.document.line(self.path) if self.document.text else None
        return f"{self.document.file}:{line}" if line else self.document.file


@dataclass(frozen=True)
class Link:
    """`node.output`, or `node` alone; `each` is the `[*]` behind it. The node `inputs` stands for declared inputs."""

    node: str
    output: str | None = None
    each: bool = False

    def __str__(self) -> str:
        return self.node + (f".{self.output}" if self.output else "") + ("[*]" if self.each else "")


@dataclass(frozen=True)
class InputDecl:
    """A declared input: a flag in the shell, a field in a form, a parameter of the API, a socket as a sub-workflow."""

    name: str
    type: str
    default: Any = None
    has_default: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    description: str = ""
    place: Place = field(default=Place(), compare=False, repr=False)

    @property
    def required(self) -> bool:
        """True when a run must give a value."""
        return not self.has_default

    @property
    def item_type(self) -> str:
        """The type name without `list[...]` around it."""
        match = _TYPE.fullmatch(self.type)
        return (match["item"] or match["single"]) if match else self.type

    @property
    def is_list(self) -> bool:
        """True for `list[...]`."""
        return self.type.startswith("list[")

    def python_type(self, kinds: Mapping[str, Any]) -> Any:
        """The socket type; `kinds` maps the names of value kinds to their classes."""
        tp = INPUT_TYPES.get(self.item_type) or kinds[self.item_type]
        return list[tp] if self.is_list else tp  # type: ignore[valid-type]

    @property
    def widgets(self) -> tuple[Widget, ...]:
        """The bounds, or what it is besides a text, as widgets."""
        if self.item_type == "seed":
            return tuple(Seed.__metadata__)  # type: ignore[attr-defined]
        if self.item_type == "color":
            return (Color(names=True),)
        if self.low is None and self.high is None:
            return ()
        return (
            Slider(-float("inf") if self.low is None else self.low, float("inf") if self.high is None else self.high),
        )

    def check(self, value: Any, kinds: Mapping[str, Any]) -> Any:
        """`value` converted to the declared type; raises InputError that names the input."""
        try:
            found = convert(self.python_type(kinds), value, self.widgets)
        except ValueError as error:
            raise InputError(f"input '{self.name}' {error}") from None
        for item in found if self.is_list else [found]:
            if self.choices is not None and item not in self.choices:
                hint = did_you_mean(str(item), self.choices)
                raise InputError(f"input '{self.name}' wants one of {', '.join(self.choices)}; found {item!r}.{hint}")
        return found


@dataclass(frozen=True)
class NodeEntry:
    """One node of the file: its type, its values (`with`) and its links (`from`).

    mode: `mute` or `bypass` for a node that does not run (see `modes`), else empty.
    """

    type: str
    values: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Link | tuple[Link, ...]] = field(default_factory=dict)
    version: int | None = None
    title: str | None = None
    mode: str = ""
    place: Place = field(default=Place(), compare=False, repr=False)

    def each_link(self) -> Iterator[tuple[str, Link]]:
        """Every link with the name of its input."""
        for name, links in self.links.items():
            for link in links if isinstance(links, tuple) else (links,):
                yield name, link


@dataclass(frozen=True)
class Workflow:
    """A workflow file in memory. `source` is the file it came from; `ui` is the editor's and never changes a result."""

    nodes: Mapping[str, NodeEntry]
    inputs: Mapping[str, InputDecl] = field(default_factory=dict)
    outputs: Mapping[str, Link] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    subgraphs: Mapping[str, Workflow] = field(default_factory=dict)
    ui: Mapping[str, Any] = field(default_factory=dict)
    source: Path | None = field(default=None, compare=False)
    place: Place = field(default=Place(), compare=False, repr=False)

    def with_values(self, values: Mapping[str, Any]) -> Workflow:
        """A copy with `node.input` set to plain values, replacing a value or a link; raises InputError."""
        nodes = dict(self.nodes)
        for target, value in values.items():
            node, _, name = target.partition(".")
            if node.partition("/")[0] in nodes and "/" in node:
                inside = "is inside a sub-workflow; declare an input there and give it a value"
                raise InputError(f"--set {target}: '{node}' {inside}")
            if node not in nodes or not name:
                hint = did_you_mean(node, nodes)
                raise InputError(f"--set {target}: no node '{node}' in this workflow.{hint} Write node.input=VALUE")
            entry = nodes[node]
            links = {key: link for key, link in entry.links.items() if key != name}
            nodes[node] = replace(entry, values={**entry.values, name: value}, links=links)
        return replace(self, nodes=nodes)

    def with_defaults(self, values: Mapping[str, Any]) -> Workflow:
        """A copy whose declared inputs have these values as their defaults (plain values only)."""
        inputs = {
            name: replace(decl, default=values[name], has_default=True) if name in values else decl
            for name, decl in self.inputs.items()
        }
        return replace(self, inputs=inputs)


def read_workflow(path: str | Path) -> Workflow:
    """Read a `.yaml`, `.yml` or `.json` file, or the workflow inside a PNG that the engine saved.

    Raises WorkflowError with every problem of the file's shape.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".png":
            from graph_engine.png import workflow_text

            text, is_json = workflow_text(path), True
        else:
            is_json = path.suffix.lower() == ".json"
            text = _read_text(path)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = getattr(error, "strerror", None) or error
        raise WorkflowError([Problem(f"cannot be read: {reason}", str(path))]) from None
    document = read_json(text, str(path)) if is_json else read_yaml(text, str(path))
    return parse_workflow(document, path)


def _read_text(path: Path) -> str:
    from graph_engine.reader import MAX_BYTES

    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WorkflowError([Problem("the file is not UTF-8 text; is it a workflow?", str(path), line)]) from None


def parse_workflow(document: Document, source: Path | None = None) -> Workflow:
    """Plain data into a Workflow; raises WorkflowError with every problem found."""
    parser = _Parser()
    workflow = parser.workflow(document.data, Place(document), source)
    if parser.problems:
        raise WorkflowError(parser.problems)
    return workflow


class _Parser:
    """Walks the data once; a wrong part is reported and left out, so that the rest is still looked at."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._node_count = 0

    def _fail(self, place: Place, message: str, *below: str | int) -> None:
        self.problems.append(place.problem(message, *below))

    def _mapping(self, data: Any, place: Place, name: str, allowed: tuple[str, ...] | None = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            self._fail(place, f"{name} must be a mapping (name: value), found {type(data).__name__}")
            return {}
        if allowed is not None:
            for key in [key for key in data if key not in allowed]:
                self._fail(
                    place, f"{name} has no '{key}'.{did_you_mean(key, allowed)} Known: {', '.join(allowed)}", key
                )
        return data

    def _section(self, data: dict[str, Any], key: str, place: Place) -> dict[str, Any]:
        found = data.get(key)
        return {} if found is None else self._mapping(found, Place(place.document, (*place.path, key)), f"'{key}'")

    def _text(self, data: dict[str, Any], key: str, place: Place) -> str:
        value = data.get(key)
        if value is not None and not isinstance(value, str):
            self._fail(place, f"'{key}' wants text, found {value!r}; write it in quotes", key)
            return ""
        return value or ""

    def workflow(self, data: Any, place: Place, source: Path | None, *, nested: bool = False) -> Workflow:
        name = "a subgraph" if nested else "a workflow"
        keys = ("format", "title", "description", "inputs", "nodes", "outputs", "subgraphs", "ui")
        data = self._mapping(data, place, name, keys)
        if not nested or "format" in data:
            self._check_format(data, place)
        return Workflow(
            nodes=self._named(data.get("nodes", {}), place, "nodes", self._node),
            inputs=self._named(data.get("inputs", {}), place, "inputs", self._input),
            outputs=self._named(data.get("outputs", {}), place, "outputs", self._output),
            title=self._text(data, "title", place),
            description=self._text(data, "description", place),
            subgraphs=self._named(data.get("subgraphs", {}), place, "subgraphs", self._subgraph),
            ui=self._section(data, "ui", place),
            source=source,
            place=place,
        )

    def _check_format(self, data: dict[str, Any], place: Place) -> None:
        found = data.get("format")
        if found is None:
            self._fail(place, f"'format' is missing; write 'format: {FORMAT}' on the first line")
        elif found != FORMAT or isinstance(found, bool):
            self._fail(place, f"format {found!r} is not known here; this engine reads format {FORMAT}", "format")

    def _named(self, data: Any, place: Place, section: str, parse: Any) -> dict[str, Any]:
        here = Place(place.document, (*place.path, section))
        result = {}
        for name, item in self._mapping(data if data is not None else {}, here, f"'{section}'").items():
            below = Place(place.document, (*here.path, name))
            if not _NAME.fullmatch(name) or (section == "nodes" and name == "inputs"):
                why = "'inputs' is reserved" if name == "inputs" else "use letters, digits, _ and -, at most 80"
                self._fail(below, f"{name[:90]!r} is no good name: {why}")
                continue
            result[name] = parse(name, item, below)
        return {name: item for name, item in result.items() if item is not None}

    def _subgraph(self, _name: str, data: Any, place: Place) -> Workflow:
        return self.workflow(data, place, None, nested=True)

    def _output(self, name: str, data: Any, place: Place) -> Link | None:
        link = self._link(data, place, f"output '{name}'")
        if link and link.each:
            self._fail(place, f"output '{name}': '[*]' is for a node's inputs; write '{link.node}.{link.output}'")
            return None
        return link

    def _link(self, data: Any, place: Place, name: str, *below: str | int) -> Link | None:
        match = _LINK.fullmatch(data) if isinstance(data, str) else None
        if match is None:
            self._fail(place, f"{name}: a link is 'node', 'node.output' or 'node.output[*]', found {data!r}", *below)
            return None
        return Link(match["node"], match["output"], bool(match["each"]))

    def _node(self, name: str, data: Any, place: Place) -> NodeEntry | None:
        self._node_count += 1
        if self._node_count > MAX_NODES:
            if self._node_count == MAX_NODES + 1:
                self._fail(place, f"more than {MAX_NODES} nodes; split the workflow into sub-workflows or use '[*]'")
            return None
        data = self._mapping(data, place, f"node '{name}'", ("node", "with", "from", "version", "title", "mode"))
        if not isinstance(data.get("node"), str):
            self._fail(place, f"node '{name}' does not say which node it is; write 'node: pack.name'")
            return None
        version = data.get("version")
        if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 1):
            self._fail(place, f"node '{name}': version wants a whole number from 1, found {version!r}", "version")
            version = None
        mode = data.get("mode", "")
        if mode not in ("", *MODES):
            hint = did_you_mean(mode, MODES) if isinstance(mode, str) else ""
            wanted = f"mode wants {' or '.join(MODES)}, or is left out for a node that runs; found {mode!r}"
            self._fail(place, f"node '{name}': {wanted}.{hint}", "mode")
            mode = ""
        values = self._section(data, "with", place)
        links = self._links(name, self._section(data, "from", place), Place(place.document, (*place.path, "from")))
        for twice in values.keys() & links.keys():
            self._fail(place, f"node '{name}': '{twice}' has a value and a link; remove one of them", "from", twice)
        title = self._text(data, "title", place) or None
        return NodeEntry(data["node"], values, links, version, title, mode, place)

    def _links(self, node: str, data: dict[str, Any], place: Place) -> dict[str, Link | tuple[Link, ...]]:
        links: dict[str, Link | tuple[Link, ...]] = {}
        for key, item in data.items():
            name = f"node '{node}': input '{key}'"
            if isinstance(item, list):
                many = [self._link(each, place, name, key, index) for index, each in enumerate(item)]
                if any(link.each for link in many if link):
                    self._fail(place, f"{name}: '[*]' cannot stand in a list of links", key)
                links[key] = tuple(link for link in many if link)
            else:
                link = self._link(item, place, name, key)
                if link:
                    links[key] = link
        return links

    def _input(self, name: str, data: Any, place: Place) -> InputDecl | None:
        keys = ("type", "default", "min", "max", "choices", "description")
        data = self._mapping(data, place, f"input '{name}'", keys)
        type_name = data.get("type", "text")
        if not isinstance(type_name, str) or not _TYPE.fullmatch(type_name):
            known = ", ".join(INPUT_TYPES)
            self._fail(
                place, f"input '{name}': type {type_name!r} is not known; use {known}, a kind, or list[...]", "type"
            )
            return None
        low, high = (self._bound(data, key, name, place) for key in ("min", "max"))
        if low is not None and high is not None and low > high:
            self._fail(place, f"input '{name}': min {low} is above max {high}", "min")
            return None
        choices = data.get("choices")
        if choices is not None and not (isinstance(choices, list) and all(isinstance(c, str) for c in choices)):
            self._fail(place, f"input '{name}': choices wants a list of texts", "choices")
            choices = None
        if type_name == "choice" and not choices:
            self._fail(place, f"input '{name}': a choice needs 'choices: [a, b]'")
            return None
        decl = InputDecl(
            name, type_name, data.get("default"), data.get("default") is not None, low, high,
            tuple(choices) if choices else None, self._text(data, "description", place), place,
        )  # fmt: skip
        return self._checked_default(decl)

    def _bound(self, data: dict[str, Any], key: str, name: str, place: Place) -> float | None:
        value = data.get(key)
        if value is None:
            return None
        try:
            convert(float, value)
        except ValueError as error:
            self._fail(place, f"input '{name}': {key} {error}", key)
            return None
        return value  # type: ignore[no-any-return]

    def _checked_default(self, decl: InputDecl) -> InputDecl:
        if not decl.has_default:
            return decl
        if decl.item_type not in INPUT_TYPES:
            self._fail(decl.place, f"input '{decl.name}': a default of kind {decl.type} cannot be written", "default")
            return replace(decl, default=None, has_default=False)
        try:
            return replace(decl, default=decl.check(decl.default, {}))
        except InputError as error:
            self._fail(decl.place, f"{error} (its default)", "default")
            return decl
