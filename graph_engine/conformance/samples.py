"""Sample values to try nodes on: defaults where there are any, else something small and plain of the right type."""

from __future__ import annotations

from typing import Any, TypeVar, get_args, get_origin

from graph_engine.kinds import Image, Mask
from graph_engine.node import Input, NodeSpec
from graph_engine.sockets import Color, FilePath, Slider, choices_of, split_optional

__all__ = ["Samples"]

_NOTHING = object()


class Samples:
    """What there is to feed nodes with, by type; outputs of tried nodes are added."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def add(self, tp: Any, value: Any) -> None:
        """Keep a value that a node gave, if it is the first of its type."""
        self._made.setdefault(split_optional(tp)[0], value)

    def can_feed(self, spec: NodeSpec) -> bool:
        """True when there is a value for each of the node's inputs."""
        return all(self._value(socket) is not _NOTHING for socket in spec.inputs.values())

    def arguments(self, spec: NodeSpec) -> dict[str, Any]:
        """A value for each input."""
        return {name: self._value(socket) for name, socket in spec.inputs.items()}

    def guessed(self, spec: NodeSpec) -> bool:
        """True when a required input got a made-up text or number, which the node may refuse with good reason."""
        required = [split_optional(socket.type)[0] for socket in spec.inputs.values() if socket.required]
        return any(tp not in (Image, Mask) and tp not in self._made for tp in required)

    def _value(self, socket: Input) -> Any:
        if not socket.required:
            return socket.default
        if any(isinstance(widget, FilePath) for widget in socket.widgets):
            return _NOTHING
        if any(isinstance(widget, Color) for widget in socket.widgets):
            return "#808080"
        low = next((widget.low for widget in socket.widgets if isinstance(widget, Slider)), 1)
        return self._of_type(split_optional(socket.type)[0], low)

    def _of_type(self, tp: Any, low: float) -> Any:
        if tp in self._made:
            return self._made[tp]
        choices = choices_of(tp)
        if choices is not None:
            return tp(choices[0]) if isinstance(tp, type) else choices[0]
        if get_origin(tp) is list:
            item = self._of_type(get_args(tp)[0], low)
            return item if item is _NOTHING else [item, item]
        if isinstance(tp, TypeVar) or tp is Any:
            return "sample"
        plain = {str: "sample", bool: True, int: int(low), float: float(low)}
        if tp in plain:
            return plain[tp]
        if tp in (Image, Mask):
            self._made[tp] = _picture() if tp is Image else _mask()
            return self._made[tp]
        return _NOTHING


def _picture() -> Image:
    """Two pictures of 48x64: a colour gradient, and its mirror image."""
    import torch

    y, x = torch.meshgrid(torch.linspace(0, 1, 48), torch.linspace(0, 1, 64), indexing="ij")
    one = torch.stack([x, y, (x + y) / 2])
    return Image(torch.stack([one, one.flip(2)]))


def _mask() -> Mask:
    """Two masks of 48x64: the left half, and the right half."""
    import torch

    half = (torch.arange(64) < 32).float().expand(1, 48, 64)
    return Mask(torch.stack([half, 1 - half]))
