"""What there is to draw: a box for each node with the sockets in use, one for declared inputs, one for outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from graph_engine.kinds import kind_of
from graph_engine.node import NodeSpec
from graph_engine.plugins import Registry
from graph_engine.sockets import split_optional
from graph_engine.workflow import InputDecl, Link, NodeEntry, Workflow

__all__ = ["INPUTS", "OUTPUTS", "Box", "Socket", "Wire", "read_boxes"]

INPUTS = "inputs"
OUTPUTS = " outputs"  # no node can have this name
_ANY = "#9aa5b1"
_PLAIN = {
    "text": "#7f8fa6",
    "choice": "#7f8fa6",
    "file": "#7f8fa6",
    "folder": "#7f8fa6",
    "color": "#7f8fa6",
    "bool": "#e1a100",
}
_NUMBER = "#3c8dd9"
_MAX_VALUE = 28
_MODES = {"mute": "muted: ", "bypass": "bypassed: "}


@dataclass(frozen=True)
class Socket:
    """One line of a box: a socket, or a value that the file gives."""

    name: str
    color: str
    value: str | None = None
    linked: bool = True


@dataclass
class Box:
    """One box: `inputs` go down its left edge, `outputs` down its right edge."""

    id: str
    title: str
    subtitle: str
    inputs: list[Socket] = field(default_factory=list)
    outputs: list[Socket] = field(default_factory=list)
    accent: str = _ANY
    unknown: bool = False
    mode: str = ""


@dataclass(frozen=True)
class Wire:
    """A link between two boxes, by socket index; `each` is its `[*]`."""

    source: str
    output: int
    target: str
    input: int
    color: str
    each: bool = False


def read_boxes(workflow: Workflow, registry: Registry) -> tuple[dict[str, Box], list[Wire]]:
    """The boxes by id and the wires between them."""
    reader = _Reader(workflow, registry)
    boxes = {name: reader.node_box(name, entry) for name, entry in workflow.nodes.items()}
    if workflow.inputs:
        boxes = {INPUTS: reader.inputs_box(), **boxes}
    if workflow.outputs:
        boxes[OUTPUTS] = reader.outputs_box()
    return boxes, reader.wires(boxes)


@dataclass
class _Reader:
    """Reads one workflow; `asked` holds the outputs that links name, which is all that is known of unknown nodes."""

    workflow: Workflow
    registry: Registry
    asked: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.workflow.nodes.values():
            for _, link in entry.each_link():
                self.asked.setdefault(link.node, set()).add(link.output or "value")

    def inputs_box(self) -> Box:
        sockets = [
            Socket(name, self.declared_color(decl), _show(decl.default) if decl.has_default else "required")
            for name, decl in self.workflow.inputs.items()
        ]
        return Box(INPUTS, "Inputs", "given by a run", outputs=sockets, accent="#5f6f81")

    def outputs_box(self) -> Box:
        sockets = [Socket(name, self.link_color(link)) for name, link in self.workflow.outputs.items()]
        return Box(OUTPUTS, "Outputs", "what a run gives", inputs=sockets, accent="#5f6f81")

    def node_box(self, name: str, entry: NodeEntry) -> Box:
        spec = self.registry.nodes.get(entry.type)
        body = self.body_of(entry)
        outputs = [Socket(key, color) for key, color in self.output_colors(name, entry).items()]
        return Box(
            id=name,
            title=entry.title or name,
            subtitle=_MODES.get(entry.mode, "") + entry.type,
            inputs=self.input_sockets(entry, spec),
            outputs=outputs,
            accent=outputs[0].color if outputs else _ANY,
            unknown=spec is None and body is None and not entry.type.startswith("workflow:"),
            mode=entry.mode,
        )

    def input_sockets(self, entry: NodeEntry, spec: NodeSpec | None) -> list[Socket]:
        """The inputs that the file speaks of, in the node's own order."""
        used = {**entry.links, **entry.values}
        order = [key for key in spec.inputs if key in used] if spec else []
        order += [key for key in used if key not in order]
        sockets = []
        for key in order:
            if key in entry.links:
                links = entry.links[key]
                first = links[0] if isinstance(links, tuple) and links else links
                sockets.append(Socket(key, self.link_color(first) if isinstance(first, Link) else _ANY))
            else:
                sockets.append(Socket(key, _ANY, _show(entry.values[key]), linked=False))
        return sockets

    def output_colors(self, name: str, entry: NodeEntry) -> dict[str, str]:
        spec = self.registry.nodes.get(entry.type)
        if spec is not None:
            return {output.name: _color(output.type) for output in spec.outputs}
        body = self.body_of(entry)
        if body is not None:
            inner = _Reader(body, self.registry)
            return {key: inner.link_color(link) for key, link in body.outputs.items()}
        return dict.fromkeys(sorted(self.asked.get(name, ())) or ["value"], _ANY)

    def body_of(self, entry: NodeEntry) -> Workflow | None:
        kind, _, name = entry.type.partition(":")
        return self.workflow.subgraphs.get(name) if kind == "subgraph" else None

    def declared_color(self, decl: InputDecl) -> str:
        cls = self.registry.kinds.get(decl.item_type)
        return _color(cls) if cls else _PLAIN.get(decl.item_type, _NUMBER)

    def link_color(self, link: Link) -> str:
        if link.node == INPUTS:
            decl = self.workflow.inputs.get(link.output or "")
            return self.declared_color(decl) if decl else _ANY
        entry = self.workflow.nodes.get(link.node)
        colors = self.output_colors(link.node, entry) if entry else {}
        return colors.get(link.output or next(iter(colors), ""), _ANY)

    def wires(self, boxes: Mapping[str, Box]) -> list[Wire]:
        found = []
        for target, box in boxes.items():
            for index, socket in enumerate(box.inputs):
                for link in self.links_into(target, socket.name):
                    output = _output_index(boxes.get(link.node), link)
                    if output is not None:
                        color = boxes[link.node].outputs[output].color
                        found.append(Wire(link.node, output, target, index, color, link.each))
        return found

    def links_into(self, target: str, name: str) -> tuple[Link, ...]:
        if target == OUTPUTS:
            return (self.workflow.outputs[name],)
        links = self.workflow.nodes[target].links.get(name, ())
        return links if isinstance(links, tuple) else (links,)


def _output_index(box: Box | None, link: Link) -> int | None:
    names = [socket.name for socket in box.outputs] if box else []
    if link.output is None:
        return 0 if len(names) == 1 else None
    return names.index(link.output) if link.output in names else None


def _color(tp: Any) -> str:
    tp, _ = split_optional(tp)
    if get_origin(tp) is list:
        return _color(get_args(tp)[0])
    found = kind_of(tp)
    if found is not None:
        return found.color
    names = {str: _PLAIN["text"], bool: _PLAIN["bool"], int: _NUMBER, float: _NUMBER}
    return names.get(tp, _ANY) if isinstance(tp, type) else _ANY


def _show(value: Any) -> str:
    if isinstance(value, str):
        text = value.replace("\n", " ")
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1].rstrip() + "…"
