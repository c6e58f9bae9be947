"""What a node's sockets accept: Python types as socket types, widgets as `Annotated` metadata, and the two checks.

`accepts` answers whether a link fits (types against types), `convert` whether a value from a file, a flag or a form
fits (JSON against a type). Types are ordinary typing objects; nothing here knows of nodes or graphs.
"""

from __future__ import annotations

import enum
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from graph_engine.kinds import kind_of

__all__ = [
    "Color",
    "FilePath",
    "Multiline",
    "Seed",
    "SeedBox",
    "Slider",
    "Widget",
    "accepts",
    "choices_of",
    "convert",
    "json_schema",
    "only_by_link",
    "split_optional",
    "substitute",
    "type_name",
]

_MAX_INT = 2**63 - 1
_RRGGBB = "^#[0-9a-fA-F]{6}$"
_NAMES: dict[Any, str] = {str: "text", int: "int", float: "float", bool: "bool", Any: "any", type(None): "nothing"}


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high` (both allowed), moved in steps of `step`."""

    low: float
    high: float
    step: float | None = None

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"Slider({self.low}, {self.high}): low must not be above high")


@dataclass(frozen=True)
class Multiline:
    """A text box of several lines."""

    rows: int = 3


@dataclass(frozen=True)
class SeedBox:
    """A seed field with lock, random and step buttons."""


@dataclass(frozen=True)
class FilePath:
    """A file picker; `suffixes` are the endings it offers, such as `.png`."""

    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Color:
    """A colour picker, which writes `#rrggbb`. names: the node also takes names such as `orange`, which it looks up
    itself; without it nothing but `#rrggbb` is taken."""

    names: bool = False


Widget = Slider | Multiline | SeedBox | FilePath | Color
Seed = Annotated[int, SeedBox(), Slider(0, 2**53)]
"""A whole number that fixes the noise: image k of a batch with seed s is the image with seed s + k alone."""


def type_name(tp: Any) -> str:
    """A socket type in the words of the user: `Image`, `list[Image]`, `text`, `float`."""
    tp, _ = split_optional(tp)
    origin = get_origin(tp)
    if origin is list:
        return f"list[{type_name(get_args(tp)[0])}]"
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(tp))
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(part) for part in get_args(tp))
    if isinstance(tp, TypeVar):
        return "any"
    if isinstance(tp, type) and issubclass(tp, enum.Enum):
        return "one of " + ", ".join(str(member.value) for member in tp)
    if tp in _NAMES:
        return _NAMES[tp]
    return getattr(tp, "__name__", str(tp))


def split_optional(tp: Any) -> tuple[Any, bool]:
    """`T | None` into (T, True), anything else into (tp, False)."""
    if get_origin(tp) in (Union, types.UnionType) and type(None) in get_args(tp):
        rest = tuple(part for part in get_args(tp) if part is not type(None))
        return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007 - built at run time
    return tp, False


def only_by_link(tp: Any) -> bool:
    """True when no value that can be written down fits: for kinds, lists of them, and what is one of several."""
    tp, _ = split_optional(tp)
    if get_origin(tp) is list:
        return only_by_link(get_args(tp)[0])
    parts: tuple[Any, ...] = ()
    if get_origin(tp) in (Union, types.UnionType):
        parts = get_args(tp)
    elif isinstance(tp, TypeVar):
        parts = tp.__constraints__ or ((tp.__bound__,) if tp.__bound__ else ())
    return all(map(only_by_link, parts)) if parts else kind_of(tp) is not None


def choices_of(tp: Any) -> tuple[Any, ...] | None:
    """The values of a drop-down (Literal or Enum), or None when the type is open."""
    tp, _ = split_optional(tp)
    if get_origin(tp) is Literal:
        return get_args(tp)
    if isinstance(tp, type) and issubclass(tp, enum.Enum):
        return tuple(member.value for member in tp)
    return None


def accepts(wanted: Any, given: Any, bound: dict[TypeVar, Any]) -> bool:
    """True when an output of type `given` fits an input of type `wanted`.

    A type variable takes the first type that it meets, which is then kept in `bound` for the rest of the node.
    An int fits a float; text fits a drop-down (its value is checked when it is known).
    """
    given, _ = split_optional(given)
    wanted, _ = split_optional(wanted)
    if wanted is Any or given is Any or (wanted == given and not isinstance(wanted, TypeVar)):
        return True
    if isinstance(wanted, TypeVar):
        return _accepts_variable(wanted, given, bound)
    if isinstance(given, TypeVar):
        return True
    origin = get_origin(wanted)
    if origin in (Union, types.UnionType):
        return any(accepts(part, given, bound) for part in get_args(wanted))
    if get_origin(given) in (Union, types.UnionType):
        return all(accepts(wanted, part, bound) for part in get_args(given))
    if origin is list:
        return get_origin(given) is list and accepts(get_args(wanted)[0], get_args(given)[0], bound)
    if choices_of(wanted) is not None:
        return given in {type(choice) for choice in choices_of(wanted) or ()}
    if choices_of(given) is not None:
        return all(accepts(wanted, type(choice), {}) for choice in choices_of(given) or ())
    if origin is dict or wanted is dict:
        return given is dict or get_origin(given) is dict
    if wanted is float and given is int:
        return True
    return (
        isinstance(wanted, type) and isinstance(given, type) and issubclass(given, wanted) and _same_bool(wanted, given)
    )


def _same_bool(wanted: type, given: type) -> bool:
    return not (given is bool and wanted is not bool)


def _accepts_variable(wanted: TypeVar, given: Any, bound: dict[TypeVar, Any]) -> bool:
    if wanted in bound:
        return accepts(bound[wanted], given, {})
    allowed = wanted.__constraints__ or ((wanted.__bound__,) if wanted.__bound__ else ())
    if allowed and not any(accepts(part, given, {}) for part in allowed):
        return False
    bound[wanted] = given
    return True


def substitute(tp: Any, bound: Mapping[TypeVar, Any]) -> Any:
    """`tp` with the type variables that are known replaced; unknown ones become Any."""
    if isinstance(tp, TypeVar):
        return bound.get(tp, Any)
    inner, optional = split_optional(tp)
    if optional:
        found = substitute(inner, bound)
        return found if found is Any else found | None
    if get_origin(tp) is list:
        return list[substitute(get_args(tp)[0], bound)]  # type: ignore[misc]
    return tp


def convert(tp: Any, value: Any, widgets: tuple[Widget, ...] = ()) -> Any:
    """`value`, as read from a file, flag or form, as a value of type `tp`; ValueError says what was wanted and found.

    Nothing is guessed: text is not a number, 1 is not true. Kinds cannot be written as values.
    """
    tp, optional = split_optional(tp)
    if value is None:
        if optional:
            return None
        raise ValueError(f"wants {type_name(tp)}, found nothing")
    choices = choices_of(tp)
    if choices is not None:
        return _convert_choice(tp, choices, value)
    origin = get_origin(tp)
    if origin is list:
        if not isinstance(value, list | tuple):
            raise ValueError(f"wants a list of {type_name(get_args(tp)[0])}, found {_show(value)}")
        return [convert(get_args(tp)[0], item, widgets) for item in value]
    if only_by_link(tp):
        raise ValueError(f"wants {type_name(tp)}, which only a link can give; found {_show(value)}")
    if tp is Any or isinstance(tp, TypeVar):
        return _plain(value)
    if origin in (Union, types.UnionType):
        return _convert_union(tp, value, widgets)
    if origin is dict or tp is dict:
        if not isinstance(value, dict):
            raise ValueError(f"wants a mapping, found {_show(value)}")
        return _plain(value)
    return _convert_scalar(tp, value, widgets)


def _convert_choice(tp: Any, choices: tuple[Any, ...], value: Any) -> Any:
    from graph_engine.errors import did_you_mean

    if isinstance(tp, type) and isinstance(value, tp):
        return value
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return tp(value) if isinstance(tp, type) else value
    hint = did_you_mean(value, [str(choice) for choice in choices]) if isinstance(value, str) else ""
    raise ValueError(f"wants {type_name(tp)}; found {_show(value)}.{hint}")


def _convert_union(tp: Any, value: Any, widgets: tuple[Widget, ...]) -> Any:
    for part in get_args(tp):
        try:
            return convert(part, value, widgets)
        except ValueError:
            continue
    raise ValueError(f"wants {type_name(tp)}, found {_show(value)}")


def _convert_scalar(tp: Any, value: Any, widgets: tuple[Widget, ...]) -> Any:
    if tp is str:
        if not isinstance(value, str):
            raise ValueError(f"wants text, found {_show(value)}; write it in quotes")
        return _check_color(_check_text(value), widgets)
    if tp is bool:
        if not isinstance(value, bool):
            raise ValueError(f"wants true or false, found {_show(value)}")
        return value
    if tp in (int, float):
        return _check_number(tp, value, widgets)
    raise ValueError(f"wants {type_name(tp)}, found {_show(value)}")


def _check_text(value: str) -> str:
    if "\x00" in value:
        raise ValueError(f"holds a NUL character at position {value.index(chr(0))}; remove it")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half of a surrogate pair at position {error.start}; remove it") from None
    return value


def _check_color(value: str, widgets: tuple[Widget, ...]) -> str:
    if Color() in widgets and not re.fullmatch(_RRGGBB, value):
        raise ValueError(f"wants a colour as #rrggbb, such as #ff8800; found {_show(value)}")
    return value


def _check_number(tp: type, value: Any, widgets: tuple[Widget, ...]) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"wants a {'whole ' if tp is int else ''}number, found {_show(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"wants a finite number, found {value}")
    if tp is int and isinstance(value, float):
        raise ValueError(f"wants a whole number, found {value}")
    if abs(value) > _MAX_INT:
        raise ValueError(f"wants a number of at most {_MAX_INT}, found one with {len(str(abs(int(value))))} digits")
    for widget in widgets:
        if isinstance(widget, Slider) and not widget.low <= value <= widget.high:
            raise ValueError(f"wants {_range(widget)}, found {value}")
    return tp(value)  # type: ignore[no-any-return]


def _range(slider: Slider) -> str:
    low, high = (str(end) if isinstance(end, int) else f"{end:g}" for end in (slider.low, slider.high))
    if math.isinf(slider.high):
        return f"at least {low}"
    return f"at most {high}" if math.isinf(slider.low) else f"{low} to {high}"


def _plain(value: Any) -> Any:
    """JSON data with every number and text checked; nesting is bounded by the reader."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return _check_text(value)
    if isinstance(value, int | float):
        return _check_number(type(value), value, ())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_check_text(str(key)): _plain(item) for key, item in value.items()}
    raise ValueError(f"wants plain data, found {_show(value)}")


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) or value is None else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def json_schema(tp: Any, widgets: tuple[Widget, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of the values that `convert` takes for `tp`."""
    tp, optional = split_optional(tp)
    choices = choices_of(tp)
    schema: dict[str, Any]
    if choices is not None:
        schema = {"enum": list(choices)}
    elif get_origin(tp) is list:
        schema = {"type": "array", "items": json_schema(typing.get_args(tp)[0], widgets)}
    elif get_origin(tp) in (Union, types.UnionType):
        schema = {"anyOf": [json_schema(part, widgets) for part in get_args(tp)]}
    elif get_origin(tp) is dict or tp is dict:
        schema = {"type": "object"}
    else:
        names = {str: "string", int: "integer", float: "number", bool: "boolean"}
        schema = {"type": names[tp]} if tp in names else {}
        for widget in widgets:
            if isinstance(widget, Slider):
                ends = {"minimum": widget.low, "maximum": widget.high}
                schema |= {name: end for name, end in ends.items() if math.isfinite(end)}
            elif widget == Color():
                schema |= {"pattern": _RRGGBB}
    return {"anyOf": [schema, {"type": "null"}]} if optional else schema
