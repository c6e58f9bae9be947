"""The nodes: draw a caption without any model, judge a picture, invent prompts. torch is imported where it is used."""

from typing import Annotated, Literal, NamedTuple

from graph_engine import Image, Multiline, Seed, Slider, node


@node(category="shapes")
def render(
    prompt: Annotated[str, Multiline()] = "a large red circle above a small blue square",
    size: Annotated[int, Slider(16, 1024)] = 64,
    count: Annotated[int, Slider(1, 256)] = 1,
    seed: Seed = 0,
) -> Image:
    """Draw what a prompt asks for, exactly and without a model: the ideal that generated pictures are held against.

    prompt: a caption of the shapes world with one or two objects; what it leaves open is drawn at random.
    size: side of the pictures in pixels.
    count: how many pictures to draw.
    seed: picture k of the batch is drawn from seed + k.
    """
    import torch

    from graph_engine_shapes.captions import parse
    from graph_engine_shapes.drawing import render as draw
    from graph_engine_shapes.scenes import Scenes, scenes_of

    wanted = parse(prompt)
    seeds = range(seed, seed + count)
    scenes = Scenes.join([scenes_of(wanted, 1, torch.Generator().manual_seed(each)) for each in seeds])
    return Image(draw(scenes, size))


class Judgement(NamedTuple):
    """What the judge found in a batch of pictures."""

    score: float
    """The share of pictures that show all that the prompt asks for."""
    objects: float
    """The share with the right number of objects, each of the right colour and shape."""
    report: str
    """A line for each picture: what it shows, and what of that is wrong."""


@node(category="shapes")
def judge(image: Image, prompt: Annotated[str, Multiline()]) -> Judgement:
    """Read pictures of the shapes world back and hold them against a prompt; no model is involved.

    image: pictures to read, of any size from 32x32 up.
    prompt: what they should show; attributes that it leaves out are not scored.
    """
    from graph_engine_shapes import judging

    pairs = [(seen, judging.judge(seen, prompt)) for seen in judging.see(image.pixels)]
    score = sum(verdict.everything for _, verdict in pairs) / len(pairs)
    objects = sum(verdict.objects for _, verdict in pairs) / len(pairs)
    return Judgement(score, objects, "\n".join(judging.report(*pair) for pair in pairs))


@node(category="shapes")
def random_prompts(
    count: Annotated[int, Slider(1, 4096)] = 8,
    objects: Literal["one", "two", "both"] = "both",
    combinations: Literal["any", "seen in training", "held out"] = "any",
    seed: Seed = 0,
) -> list[str]:
    """Invent prompts of the shapes world.

    count: how many prompts.
    objects: how many objects each prompt asks for; `both` mixes prompts with one and with two.
    combinations: whether the attributes were together in training; a tenth of all combinations never was.
    seed: the same seed gives the same prompts.
    """
    import torch

    from graph_engine_shapes.captions import random_captions, seeded
    from graph_engine_shapes.scenes import HeldOut, random_scenes

    held: dict[str, HeldOut] = {"any": "any", "seen in training": "exclude", "held out": "only"}
    two = {"one": 0.0, "two": 1.0, "both": 0.5}[objects]
    scenes = random_scenes(count, torch.Generator().manual_seed(seed), two, held[combinations])
    return random_captions(scenes, seeded(seed), keep=1.0)


class Suite(NamedTuple):
    """A suite of prompts, each with what it means and its category; to be read together, each with `[*]`."""

    prompts: list[str]
    meanings: list[str]
    """The same prompts in plain words: what a picture is judged by, and what `render` can draw."""
    categories: list[str]


@node(category="shapes")
def prompt_suite(per_category: Annotated[int, Slider(1, 256)] = 8, seed: Seed = 0) -> Suite:
    """Write prompts of eleven categories that ask for what models are bad at, as DrawBench does (Saharia et al. 2022).

    per_category: how many prompts in each category.
    seed: the same seed gives the same suite.
    """
    from graph_engine_shapes.suite import suite

    tasks = suite(per_category, seed)
    return Suite([t.prompt for t in tasks], [t.meaning for t in tasks], [t.category for t in tasks])


class JudgeTable(NamedTuple):
    """How well pictures answer a suite of prompts."""

    table: str
    """CSV: a row for each category and one for all, with the share of pictures in which each measure is right."""
    score: float
    """The share of all pictures that show all that is asked for."""
    objects: float
    """The share with the right number of objects, each of the right colour and shape."""


@node(category="shapes")
def judge_table(images: list[Image], meanings: list[str], categories: list[str]) -> JudgeTable:
    """Judge the pictures of a prompt suite, category by category; no model is involved.

    images: one picture for each prompt, in their order; batches are read picture by picture.
    meanings: what each picture should show, from `prompt_suite`.
    categories: the category of each.
    """
    from graph_engine_shapes import judging
    from graph_engine_shapes.suite import as_csv, table

    seen = [each for image in images for each in judging.see(image.pixels)]
    if not seen or not len(seen) == len(meanings) == len(categories):
        raise ValueError(
            f"one picture for each prompt is wanted, found {len(seen)} pictures, {len(meanings)} meanings "
            f"and {len(categories)} categories"
        )
    verdicts = [judging.judge(*pair) for pair in zip(seen, meanings, strict=True)]
    score = sum(verdict.everything for verdict in verdicts) / len(verdicts)
    objects = sum(verdict.objects for verdict in verdicts) / len(verdicts)
    return JudgeTable(as_csv(table(verdicts, categories)), score, objects)
