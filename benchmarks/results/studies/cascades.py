"""Imagen: thresholding under strong guidance, and noise in the small picture of a cascade."""

from __future__ import annotations

from collections.abc import Callable

import torch
from graph_nodes.guidance import classifier_free_guidance, dynamic_thresholding, static_thresholding
from torch import Tensor

from benchmarks.results.bench import Bench, Row, share, verdicts
from benchmarks.results.systems import base, pixels, upsampled
from graph_engine import Guidance

from . import Study

STRONG = 10.0
LEVELS = (0, 50, 100, 200, 400)


def thresholding(bench: Bench) -> list[Row]:
    """At scale 10 (and at 3, for comparison): none, static, dynamic."""
    prompts = [*bench.one, *bench.two]
    ways: dict[str, Callable[[Guidance], Guidance]] = {
        "none": lambda guidance: guidance,
        "static": static_thresholding,
        "dynamic": dynamic_thresholding,
    }
    rows, sheet = [], []
    for scale in (3.0, STRONG):
        for name, way in ways.items():
            samples = base(bench, prompts, way(classifier_free_guidance(scale)), model="imagen")
            made = pixels(bench, samples)
            if scale == STRONG:
                sheet.append(made[-6:])
            rows.append(
                {
                    "scale": scale,
                    "thresholding": name,
                    "saturated_pixels": float((samples.samples.abs() > 1).float().mean()),
                    "colour_error": colour_error(made, bench.reference(prompts)),
                    "everything": share(verdicts(made, prompts), "everything"),
                    "clip_score": bench.clip_score(made, prompts),
                }
            )
    bench.sheet("thresholding", torch.cat(sheet), row_labels=list(ways), columns=6, cell_size=96, title="scale 10")
    return rows


def colour_error(made: Tensor, true: Tensor) -> float:
    """Mean distance of the border's median colour from that of the true picture: how far strong guidance shifts it."""

    def border(pictures: Tensor) -> Tensor:
        ring = [pictures[:, :, 0], pictures[:, :, -1], pictures[:, :, :, 0], pictures[:, :, :, -1]]
        return torch.cat(ring, dim=2).median(dim=2).values

    return float((border(made) - border(true)).norm(dim=1).mean())


def augmentation(bench: Bench) -> list[Row]:
    """The first super-resolution model on its own base's samples, which are not perfect, at several noise levels."""
    prompts = [*bench.one, *bench.two]
    rows = []
    small = base(bench, prompts, classifier_free_guidance(3.0), model="imagen", steps=8)
    rows.append({"noise_level": "base", "everything": share(verdicts(pixels(bench, small), prompts), "everything")})
    for level in LEVELS:
        made = pixels(bench, upsampled(bench, prompts, small, "imagen", "upsampler", level))
        rows.append({"noise_level": level, "everything": share(verdicts(made, prompts), "everything")})
        rows[-1]["clip_score"] = bench.clip_score(made, prompts)
    rows[0]["clip_score"] = bench.clip_score(pixels(bench, small), prompts)
    return rows


STUDIES = [
    Study(
        "thresholding",
        "Dynamic thresholding under strong guidance",
        "Strong guidance saturates; static thresholding helps a little, dynamic thresholding lets strong guidance be "
        "used without (Saharia et al. 2022, section 2.3, figure A.9).",
        ("imagen", "clip"),
        thresholding,
        part=2,
        sheets=("thresholding",),
    ),
    Study(
        "conditioning-augmentation",
        "Noise in the small picture",
        "An upsampler that was trained with noise in its small picture, and is told how much, mends what the stage "
        "before it did wrong (Ho et al. 2021; Saharia et al. 2022, section 2.4).",
        ("imagen", "clip"),
        augmentation,
        part=2,
    ),
]
