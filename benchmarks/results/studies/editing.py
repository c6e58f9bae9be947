"""Inpainting: the asked object inside the mask, and every other pixel as it was."""

from __future__ import annotations

import torch
from graph_engine_shapes.captions import caption, describe, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.judging import see
from graph_engine_shapes.scenes import random_scenes
from graph_nodes.autoencoding import decode, encode
from graph_nodes.binding import inpaint_condition
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.masks import paste
from graph_nodes.starts import repaint
from torch import Tensor

from benchmarks.results.bench import SEED, Bench, Row, chunks
from graph_engine import Denoiser, Image, Mask

from . import Study


def edits(bench: Bench) -> tuple[Tensor, Tensor, list[str], list[tuple[str, str]]]:
    """(pictures without the second object [n, 3, 32, 32], masks around its place, captions, (colour, shape) asked)."""
    from dataclasses import replace

    scenes = random_scenes(bench.count, torch.Generator().manual_seed(SEED + 5), two=1.0, held="only")
    wanted = [describe(scenes, k) for k in range(len(scenes))]
    prompts = [caption(w, seeded(SEED + k)) for k, w in enumerate(wanted)]
    asked = [(str(w.objects[1].colour), w.objects[1].shape) for w in wanted]
    before = render(replace(scenes, count=torch.ones_like(scenes.count)), 32)
    centre, radius = scenes.centre[:, 1], scenes.radius[:, 1]
    at = (torch.arange(32) + 0.5) / 32
    reach = (radius * 1.35)[:, None]
    inside_x = (at[None] - centre[:, :1]).abs() <= reach
    inside_y = (at[None] - centre[:, 1:]).abs() <= reach
    masks = (inside_y[:, :, None] & inside_x[:, None, :]).float()[:, None]
    return before, masks, prompts, asked


def inpainting(bench: Bench) -> list[Row]:
    """An object is added to a picture: by the model with mask channels, and by the base with resampling."""
    before, masks, prompts, asked = edits(bench)
    ways = {
        "inpainting model": ("glide-inpaint", True, 1),
        "base, known region pasted": ("glide", False, 1),
        "base, with resampling (4)": ("glide", False, 4),
    }
    rows, sheet = [], [before[:6], before[:6] * (1 - masks[:6])]
    for name, (model, shown, resample) in ways.items():
        made = _edited(bench, model, before, masks, prompts, shown, resample)
        sheet.append(made[:6])
        known = (1 - masks).bool().expand_as(before)
        seen = see(made)
        right = [
            any((o.colour, o.shape) == want and _in(mask, o.centre) for o in s.objects)
            for s, want, mask in zip(seen, asked, masks, strict=True)
        ]
        rows.append(
            {
                "way": name,
                "asked_object_inside": sum(right) / len(right),
                "largest_change_of_known_pixels": float((made - before)[known].abs().max()),
                "two_objects": sum(len(s.objects) == 2 for s in seen) / len(seen),
            }
        )
    labels = ["picture", "known", *ways]
    bench.sheet("inpainting", torch.cat(sheet), row_labels=labels, columns=6, cell_size=96)
    return rows


def _in(mask: Tensor, centre: tuple[float, float]) -> bool:
    side = mask.shape[-1]
    x, y = (min(int(value * side), side - 1) for value in centre)
    return bool(mask[0, y, x])


def _edited(
    bench: Bench, model: str, before: Tensor, masks: Tensor, prompts: list[str], shown: bool, resample: int
) -> Tensor:
    made = []
    for part in chunks(len(prompts)):
        picture, mask = Image(before[part]), Mask(masks[part])
        denoiser: Denoiser = bench.part(model, "denoiser")
        if shown:
            denoiser = inpaint_condition(denoiser, picture, mask)
        start = repaint(encode(bench.context, picture), mask, resample=resample)
        text = bench.text(bench.part(model, "text_encoder"), prompts[part])
        guidance = classifier_free_guidance(3.0)
        drawn = denoise(bench.context, denoiser, text, guidance, start, steps=20, seed=SEED + part.start)
        made.append(paste(decode(bench.context, drawn), picture, mask).pixels)
    return torch.cat(made)


STUDIES = [
    Study(
        "inpainting",
        "Inpainting",
        "A model that was trained to fill erased regions fits what it draws to what is there; a model without mask "
        "channels needs resampling for that (GLIDE, section 2.4; Lugmayr et al. 2022).",
        ("glide", "glide-inpaint"),
        inpainting,
        sheets=("inpainting",),
    ),
]
