"""Scenes, their pictures, their captions."""

from __future__ import annotations

import random

import pytest
import torch
from graph_engine_shapes import captions, tokenizer, words
from graph_engine_shapes.drawing import render
from graph_engine_shapes.scenes import EXTENT, Scenes, held_out, random_scenes
from torch.nn import functional


def test_objects_stay_inside_and_apart(scenes: Scenes) -> None:
    reach = scenes.radius * EXTENT
    two = scenes.count == 2
    for k in (0, 1):
        rows = scenes.count > k
        assert (scenes.centre[rows, k] - reach[rows, k, None] >= 0).all()
        assert (scenes.centre[rows, k] + reach[rows, k, None] <= 1).all()
    between = (scenes.centre[:, 0] - scenes.centre[:, 1]).abs().max(dim=1).values
    assert (between - reach.sum(dim=1))[two].min() > 1.5 / 32


def test_renders_are_antialiased_and_the_same_at_any_resolution(scenes: Scenes) -> None:
    fine, coarse = render(scenes, 128), render(scenes, 32)
    assert coarse.shape == (len(scenes), 3, 32, 32)
    assert (functional.avg_pool2d(fine, 4) - coarse).abs().mean() < 0.004
    assert render(scenes.take(torch.arange(2)), 37).shape == (2, 3, 37, 37)
    assert len(coarse[0].flatten(1).unique(dim=1).T) > 2, "edges must have colours in between"


def test_a_tenth_of_the_combinations_is_held_out() -> None:
    ones = len(words.kinds()) * len(words.BACKGROUNDS)
    pairs = len(words.kinds()) * (len(words.kinds()) - 1) // 2
    assert len(words.held_out_ones()) == ones // 10
    assert len(words.held_out_pairs()) == pairs // 10


def test_training_scenes_hold_no_held_out_combination() -> None:
    drawn = random_scenes(4000, torch.Generator().manual_seed(1), two=0.5)
    assert not any(captions.names_held_out(captions.describe(drawn, i)) for i in range(len(drawn)))


def test_held_out_scenes_are_named_so() -> None:
    drawn = random_scenes(100, torch.Generator().manual_seed(1), two=0.5, held="only")
    assert all(captions.names_held_out(captions.describe(drawn, i)) for i in range(len(drawn)))


def test_held_out_scenes_hold_one() -> None:
    assert held_out(random_scenes(100, torch.Generator().manual_seed(1), held="only")).all()


def test_the_same_seed_draws_the_same_scenes() -> None:
    first, second = (random_scenes(50, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first.centre, second.centre)


@pytest.mark.parametrize("keep", [1.0, 0.5])
def test_captions_are_understood_as_they_were_meant(scenes: Scenes, keep: float) -> None:
    rng = random.Random(0)
    for i in range(len(scenes)):
        wanted = captions.describe(scenes, i, rng, keep)
        assert captions.parse(captions.caption(wanted, rng)) == wanted


@pytest.mark.parametrize(
    ("text", "objects", "relation", "background"),
    [
        ("a small green star on a white background", [("star", "green", "small")], None, "white"),
        (
            "a large red circle above a small blue square",
            [("circle", "red", "large"), ("square", "blue", "small")],
            "above",
            None,
        ),
        (
            "An orange cross, to the LEFT of a triangle",
            [("cross", "orange", None), ("triangle", None, None)],
            "left of",
            None,
        ),
    ],
)
def test_parse_by_example(text: str, objects: list[tuple[str, ...]], relation: str | None, background: str) -> None:
    wanted = captions.parse(text)
    assert [(o.shape, o.colour, o.size) for o in wanted.objects] == objects
    assert (wanted.relation, wanted.background, wanted.unknown) == (relation, background, ())


def test_parse_names_the_words_it_does_not_know() -> None:
    assert captions.parse("a red zebra on a circle").unknown == ("zebra",)


def test_the_tokenizer_knows_every_word_of_every_caption(scenes: Scenes) -> None:
    ids = tokenizer.encode(captions.random_captions(scenes, random.Random(1)))
    names = tokenizer.tokens()
    assert ids.shape == (len(scenes), tokenizer.MAX_TOKENS)
    assert not (ids == names.index("<unk>")).any()
    assert (ids == names.index("<eos>")).sum(dim=1).eq(1).all(), "every caption must fit"
    assert names[-1] == "<eos>"


def test_the_tokenizer_lower_cases_and_marks_unknown_words() -> None:
    names = tokenizer.tokens()
    ids = tokenizer.encode(["A Red, zebra!"])[0].tolist()
    assert [names[i] for i in ids[:6]] == ["<bos>", "a", "red", "<unk>", "<eos>", "<pad>"]
