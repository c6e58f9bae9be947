"""Where everything goes: layers from left to right, few crossings, links as straight as the boxes allow.

The layered method of Sugiyama, Tagawa and Toda (1981): a layer for each box, waypoints where a link passes a layer,
sweeps that put everything at the mean of its neighbours, and heights by least squares under the order found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graph_engine.draw.boxes import INPUTS, OUTPUTS, Box, Wire

__all__ = ["HEADER", "ROW", "Arranged", "Placed", "arrange"]

HEADER, ROW, PADDING = 42, 21, 8
_GAP_X, _GAP_Y, _WIRE_GAP = 68, 26, 16
_MAX_WAYPOINTS = 20_000
_SWEEPS = 12


@dataclass
class Placed:
    """A box, or a waypoint of a link (box is None), with its place."""

    box: Box | None
    layer: int
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0

    def input_y(self, index: int) -> float:
        """Height of an input socket (or of the waypoint) in the picture."""
        return self.y + self.offset(index, len(self.box.outputs) if self.box else 0)

    def output_y(self, index: int) -> float:
        """Height of an output socket."""
        return self.y + self.offset(index, 0)

    def offset(self, index: int, above: int) -> float:
        """Outputs come first, inputs below them."""
        return HEADER + PADDING + ROW * (index + above) + ROW / 2 if self.box else 0.0


@dataclass
class Arranged:
    """Everything with its place; `paths` holds, for each wire, the names of what it passes, both ends included."""

    places: dict[str, Placed]
    wires: Sequence[Wire]
    paths: list[list[str]] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class _Step:
    """A wire between two neighbouring layers, with the height of its ends inside their boxes."""

    left: str
    left_offset: float
    right: str
    right_offset: float


def arrange(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> Arranged:
    """Places for boxes and waypoints for the wires between them; links that close a cycle bend back."""
    layers = _layers(boxes, wires)
    places = {name: Placed(box, layers[name], _width(box), _height(box)) for name, box in boxes.items()}
    result = Arranged(places, wires)
    span = sum(abs(layers[wire.target] - layers[wire.source]) for wire in wires)
    steps = []
    for wire in wires:
        path = _path(places, wire) if span <= _MAX_WAYPOINTS else [wire.source, wire.target]
        result.paths.append(path)
        steps += _steps(places, wire, path)
    steps = list(dict.fromkeys(steps))
    rows = _order(places, steps)
    _set_heights(places, rows, steps)
    _set_widths(places, rows, result)
    return result


def _layers(boxes: Mapping[str, Box], wires: Sequence[Wire]) -> dict[str, int]:
    """Each box right of all that it needs; boxes that need nothing stand close to their first user."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(boxes)
    graph.add_edges_from((wire.source, wire.target) for wire in wires if wire.source != wire.target)
    if INPUTS in boxes:
        graph.add_edges_from((INPUTS, name) for name in boxes if name != INPUTS and not graph.in_degree(name))
    while not networkx.is_directed_acyclic_graph(graph):
        graph.remove_edge(*networkx.find_cycle(graph)[-1][:2])
    layers = {name: index for index, names in enumerate(networkx.topological_generations(graph)) for name in names}
    first = 1 if INPUTS in boxes else 0
    for name in reversed(list(networkx.topological_sort(graph))):
        if name != INPUTS and not set(graph.predecessors(name)) - {INPUTS}:
            users = [layers[user] for user in graph.successors(name)]
            layers[name] = max(first, min(users, default=first + 1) - 1)
    if OUTPUTS in boxes:
        layers[OUTPUTS] = 1 + max((layer for name, layer in layers.items() if name != OUTPUTS), default=0)
    return layers


def _path(places: dict[str, Placed], wire: Wire) -> list[str]:
    """The wire's ends with a waypoint for each layer between them; wires from one socket share theirs."""
    first, last = places[wire.source].layer, places[wire.target].layer
    between = []
    for layer in range(first + 1, last):
        name = f" {wire.source} {wire.output} {layer}"
        places.setdefault(name, Placed(None, layer, 0, 0))
        between.append(name)
    return [wire.source, *between, wire.target]


def _steps(places: Mapping[str, Placed], wire: Wire, path: Sequence[str]) -> list[_Step]:
    steps = []
    for left, right in pairwise(path):
        outputs = places[left].offset(wire.output, 0)
        box = places[right].box
        steps.append(_Step(left, outputs, right, places[right].offset(wire.input, len(box.outputs) if box else 0)))
    return steps


def _order(places: Mapping[str, Placed], steps: Sequence[_Step]) -> list[list[str]]:
    """The names in each layer from top to bottom: barycentre sweeps, the order with the fewest crossings is kept."""
    count = max((place.layer for place in places.values()), default=-1) + 1
    rows: list[list[str]] = [[] for _ in range(count)]
    for name, place in places.items():
        rows[place.layer].append(name)
    before, after = _neighbours(steps)
    best, fewest = [list(row) for row in rows], _crossings(rows, places, steps)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in range(1, count) if forward else range(count - 2, -1, -1):
            beside = rows[layer - 1 if forward else layer + 1]
            position = {name: index for index, name in enumerate(beside)}
            around = before if forward else after
            level = {name: _barycentre(name, index, around, position) for index, name in enumerate(rows[layer])}
            rows[layer].sort(key=level.__getitem__)
        crossings = _crossings(rows, places, steps)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _neighbours(
    steps: Sequence[_Step],
) -> tuple[dict[str, list[tuple[str, float]]], dict[str, list[tuple[str, float]]]]:
    before: dict[str, list[tuple[str, float]]] = {}
    after: dict[str, list[tuple[str, float]]] = {}
    for step in steps:
        before.setdefault(step.right, []).append((step.left, step.left_offset))
        after.setdefault(step.left, []).append((step.right, step.right_offset))
    return before, after


def _barycentre(
    name: str, own: int, around: Mapping[str, list[tuple[str, float]]], position: Mapping[str, int]
) -> float:
    """Mean position of the neighbours; sockets of one box are told apart by their height."""
    found = [position[other] + offset / 10_000 for other, offset in around.get(name, []) if other in position]
    return sum(found) / len(found) if found else float(own)


def _crossings(rows: Sequence[Sequence[str]], places: Mapping[str, Placed], steps: Sequence[_Step]) -> int:
    """How many pairs of wires cross between neighbouring layers: inversions, counted by sorted insertion."""
    from bisect import bisect_right, insort

    position = {name: index for row in rows for index, name in enumerate(row)}
    by_layer: dict[int, list[tuple[tuple[float, float], tuple[float, float]]]] = {}
    for step in steps:
        ends = (position[step.left], step.left_offset), (position[step.right], step.right_offset)
        by_layer.setdefault(places[step.left].layer, []).append(ends)
    count = 0
    for pairs in by_layer.values():
        seen: list[tuple[float, float]] = []
        for _, right in sorted(pairs):
            count += len(seen) - bisect_right(seen, right)
            insort(seen, right)
    return count


def _set_heights(places: Mapping[str, Placed], rows: Sequence[Sequence[str]], steps: Sequence[_Step]) -> None:
    for row in rows:
        _stack(places, row, [0.0] * len(row))
    left: dict[str, list[_Step]] = {}
    right: dict[str, list[_Step]] = {}
    for step in steps:
        left.setdefault(step.right, []).append(step)
        right.setdefault(step.left, []).append(step)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _stack(places, row, [_wanted_height(places, name, left, right) for name in row])
    top = min((place.y for place in places.values()), default=0.0)
    for place in places.values():
        place.y -= top


def _wanted_height(
    places: Mapping[str, Placed], name: str, left: Mapping[str, list[_Step]], right: Mapping[str, list[_Step]]
) -> float:
    """Where the wires would be level."""
    levels = [places[step.left].y + step.left_offset - step.right_offset for step in left.get(name, [])]
    levels += [places[step.right].y + step.right_offset - step.left_offset for step in right.get(name, [])]
    return sum(levels) / len(levels) if levels else places[name].y


def _stack(places: Mapping[str, Placed], row: Sequence[str], wanted: Sequence[float]) -> None:
    """Put a row as close to `wanted` as possible, in order and without overlap (pool adjacent violators)."""
    offsets, used = [], 0.0
    for name in row:
        offsets.append(used)
        place = places[name]
        used += place.height + (_GAP_Y if place.box else _WIRE_GAP)
    pools: list[tuple[float, int]] = []
    for level, offset in zip(wanted, offsets, strict=True):
        mean, size = level - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    levels = [mean for mean, size in pools for _ in range(size)]
    for name, level, offset in zip(row, levels, offsets, strict=True):
        places[name].y = level + offset


def _set_widths(places: Mapping[str, Placed], rows: Sequence[Sequence[str]], result: Arranged) -> None:
    x = 0.0
    for row in rows:
        width = max((places[name].width for name in row), default=0.0)
        for name in row:
            place = places[name]
            place.x, place.width = x, width
        x += width + _GAP_X
    result.width = x - _GAP_X if rows else 0.0
    result.height = max((place.y + place.height for place in places.values()), default=0.0)


def _width(box: Box) -> float:
    lines = [len(box.title) * 8.2 + 8, (len(box.subtitle) + (9 if box.unknown else 0)) * 6.2 + 8]
    for socket in [*box.inputs, *box.outputs]:
        letters = len(socket.name) + (len(socket.value) + 3 if socket.value else 0)
        lines.append(letters * 6.7 + 12)
    return max(130.0, max(lines) + 24)


def _height(box: Box) -> float:
    return HEADER + ROW * (len(box.inputs) + len(box.outputs)) + 2 * PADDING
