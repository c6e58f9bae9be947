"""Nodes that hold a value, and nodes that choose."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from graph_engine import Lazy, Multiline, Seed, node

__all__ = ["boolean", "format_text", "integer", "join_text", "number", "seed", "switch", "text"]

T = TypeVar("T")
_FIELD = re.compile(r"\{(:(?P<places>\.\d{1,2}[f%]))?\}")


@node(category="values")
def text(value: Annotated[str, Multiline()] = "") -> str:
    """A text that several nodes can share."""
    return value


@node(category="values")
def number(value: float = 0.0) -> float:
    """A number that several nodes can share."""
    return value


@node(category="values")
def integer(value: int = 0) -> int:
    """A whole number that several nodes can share."""
    return value


@node(category="values")
def boolean(value: bool = False) -> bool:
    """A yes or no that several nodes can share."""
    return value


@node(category="values")
def seed(value: Seed = 0) -> int:
    """A seed that several nodes can share."""
    return value


@node(category="values")
def join_text(texts: list[str], separator: str = ", ") -> str:
    """Join texts into one, such as a subject and a style into a prompt; empty ones are left out.

    separator: what stands between two of them.
    """
    return separator.join(text for text in texts if text)


@node(category="values")
def format_text(template: str, value: str | float | int | bool) -> str:
    """Write a value into a text, such as `scale {}` into `scale 3.5`.

    template: every `{}` in it is replaced by the value; `{:.2f}` writes a number with two places after the point,
    `{:.0%}` as a percentage.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)

    def shown(field: re.Match[str]) -> str:
        if not field["places"]:
            return f"{value:g}" if isinstance(value, float) else str(value)
        return format(value, field["places"]) if is_number else field[0]

    return _FIELD.sub(shown, template)


@node(category="values")
async def switch(condition: bool, on_true: Lazy[T], on_false: Lazy[T]) -> T:
    """Pass on one of two values; what the other one would need is not computed.

    condition: true for `on_true`, false for `on_false`.
    """
    return await (on_true if condition else on_false)
