"""Edits as people make them, to judge an inpainting model: an object put into an empty place, or in another's stead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import alignment, captions, checkpoint, generation, judging, networks, tokenizer
from graph_engine_shapes.captions import Wanted
from graph_engine_shapes.drawing import render
from graph_engine_shapes.erasing import box
from graph_engine_shapes.inpaint_task import beside
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import EXTENT, HeldOut, random_scenes

ROOM = 0.045
"""How far a mask reaches beyond the object's own box, in parts of the side: less than the gap between objects."""


@dataclass(frozen=True)
class Edits:
    """n edits: pictures (n, 3, 32, 32) in [0, 1], masks (n, 1, 32, 32), 1 = to change, and what is asked for."""

    pictures: Tensor
    masks: Tensor
    prompts: list[str]
    wanted: list[Wanted]
    """All that the edited picture shall show, the object to be drawn first."""


def insertions(n: int, seed: int, whole: bool = True, held: HeldOut = "any") -> Edits:
    """An object beside the one that is there; the prompt tells the whole picture, or only the new object."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=1.0, held=held)
    before = replace(
        scenes,
        count=torch.ones_like(scenes.count),
        **{name: getattr(scenes, name).flip(1) for name in ("shape", "colour", "size", "centre", "radius")},
    )
    wanted = [captions.describe(scenes, i) for i in range(n)]
    asked = wanted if whole else [replace(w, objects=w.objects[:1], relation=None) for w in wanted]
    return Edits(render(before), _masks(scenes.centre[:, 0], scenes.radius[:, 0]), _said(asked, seed), wanted)


def replacements(n: int, seed: int, held: HeldOut = "any") -> Edits:
    """Another object where one is now."""
    generator = torch.Generator().manual_seed(seed)
    before = random_scenes(n, generator, two=0.0, held=held)
    after = replace(random_scenes(n, generator, two=0.0, held=held), background=before.background)
    wanted = [captions.describe(after, i) for i in range(n)]
    reach = torch.maximum(before.radius[:, 0], after.radius[:, 0])
    return Edits(render(before), _masks(before.centre[:, 0], reach), _said(wanted, seed), wanted)


def _masks(centre: Tensor, radius: Tensor) -> Tensor:
    half = (radius * EXTENT + ROOM)[:, None].expand(-1, 2)
    return box(centre, half, networks.BASE_SIZE)[:, None]


def _said(wanted: list[Wanted], seed: int) -> list[str]:
    rng = captions.seeded(seed)
    return [captions.caption(w, rng) for w in wanted]


@torch.no_grad()
def edit(
    unet: UNet2DConditionModel,
    text: CLIPTextModelWithProjection,
    edits: Edits,
    seeds: list[int],
    steps: int = 20,
    scale: float = 3.0,
) -> Tensor:
    """(n, 3, 32, 32) the edited pictures in [0, 1], known pixels as they were."""
    asked = edits.prompts if scale == 1 else [""] * len(edits.prompts) + edits.prompts
    out = text(input_ids=tokenizer.encode(asked))
    predict = generation.told(
        unet,
        beside(edits.pictures * 2 - 1, edits.masks),
        encoder_hidden_states=out.last_hidden_state,
        class_labels=out.text_embeds,
    )
    made = generation.generate(predict, seeds, networks.BASE_SIZE, networks.BASE_UNSHUFFLE, steps, scale)
    return torch.where(edits.masks > 0, made, edits.pictures)


def inside(made: Tensor, edits: Edits) -> float:
    """The share, 0 to 1, of edited pictures with an object of the asked shape and colour inside the mask."""
    found = 0
    for seen, mask, wanted in zip(judging.see(made), edits.masks[:, 0], edits.wanted, strict=True):
        want = wanted.objects[0]
        found += any(
            (o.shape, o.colour) == (want.shape, want.colour) and bool(mask[_pixel(o.centre[1]), _pixel(o.centre[0])])
            for o in seen.objects
        )
    return round(found / len(made), 4)


def _pixel(at: float) -> int:
    return min(int(at * networks.BASE_SIZE), networks.BASE_SIZE - 1)


def look_inpaint(folder: Path, n: int, steps: int = 12, scale: float = 3.0) -> alignment.Row:
    """How well the averaged weights of `glide-inpaint` edit by now."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.inpaint_unet()
    unet.load_state_dict(weights)
    unet.eval().to(memory_format=torch.channels_last)
    text = load_text(folder.parent / "glide-text")
    seed = 1000 * counters.step
    seeds = list(range(seed, seed + n))
    cases = {
        "replaced": replacements(n, seed),
        "inserted": insertions(n, seed + 1),
        "inserted_alone": insertions(n, seed + 2, whole=False),
    }
    made = {name: edit(unet, text, edits, seeds, steps, scale) for name, edits in cases.items()}
    verdicts = {
        name: [judging.judge(seen, w) for seen, w in zip(judging.see(pictures), cases[name].wanted, strict=True)]
        for name, pictures in made.items()
    }
    row = alignment.picture_row(counters, verdicts["replaced"], verdicts["inserted"])
    return row | {f"inside_{name}": inside(made[name], edits) for name, edits in cases.items()}
