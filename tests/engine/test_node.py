"""A typed function becomes a node; what cannot become one fails at import, in words."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from graph_engine import Context, Expansion, Image, Lazy, Slider, node
from graph_engine.node import Lazy as LazyInput

from . import toys


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Pair(NamedTuple):
    left: Image
    right: int | None


def untyped(a) -> int:
    return a


def no_return(a: int):
    return a


def star(*a: int) -> int:
    return 0


def keywords(**a: int) -> int:
    return 0


def positional(a: int, /) -> int:
    return a


def bad_default(a: int = "x") -> int:  # type: ignore[assignment]
    return a


def out_of_range(a: Annotated[int, Slider(1, 5)] = 9) -> int:
    return a


def bad_choice(a: Literal["x", "y"] = "z") -> str:  # type: ignore[assignment]
    return a


def kind_default(a: Image = 5) -> int:  # type: ignore[assignment]
    return 0


def stranger(a: Annotated[int, "slider"]) -> int:
    return a


def lazy_sync(a: Lazy[int]) -> int:
    return 0


MISTAKES = [
    (untyped, {}, "node untyped: parameter 'a' has no type; annotate it, because the type is the socket"),
    (no_return, {}, "node no_return has no return type; annotate it, because the type is the output socket"),
    (star, {}, "node star: parameter 'a': *args, **kwargs and positional-only parameters cannot be sockets"),
    (keywords, {}, "node keywords: parameter 'a': *args, **kwargs and positional-only parameters cannot be sockets"),
    (
        positional,
        {},
        "node positional: parameter 'a': *args, **kwargs and positional-only parameters cannot be sockets",
    ),
    (bad_default, {}, "node bad_default: parameter 'a': the default wants a whole number, found 'x'"),
    (out_of_range, {}, "node out_of_range: parameter 'a': the default wants 1 to 5, found 9"),
    (bad_choice, {}, "node bad_choice: parameter 'a': the default wants one of x, y; found 'z'."),
    (kind_default, {}, "node kind_default: parameter 'a': a default of kind Image cannot be stored; use None"),
    (
        stranger,
        {},
        "node stranger: parameter 'a': 'slider' is no widget; use Slider, Multiline, SeedBox, FilePath or Color",
    ),
    (lazy_sync, {}, "node lazy_sync: a Lazy input needs an `async def` function, which can await it"),
    (toys.add.__wrapped__, {"version": 0}, "node add: version must be 1 or more, found 0"),
    (
        toys.add.__wrapped__,
        {"fingerprint": lambda c: ""},
        "node add: fingerprint has a parameter 'c' that the node has not",
    ),
]


@pytest.mark.parametrize(("function", "options", "message"), MISTAKES)
def test_a_function_that_cannot_be_a_node_fails_at_import(function, options, message):
    with pytest.raises(TypeError) as caught:
        node(**options)(function)
    assert str(caught.value) == message


def test_a_slider_upside_down_fails_at_import():
    with pytest.raises(ValueError, match=r"Slider\(5, 1\): low must not be above high"):
        Slider(5, 1)


def test_a_node_is_still_its_function():
    assert toys.add(2, b=3) == 5
    assert toys.add.__doc__ == "The sum of two numbers."
    assert toys.add.spec.inputs["b"].default == 1


def test_an_enum_default_is_taken():
    @node
    def paint(color: Color = Color.RED) -> str:
        """Paint."""
        return color.value

    assert paint.spec.inputs["color"].default is Color.RED


OUTPUTS = [
    (int, ["number"]),
    (bool, ["flag"]),
    (str, ["text"]),
    (Image, ["image"]),
    (Image | None, ["image"]),
    (list[Image], ["images"]),
    (list[int], ["numbers"]),
    (Any, ["value"]),
    (dict[str, int], ["value"]),
    (Pair, ["left", "right"]),
    (Expansion[Pair], ["left", "right"]),
    (None, []),
]


@pytest.mark.parametrize(("returned", "names"), OUTPUTS)
def test_outputs_are_named_by_their_types(returned, names):
    def make(a: int = 0):
        """Make."""

    make.__annotations__["return"] = returned
    assert [output.name for output in node(make).spec.outputs] == names


def test_a_context_is_no_socket_and_makes_the_device_count():
    assert list(toys.steps.spec.inputs) == ["count"]
    assert toys.steps.spec.determinism == "device"
    assert toys.add.spec.determinism == "exact"
    assert Context().device == "cpu"


def test_an_upgrade_from_the_present_version_is_a_mistake():
    with pytest.raises(TypeError, match=r"add.upgrade\(1\): the node is at version 1"):
        toys.add.upgrade(1)


def test_a_lazy_input_known_already_can_be_awaited_in_a_test():
    import asyncio

    assert asyncio.run(toys.choose(True, LazyInput.of(1), LazyInput.of(2))) == 1
