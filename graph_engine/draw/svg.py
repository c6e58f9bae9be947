"""Boxes and wires with places, as SVG text. Nothing here decides where anything goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise

from graph_engine.draw.arrange import HEADER, Arranged, Placed
from graph_engine.draw.boxes import Box, Socket, Wire

__all__ = ["render"]

_MARGIN = 28
_TITLE = 40
_INK, _MUTED, _EDGE, _PAPER, _CANVAS = "#1f2933", "#6b7785", "#cbd2d9", "#ffffff", "#f5f7fa"
_STATES = {"run": "#e8590c", "memory": "#2b8a3e", "disk": "#2b8a3e"}
_QUIET = "#868e96"
_FONT = "font-family=\"'Inter','Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif\""


def render(arranged: Arranged, title: str, states: Mapping[str, str]) -> str:
    """The SVG text of everything, with a legend-free reading: a wire has the colour of what it carries."""
    top = _MARGIN + (_TITLE if title else 0)
    width, height = arranged.width + 2 * _MARGIN, arranged.height + top + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" {_FONT} role="img" aria-label="{_escaped(title or "workflow")}">',
        f'<rect width="100%" height="100%" rx="14" fill="{_CANVAS}"/>',
    ]
    if title:
        parts.append(_text(_MARGIN, _MARGIN + 16, title, 19, _INK, weight=600))
    parts.append(f'<g transform="translate({_MARGIN} {top})">')
    for wire, path in zip(arranged.wires, arranged.paths, strict=True):
        parts += _wire(wire, [arranged.places[name] for name in path])
    for name, place in arranged.places.items():
        if place.box:
            parts += _box(place, place.box, states.get(name))
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _wire(wire: Wire, path: list[Placed]) -> Iterator[str]:
    """A smooth curve through the waypoints, level where it meets a box and where it passes one."""
    first, last = path[0], path[-1]
    points = [(first.x + first.width, first.output_y(wire.output))]
    for place in path[1:-1]:
        points += [(place.x, place.y), (place.x + place.width, place.y)]
    points.append((last.x, last.input_y(wire.input)))
    curve = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        if index % 2 == 1:
            curve.append(f"L{x2:.1f} {y2:.1f}")
        else:
            bend = max(abs(x2 - x1) / 2, 40.0)
            curve.append(f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}")
    yield f'<path d="{" ".join(curve)}" fill="none" stroke="{_PAPER}" stroke-width="5"/>'
    yield f'<path d="{" ".join(curve)}" fill="none" stroke="{wire.color}" stroke-width="2.2"/>'
    if wire.each:
        x, y = points[-1]
        yield f'<rect x="{x - 37:.1f}" y="{y - 9:.1f}" width="26" height="18" rx="9" fill="{wire.color}"/>'
        yield _text(x - 24, y + 4, "[*]", 10.5, _PAPER, anchor="middle", weight=600)


def _box(place: Placed, box: Box, state: str | None) -> Iterator[str]:
    x, y, width, height = place.x, place.y, place.width, place.height
    quiet = state is not None and state not in _STATES
    dash = ' stroke-dasharray="5 4"' if box.unknown or box.mode else ""
    yield f'<g opacity="{0.55 if quiet or box.mode else 1}">'
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="9" fill="{_PAPER}" '
        f'stroke="{_EDGE}"{dash}/>'
    )
    yield f'<rect x="{x + 12:.1f}" y="{y - 1.5:.1f}" width="{width - 24:.1f}" height="3" rx="1.5" fill="{box.accent}"/>'
    yield _text(x + 14, y + 20, box.title, 13.5, _INK, weight=600)
    yield _text(x + 14, y + 34, "unknown: " + box.subtitle if box.unknown else box.subtitle, 10.5, _MUTED)
    yield f'<path d="M{x:.1f} {y + HEADER:.1f}h{width:.1f}" stroke="#e4e7eb"/>'
    if state is not None:
        yield from _badge(x + width - 10, y - 8.5, state)
    for index, socket in enumerate(box.outputs):
        yield from _output(x, x + width, place.output_y(index), socket)
    for index, socket in enumerate(box.inputs):
        yield from _input(x, x + width, place.input_y(index), socket)
    yield "</g>"


def _badge(right: float, top: float, state: str) -> Iterator[str]:
    width = 6.2 * len(state) + 14
    color = _STATES.get(state, _QUIET)
    yield f'<rect x="{right - width:.1f}" y="{top:.1f}" width="{width:.1f}" height="17" rx="8.5" fill="{color}"/>'
    yield _text(right - width / 2, top + 12, state, 10, _PAPER, anchor="middle", weight=600)


def _output(left: float, right: float, y: float, socket: Socket) -> Iterator[str]:
    if socket.value is not None:
        yield _text(left + 14, y + 4, socket.value, 11, _MUTED)
    yield _text(right - 14, y + 4, socket.name, 11.5, _INK, anchor="end")
    yield _dot(right, y, socket.color)


def _input(left: float, right: float, y: float, socket: Socket) -> Iterator[str]:
    yield _text(left + 14, y + 4, socket.name, 11.5, _INK if socket.linked else _MUTED)
    if socket.linked:
        yield _dot(left, y, socket.color)
    if socket.value is not None:
        yield _text(right - 14, y + 4, socket.value, 11, _INK, anchor="end")


def _dot(x: float, y: float, color: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{color}" stroke="{_PAPER}" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str, size: float, color: str, *, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{_escaped(text)}</text>'
    )


def _escaped(text: str) -> str:
    """Text for XML, which has no way to write most control characters."""
    return escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
