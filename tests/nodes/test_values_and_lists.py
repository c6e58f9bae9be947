"""Values, switches and lists."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from graph_nodes import lists, values
from hypothesis import given
from hypothesis import strategies as st

from graph_engine import Lazy


def test_join_text_leaves_out_what_is_empty() -> None:
    assert values.join_text(["a red circle", "", "oil on canvas"]) == "a red circle, oil on canvas"
    assert values.join_text([], "; ") == ""


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("scale {}", 3.0, "scale 3"),
        ("{} {}", 0.25, "0.25 0.25"),
        ("seed {}", 7, "seed 7"),
        ("{0.__class__} {}", "a", "{0.__class__} a"),
        ("none", True, "none"),
        ("CLIP {:.3f}", 0.68249, "CLIP 0.682"),
        ("{:.0%} of {}", 0.5, "50% of 0.5"),
        ("{:.1f}", 3, "3.0"),
        ("{:.1f}", "three", "{:.1f}"),
        ("{:>9999999f} {:d} {value}", 1.0, "{:>9999999f} {:d} {value}"),
    ],
)
def test_format_text_replaces_the_field_and_nothing_else(template: str, value: str | float, text: str) -> None:
    assert values.format_text(template, value) == text


@pytest.mark.parametrize("condition", [True, False])
def test_switch_computes_only_the_side_that_it_takes(condition: bool) -> None:
    asked: list[str] = []

    def side(name: str) -> Lazy[str]:
        async def ask() -> str:
            asked.append(name)
            return name

        return Lazy(ask)

    taken = asyncio.run(values.switch(condition, side("yes"), side("no")))
    assert [taken] == asked == ["yes" if condition else "no"]


@given(st.lists(st.integers()), st.lists(st.text()))
def test_cross_gives_every_pair_row_by_row(rows: list[int], columns: list[str]) -> None:
    crossed = lists.cross(rows, columns)
    assert list(zip(*crossed, strict=True)) == [(row, column) for row in rows for column in columns]


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_lists_are_made_joined_and_counted_without_changing_the_first(a: list[int], b: list[int]) -> None:
    before = list(a)
    assert lists.join_lists(a, b) == a + b
    assert lists.list_of(a) == a
    assert lists.list_of(a) is not a
    assert lists.count(a) == len(a)
    assert a == before


def test_pick_counts_from_both_ends_and_names_what_there_is() -> None:
    assert lists.pick(["a", "b", "c"], -1) == "c"
    with pytest.raises(IndexError, match="wants an index from -3 to 2 of 3 items, found 3"):
        lists.pick(["a", "b", "c"], 3)


@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(2, 50))
def test_a_number_range_has_both_ends_and_even_gaps(start: float, stop: float, count: int) -> None:
    numbers = lists.number_range(start, stop, count)
    assert len(numbers) == count
    assert numbers[0] == start
    assert numbers[-1] == pytest.approx(stop, abs=1e-9)
    gaps = [b - a for a, b in itertools.pairwise(numbers)]
    assert max(gaps) - min(gaps) < 1e-9


def test_ranges_may_be_short_or_count_down() -> None:
    assert lists.number_range(2.0, 5.0, 1) == [2.0]
    assert lists.number_range(2.0, 5.0, 0) == []
    assert lists.integer_range(5, 3, -2) == [5, 3, 1]
