"""What a scene is called: captions in several phrasings, and the way back from a caption to what it asks for."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graph_engine_shapes import words

if TYPE_CHECKING:
    from graph_engine_shapes.scenes import Scenes

ONE_FRAMES = ("{x}", "{x}", "a picture of {x}", "there is {x}")
RELATION_PHRASES = {
    "above": ("above",),
    "below": ("below", "under"),
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
}
COLOUR_KEPT = 0.97
"""Captions leave a colour out far less often than a size, a relation or a background."""
BACKGROUND_FRAMES = ("{x} on a {b} background", "{x} on a {b} background", "{x} on {b}", "on a {b} background , {x}")


@dataclass(frozen=True)
class WantedObject:
    """One object that a caption asks for; None where the caption leaves the attribute open."""

    shape: str
    colour: str | None = None
    size: str | None = None


@dataclass(frozen=True)
class Wanted:
    """All that a caption asks for, in the order in which it names the objects."""

    objects: tuple[WantedObject, ...]
    relation: str | None = None
    background: str | None = None
    unknown: tuple[str, ...] = field(default=(), compare=False)
    """Words that the shapes world has no meaning for."""


def seeded(seed: int) -> random.Random:
    """The generator that phrasings are drawn from."""
    return random.Random(seed)  # noqa: S311 - nothing secret is drawn


def phrase(wanted: WantedObject) -> str:
    """One object in words, such as `a large red circle`."""
    said = filter(None, ("a", wanted.size, wanted.colour, wanted.shape))
    return " ".join(said).replace("a orange", "an orange")


def caption(wanted: Wanted, rng: random.Random) -> str:
    """A caption that says all of `wanted`, in a phrasing drawn from `rng`."""
    phrases = [phrase(each) for each in wanted.objects]
    if len(phrases) == 1:
        text = rng.choice(ONE_FRAMES).format(x=phrases[0])
    elif wanted.relation is None:
        text = f"{phrases[0]} and {phrases[1]}"
    else:
        text = f"{phrases[0]} {rng.choice(RELATION_PHRASES[wanted.relation])} {phrases[1]}"
    if wanted.background is None:
        return text
    return rng.choice(BACKGROUND_FRAMES).format(x=text, b=wanted.background)


def describe(scenes: Scenes, index: int, rng: random.Random | None = None, keep: float = 1.0) -> Wanted:
    """What scene `index` shows; each optional attribute (size, relation, background) is said at probability `keep`."""

    def said() -> bool:
        return rng is None or rng.random() < keep

    count = int(scenes.count[index])
    objects = []
    for k in range(count):
        size = words.SIZE_NAMES[int(scenes.size[index, k])] if said() else None
        shape, colour = int(scenes.shape[index, k]), int(scenes.colour[index, k])
        named = rng is None or keep == 1 or rng.random() < COLOUR_KEPT
        objects.append(WantedObject(words.SHAPES[shape], words.COLOUR_NAMES[colour] if named else None, size))
    relation = words.RELATIONS[int(scenes.relation[index])] if count == 2 and said() else None
    background = words.BACKGROUND_NAMES[int(scenes.background[index])] if said() else None
    return Wanted(tuple(objects), relation, background)


def names_held_out(wanted: Wanted) -> bool:
    """Whether a caption names a combination that is kept out of all training."""
    kinds = [(o.shape, o.colour) for o in wanted.objects]
    if any((shape, colour, wanted.background) in words.held_out_ones() for shape, colour in kinds):
        return True
    pairs = words.held_out_pairs()
    return len(kinds) == 2 and bool({(*kinds[0], *kinds[1]), (*kinds[1], *kinds[0])} & pairs)


def random_captions(scenes: Scenes, rng: random.Random, keep: float = 0.85) -> list[str]:
    """One caption for each scene, as training uses them."""
    return [caption(describe(scenes, i, rng, keep), rng) for i in range(len(scenes))]


def split(text: str) -> list[str]:
    """The words of a caption, lower-cased, punctuation dropped."""
    return re.findall(r"[a-z]+", text.lower())


def parse(text: str) -> Wanted:
    """What a caption asks for: colours and sizes belong to the next shape, background words to the scene."""
    objects: list[WantedObject] = []
    unknown: list[str] = []
    colour = size = relation = background = None
    for word in split(text):
        if word in words.COLOURS:
            colour = word
        elif word in words.SIZES:
            size = word
        elif word in words.BACKGROUNDS:
            background = word
        elif word in words.SHAPES:
            objects.append(WantedObject(word, colour, size))
            colour = size = None
        elif word in _RELATION_WORDS:
            relation = _RELATION_WORDS[word]
        elif word not in _FILLERS:
            unknown.append(word)
    return Wanted(tuple(objects), relation if len(objects) > 1 else None, background, tuple(unknown))


def vocabulary() -> list[str]:
    """Every word that a caption can hold, sorted."""
    known = {*words.SHAPES, *words.COLOURS, *words.SIZES, *words.BACKGROUNDS, *_RELATION_WORDS, *_FILLERS}
    return sorted(known)


_RELATION_WORDS = {
    "above": "above",
    "over": "above",
    "below": "below",
    "under": "below",
    "beneath": "below",
    "left": "left of",
    "right": "right of",
}
_FILLERS = frozenset(["a", "an", "the", "of", "to", "on", "and", "with", "background", "picture", "there", "is", "in"])
