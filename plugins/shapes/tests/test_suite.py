"""The prompt suite: eleven categories, each of which means what it says, and a table that counts them."""

from __future__ import annotations

import csv
import io

import pytest
import torch
from graph_engine_shapes import nodes, words
from graph_engine_shapes.captions import names_held_out, parse, split, vocabulary
from graph_engine_shapes.suite import CATEGORIES, RARE, Task, suite

from graph_engine import Image

TASKS = suite(12, 0)


def _of(category: str) -> list[Task]:
    return [task for task in TASKS if task.category == category]


def test_there_are_eleven_categories_of_equally_many_different_prompts() -> None:
    assert len(CATEGORIES) == 11
    assert {category: len({task.prompt for task in _of(category)}) for category in CATEGORIES} == dict.fromkeys(
        CATEGORIES, 12
    )


def test_the_seed_decides_and_more_prompts_begin_with_the_same_ones() -> None:
    assert suite(12, 0) == TASKS
    assert {task.prompt for task in suite(12, 1)} != {task.prompt for task in TASKS}
    assert [task for task in TASKS if task in suite(3, 0)] == suite(3, 0)


@pytest.mark.parametrize("category", [name for name in CATEGORIES if name != "misspellings"])
def test_a_prompt_means_what_is_judged(category: str) -> None:
    for task in _of(category):
        assert parse(task.prompt) == parse(task.meaning)
        assert set(split(task.prompt)) <= set(vocabulary())


def test_the_categories_ask_for_what_they_are_named_after() -> None:
    for task in TASKS:
        wanted = parse(task.meaning)
        kinds = [(each.shape, each.colour) for each in wanted.objects]
        match task.category:
            case "counting":
                assert len(kinds) == 2
                assert kinds[0] == kinds[1]
            case "binding":
                assert kinds[0] != kinds[1]
                assert any(a == b for a, b in zip(*kinds, strict=True))
            case "conflicting" | "unseen pairs":
                assert names_held_out(wanted)
            case "positional":
                assert wanted.relation is not None
            case "rare words":
                assert set(RARE.values()) & set(split(task.prompt))
            case "sizes":
                assert {each.size for each in wanted.objects} == set(words.SIZES)
            case "descriptions":
                assert wanted.relation is not None
                assert wanted.background is not None
            case "misspellings":
                assert len(parse(task.prompt).unknown) == 1


def test_ideal_pictures_have_a_full_score_in_every_category() -> None:
    found = nodes.prompt_suite(3, seed=5)
    pictures = [nodes.render(meaning, 48, seed=k) for k, meaning in enumerate(found.meanings)]
    judged = nodes.judge_table(pictures, found.meanings, found.categories)
    assert (judged.score, judged.objects) == (1.0, 1.0)
    rows = list(csv.DictReader(io.StringIO(judged.table)))
    assert [row["category"] for row in rows] == [*CATEGORIES, "all"]
    assert {row["everything"] for row in rows} == {"1.0000"}
    assert rows[-1]["pictures"] == "33"


def test_the_table_counts_category_by_category() -> None:
    red, blue = (nodes.render(f"a large {colour} circle", 48) for colour in ("red", "blue"))
    batch = Image(torch.cat([red.pixels, blue.pixels]))
    meanings, categories = ["a red circle"] * 3, ["first", "first", "second"]
    judged = nodes.judge_table([batch, red], meanings, categories)
    rows = {row["category"]: row for row in csv.DictReader(io.StringIO(judged.table))}
    assert {name: row["objects"] for name, row in rows.items()} == {
        "first": "0.5000",
        "second": "1.0000",
        "all": "0.6667",
    }
    assert rows["first"]["shape"] == "1.0000"
    assert judged.score == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="found 1 pictures, 3 meanings and 3 categories"):
        nodes.judge_table([red], meanings, categories)
