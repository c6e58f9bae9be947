"""A prompt suite of eleven categories in the manner of DrawBench (Saharia et al. 2022), and its table.

DrawBench asks for what text-to-image models are bad at, sorted by why. This world has no written text and no rare
animals; each category here asks for the nearest thing that it has, and every answer can be judged without people.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from graph_engine_shapes import judging, words
from graph_engine_shapes.captions import Wanted, caption, describe, names_held_out, phrase, seeded
from graph_engine_shapes.scenes import HeldOut, random_scenes

__all__ = ["CATEGORIES", "Task", "as_csv", "suite", "table"]


@dataclass(frozen=True)
class Task:
    """One prompt of the suite, and what a picture must show to answer it."""

    category: str
    prompt: str
    meaning: str


Written = tuple[str, Wanted]
"""(the prompt, what it means)."""
Write = Callable[[Iterator[Wanted], random.Random], Written]
"""Takes scenes and writes one prompt."""


def _bare(wanted: Wanted, background: bool = False) -> Wanted:
    """Only colours and shapes, and the background where it is asked for."""
    objects = tuple(replace(each, size=None) for each in wanted.objects)
    return Wanted(objects, background=wanted.background if background else None)


def _said(wanted: Wanted, rng: random.Random) -> Written:
    return caption(wanted, rng), wanted


def _colors(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    return _said(_bare(next(scenes)), rng)


def _conflicting(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    return _said(_bare(next(scenes), background=True), rng)


def _counting(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    (one,) = _bare(next(scenes)).objects
    return _said(Wanted((one, one)), rng)


def _descriptions(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    return _said(next(scenes), rng)


def _binding(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    first, second = _bare(next(scenes)).objects
    by_colour = first.colour != second.colour and (first.shape == second.shape or rng.random() < 0.5)
    alike = replace(second, shape=first.shape) if by_colour else replace(second, colour=first.colour)
    return _said(Wanted((first, alike)), rng)


def _misspellings(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    wanted = _bare(next(scenes), background=True)
    told = caption(wanted, rng).split()
    at = rng.choice([k for k, word in enumerate(told) if word in words.SHAPES or word in words.COLOURS])
    told[at] = _misspelt(told[at], rng)
    return " ".join(told), wanted


def _misspelt(word: str, rng: random.Random) -> str:
    """Two neighbouring letters that differ change places."""
    k = rng.choice([k for k in range(len(word) - 1) if word[k] != word[k + 1]])
    return word[:k] + word[k + 1] + word[k] + word[k + 2 :]


def _positional(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    wanted = next(scenes)
    return _said(replace(_bare(wanted), relation=wanted.relation), rng)


RARE = {"above": "over", "below": "beneath"}
"""Words that the vocabulary has and no training caption uses."""


def _rare_words(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    relation, rare = rng.choice(list(RARE.items()))
    wanted = replace(_bare(next(scenes)), relation=relation)
    first, second = map(phrase, wanted.objects)
    return f"{first} {rare} {second}", wanted


REPHRASED = ("a {b} background and {x} in the picture", "the picture is {b} with {x} in the picture", "in {b} , {x}")
"""Sentences that no training caption has, of words that all have."""


def _rephrased(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    wanted = _bare(next(scenes), background=True)
    objects = " and ".join(map(phrase, wanted.objects))
    return rng.choice(REPHRASED).format(x=objects, b=wanted.background), wanted


def _sizes(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    first, second = next(scenes).objects
    sizes = rng.sample(words.SIZE_NAMES, 2)
    return _said(Wanted((replace(first, size=sizes[0]), replace(second, size=sizes[1]))), rng)


def _unseen_pairs(scenes: Iterator[Wanted], rng: random.Random) -> Written:
    return _said(next(pair for pair in map(_bare, scenes) if names_held_out(pair)), rng)


CATEGORIES: Mapping[str, tuple[Write, float, HeldOut]] = {
    "colors": (_colors, 0.5, "exclude"),
    "conflicting": (_conflicting, 0.0, "only"),
    "counting": (_counting, 0.0, "exclude"),
    "descriptions": (_descriptions, 1.0, "exclude"),
    "binding": (_binding, 1.0, "exclude"),
    "misspellings": (_misspellings, 0.0, "exclude"),
    "positional": (_positional, 1.0, "exclude"),
    "rare words": (_rare_words, 1.0, "exclude"),
    "rephrased": (_rephrased, 0.5, "exclude"),
    "sizes": (_sizes, 1.0, "exclude"),
    "unseen pairs": (_unseen_pairs, 1.0, "only"),
}
"""Category -> (its writer, the share of scenes with two objects, whether combinations held out of training are used).

conflicting: a coloured shape on a background that it never had; counting: the same thing twice, which training never
shows; binding: two things that share a colour or a shape; unseen pairs: two things that were never together.
"""


def suite(per_category: int, seed: int) -> list[Task]:
    """The suite, category by category; the same seed gives the same prompts."""
    tasks = []
    for index, (category, (write, two, held)) in enumerate(CATEGORIES.items()):
        rng = seeded(len(CATEGORIES) * seed + index)
        scenes = _scenes(len(CATEGORIES) * seed + index, two, held)
        for _ in range(per_category):
            prompt, wanted = write(scenes, rng)
            tasks.append(Task(category, prompt, caption(wanted, rng)))
    return tasks


def _scenes(seed: int, two: float, held: HeldOut) -> Iterator[Wanted]:
    """Random scenes without end, in words."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        drawn = random_scenes(16, generator, two, held)
        yield from (describe(drawn, k) for k in range(len(drawn)))


MEASURES = ("everything", "objects", "count", "colour", "shape", "size", "relation", "background")


def table(verdicts: Sequence[judging.Verdict], categories: Sequence[str]) -> list[dict[str, str]]:
    """A row for each category and one for all: the share of its pictures in which each measure is right, 0 to 1.

    What a prompt does not ask for counts as right.
    """
    rows = []
    for name in (*dict.fromkeys(categories), "all"):
        of = [v for v, category in zip(verdicts, categories, strict=True) if name in (category, "all")]
        shares = {m: f"{sum(float(getattr(v, m)) for v in of) / len(of):.4f}" for m in MEASURES}
        rows.append({"category": name, "pictures": str(len(of)), **shares})
    return rows


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as CSV text with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
