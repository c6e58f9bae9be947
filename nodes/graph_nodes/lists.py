"""Nodes that make, take apart and cross lists. `node.output[*]` runs a node once for each element of one."""

from __future__ import annotations

from typing import Annotated, Generic, NamedTuple, TypeVar

from graph_engine import Slider, node

__all__ = ["Crossed", "count", "cross", "integer_range", "join_lists", "list_of", "number_range", "pick"]

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
Count = Annotated[int, Slider(0, 10_000)]


@node(category="lists")
def list_of(items: list[T]) -> list[T]:
    """Make a list of values, in the order of the links."""
    return list(items)


@node(category="lists")
def join_lists(first: list[T], second: list[T]) -> list[T]:
    """Put one list behind another."""
    return [*first, *second]


@node(category="lists")
def pick(items: list[T], index: int = 0) -> T:
    """Take one element out of a list.

    index: 0 is the first, -1 the last. Raises IndexError beyond the ends.
    """
    if not -len(items) <= index < len(items):
        raise IndexError(f"wants an index from {-len(items)} to {len(items) - 1} of {len(items)} items, found {index}")
    return items[index]


@node(category="lists")
def count(items: list[T]) -> int:
    """How many elements a list has."""
    return len(items)


@node(category="lists")
def integer_range(start: int = 0, count: Count = 4, step: int = 1) -> list[int]:
    """Evenly spaced whole numbers, such as seeds to compare.

    start, start + step, and so on: `count` of them.
    """
    return [start + step * k for k in range(count)]


@node(category="lists")
def number_range(start: float = 0.0, stop: float = 1.0, count: Count = 5) -> list[float]:
    """Evenly spaced numbers, `count` of them, from `start` to `stop`: guidance scales to compare, for example."""
    if count < 2:
        return [start] * count
    return [start + (stop - start) * k / (count - 1) for k in range(count)]


class Crossed(NamedTuple, Generic[A, B]):
    """Two lists of one length that hold every pair, row by row."""

    rows: list[A]
    columns: list[B]


@node(category="lists")
def cross(rows: list[A], columns: list[B]) -> Crossed[A, B]:
    """Pair every element of one list with every element of another, row by row, for a grid of all combinations.

    Gives two lists of rows x columns elements to be read together, each with `[*]`.
    """
    return Crossed([row for row in rows for _ in columns], [column for _ in rows for column in columns])
