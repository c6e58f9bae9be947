"""How well a model obeys: the judge's word on what it draws for fresh prompts, and CLIP's choice among captions."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from graph_engine_shapes import captions, checkpoint, judging, networks, sampling
from graph_engine_shapes.clip_task import CHANGES, ClipReader, changed
from graph_engine_shapes.drawing import render
from graph_engine_shapes.picture_task import load_text, load_unet
from graph_engine_shapes.scenes import HeldOut, random_scenes
from graph_engine_shapes.tokenizer import encode

Row = dict[str, float]


def fresh_prompts(n: int, two: bool, seed: int, held: HeldOut = "any") -> list[str]:
    """`n` prompts that say every attribute."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(two), held=held)
    return captions.random_captions(scenes, captions.seeded(seed), keep=1.0)


def verdicts(pictures: Tensor, prompts: list[str]) -> list[judging.Verdict]:
    """The judge's word on each picture (B, 3, R, R) in [0, 1]."""
    return [judging.judge(seen, prompt) for seen, prompt in zip(judging.see(pictures), prompts, strict=True)]


def mean(values: list[judging.Verdict], name: str) -> float:
    """The share of verdicts, 0 to 1, in which the attribute `name` is right."""
    return round(sum(float(getattr(v, name)) for v in values) / len(values), 4)


def look_base(folder: Path, n: int, steps: int = 12, scale: float = 3.0) -> Row:
    """What the base's averaged weights draw by now for fresh prompts."""
    unet, counters = load_unet(folder)
    text = load_text(folder.parent / "glide-text")
    seen = {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts = fresh_prompts(n, two, seed)
        pictures = sampling.generate(unet, text, prompts, list(range(seed, seed + n)), steps, scale)
        seen[two] = verdicts(pictures, prompts)
    return picture_row(counters, seen[False], seen[True])


def look_upsampler(folder: Path, n: int) -> Row:
    """What the upsampler's averaged weights make of true pictures."""
    unet, counters = load_unet(folder, upsampler=True)
    text = load_text(folder.parent / "glide-text")
    seen = {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(two), held="any")
        prompts = captions.random_captions(scenes, captions.seeded(seed), keep=1.0)
        low = render(scenes, networks.BASE_SIZE)
        seen[two] = verdicts(sampling.upsample(unet, text, prompts, list(range(seed, seed + n)), low), prompts)
    return picture_row(counters, seen[False], seen[True])


def picture_row(counters: checkpoint.Counters, one: list[judging.Verdict], two: list[judging.Verdict]) -> Row:
    """One line of a log: how far the training has come, and what of the prompts came true."""
    row: Row = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    row |= {"one_object": mean(one, "obeyed"), "two_objects": mean(two, "objects")}
    row |= {f"one_{k}": mean(one, k) for k in ("colour", "shape", "background")}
    return row | {f"two_{k}": mean(two, k) for k in ("colour", "shape", "relation", "size")}


def look_clip(folder: Path, n: int) -> Row:
    """How well CLIP's averaged weights tell captions apart."""
    weights, counters = checkpoint.averaged(folder)
    reader = ClipReader()
    reader.load_state_dict(weights)
    row: Row = {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
    return row | clip_figures(reader.eval(), 4 * n, 1000 * counters.step)


@torch.no_grad()
def clip_figures(reader: ClipReader, n: int, seed: int, held: HeldOut = "any") -> Row:
    """CLIP's choices over `n` pictures: the right one of n captions, and the true caption against one-change ones."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=0.6, held=held)
    rng = captions.seeded(seed)
    wanted = [captions.describe(scenes, i) for i in range(n)]
    true = [captions.caption(w, rng) for w in wanted]
    text, image = reader.embed(encode(true), render(scenes, networks.BASE_SIZE) * 2 - 1)
    alike = image @ text.T
    row: Row = {"top1": round(float((alike.argmax(dim=1) == torch.arange(n)).float().mean()), 4)}
    right = []
    for way in CHANGES:
        false = [(i, w) for i, w in ((i, changed(w, rng, way)) for i, w in enumerate(wanted)) if w is not None]
        index = torch.tensor([i for i, _ in false])
        other, _ = reader.embed(encode([captions.caption(w, rng) for _, w in false]), torch.zeros(1, 3, 32, 32))
        better = (image[index] * text[index]).sum(1) > (image[index] * other).sum(1)
        row[way] = round(float(better.float().mean()), 4)
        right.append(better)
    return row | {"hard_negatives": round(float(torch.cat(right).float().mean()), 4)}
