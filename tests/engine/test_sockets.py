"""Which links fit, and which values fit: two tables."""

from __future__ import annotations

import enum
from typing import Any, Literal, TypeVar

import jsonschema
import pytest

from graph_engine import Color as Picker
from graph_engine import Image, Latents, Seed, Slider
from graph_engine.sockets import accepts, convert, json_schema, only_by_link, substitute, type_name

T = TypeVar("T")
N = TypeVar("N", int, float)
K = TypeVar("K", bound=Image)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


ACCEPTS = [
    (Image, Image, True),
    (Image, Latents, False),
    (Image, Image | None, True),
    (Image | None, Image, True),
    (Image, list[Image], False),
    (list[Image], list[Image], True),
    (list[Image], Image, False),
    (list[list[int]], list[list[int]], True),
    (float, int, True),
    (int, float, False),
    (int, bool, False),
    (float, bool, False),
    (bool, int, False),
    (str, int, False),
    (Any, Image, True),
    (Image, Any, True),
    (int | str, str, True),
    (int | str, float, False),
    (int, int | str, False),
    (int | str, int | str, True),
    (Literal["a", "b"], str, True),
    (Literal["a", "b"], int, False),
    (Literal[1, 2], int, True),
    (str, Literal["a", "b"], True),
    (int, Literal["a"], False),
    (Color, str, True),
    (Color, Color, True),
    (dict, dict, True),
    (dict[str, Any], dict[str, Any], True),
    (dict, dict[str, int], True),
    (dict, list[int], False),
    (T, Image, True),
    (list[T], list[int], True),
    (list[T], int, False),
    (N, int, True),
    (N, str, False),
    (K, Image, True),
    (K, Latents, False),
]


@pytest.mark.parametrize(("wanted", "given", "fits"), ACCEPTS)
def test_links_fit_by_type(wanted, given, fits):
    assert accepts(wanted, given, {}) is fits


def test_a_type_variable_keeps_the_first_type_that_it_meets():
    bound: dict[Any, Any] = {}
    assert accepts(T, Image, bound)
    assert accepts(list[T], list[Image], bound)
    assert not accepts(T, Latents, bound)
    assert substitute(list[T], bound) == list[Image]
    assert substitute(T | None, bound) == Image | None
    assert substitute(N, bound) is Any


CONVERTS = [
    (int, 5, 5),
    (float, 5, 5.0),
    (float, 0.5, 0.5),
    (bool, True, True),
    (str, "no", "no"),
    (int | None, None, None),
    (list[float], [1, 2], [1.0, 2.0]),
    (list[int], (1, 2), [1, 2]),
    (list[int] | None, [1], [1]),
    (Literal["a", 1], 1, 1),
    (Color, "red", Color.RED),
    (Color, Color.RED, Color.RED),
    (int | str, "x", "x"),
    (Any, {"a": [1, None]}, {"a": [1, None]}),
    (dict, {"a": 1}, {"a": 1}),
    (T, "x", "x"),
]


@pytest.mark.parametrize(("tp", "value", "found"), CONVERTS)
def test_values_that_fit(tp, value, found):
    converted = convert(tp, value)
    assert converted == found
    assert type(converted) is type(found)


MISFITS = [
    (int, "5", "wants a whole number, found '5'"),
    (int, 5.0, "wants a whole number, found 5.0"),
    (int, True, "wants a whole number, found True"),
    (int, None, "wants int, found nothing"),
    (float, float("nan"), "wants a finite number, found nan"),
    (float, float("inf"), "wants a finite number, found inf"),
    (int, 2**63, "wants a number of at most 9223372036854775807, found one with 19 digits"),
    (bool, 1, "wants true or false, found 1"),
    (str, 5, "wants text, found 5; write it in quotes"),
    (str, "a\x00b", "holds a NUL character at position 1; remove it"),
    (str, "a\ud800", "holds half of a surrogate pair at position 1; remove it"),
    (Any, ["a\x00"], "holds a NUL character at position 1; remove it"),
    (list[int], 5, "wants a list of int, found 5"),
    (list[int], [1, "2"], "wants a whole number, found '2'"),
    (Literal["ddim", "euler"], "dim", "wants one of ddim, euler; found 'dim'. Did you mean 'ddim'?"),
    (Literal[1, 2], True, "wants one of 1, 2; found True."),
    (Color, "green", "wants one of red, blue; found 'green'."),
    (int | str, 0.5, "wants int or text, found 0.5"),
    (Image, "cat.png", "wants Image, which only a link can give; found 'cat.png'"),
    (dict, [1], "wants a mapping, found a list"),
    (Any, object(), "wants plain data, found a object"),
    (str, 10**70, f"wants text, found {'1' + '0' * 56}...; write it in quotes"),
]


@pytest.mark.parametrize(("tp", "value", "message"), MISFITS)
def test_values_that_do_not_fit_say_what_was_wanted_and_found(tp, value, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is the point
        convert(tp, value)
    assert str(caught.value) == message


BOUNDS = [
    (Slider(1, 100), 0, "wants 1 to 100, found 0"),
    (Slider(0.5, 1), 2, "wants 0.5 to 1, found 2"),
    (Slider(0, 2**53), 2**53 + 1, "wants 0 to 9007199254740992, found 9007199254740993"),
    (Slider(0, float("inf")), -1, "wants at least 0, found -1"),
    (Slider(-float("inf"), 7), 8, "wants at most 7, found 8"),
]


@pytest.mark.parametrize(("slider", "value", "message"), BOUNDS)
def test_bounds_are_told_exactly(slider, value, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is the point
        convert(int, value, (slider,))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("widget", "value", "right"),
    [
        (Picker(), "#ff8800", True), (Picker(), "#FF88aa", True), (Picker(), "#f80", False),
        (Picker(), "orange", False), (Picker(), "#ff8800ff", False), (Picker(), "#ff8800\n", False),
        (Picker(), "", False),
        (Picker(names=True), "orange", True), (Picker(names=True), "#f80", True),
    ],
)  # fmt: skip
def test_a_colour_is_checked_unless_the_node_knows_names(widget, value, right):
    schema = json_schema(str, (widget,))
    assert jsonschema.Draft202012Validator(schema).is_valid(value) == (right or value.endswith("\n"))
    if right:
        assert convert(str, value, (widget,)) == value
    else:
        with pytest.raises(ValueError, match=r"wants a colour as #rrggbb, such as #ff8800; found '"):
            convert(str, value, (widget,))


@pytest.mark.parametrize(
    ("tp", "name"),
    [
        (list[Image], "list[Image]"),
        (str | None, "text"),
        (Literal["a", "b"], "one of a, b"),
        (Color, "one of red, blue"),
        (int | str, "int or text"),
        (T, "any"),
    ],
)
def test_types_are_named_in_the_words_of_the_user(tp, name):
    assert type_name(tp) == name


def test_a_schema_holds_what_json_can_hold():
    assert json_schema(int, (Slider(0, float("inf")),)) == {"type": "integer", "minimum": 0}
    assert json_schema(Color | None) == {"anyOf": [{"enum": ["red", "blue"]}, {"type": "null"}]}
    assert json_schema(Seed.__origin__, Seed.__metadata__)["maximum"] == 2**53


B = TypeVar("B", Image, Latents)
BY_LINK = [Image, Image | None, list[Image], list[Image | None], Image | Latents, Image | Latents | None, B, K, list[B]]
BY_VALUE = [int, str | None, list[int], Image | str, Any, T, N, dict, Literal["a"], list[list[str]]]


@pytest.mark.parametrize("tp", BY_LINK, ids=str)
def test_what_only_a_link_gives_takes_no_value(tp: Any) -> None:
    assert only_by_link(tp)
    with pytest.raises(ValueError, match="wants"):
        convert(tp, "a cat", ())


@pytest.mark.parametrize("tp", BY_VALUE, ids=str)
def test_what_a_value_may_give_is_not_for_links_alone(tp: Any) -> None:
    assert not only_by_link(tp)
