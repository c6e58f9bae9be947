"""Guidance: scale against alignment, fidelity against diversity, and who raises which score."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from graph_nodes.guidance import classifier_free_guidance, classifier_guidance, clip_guidance
from graph_nodes.judging import frechet_distance, precision_recall
from torch import Tensor

from benchmarks.results.bench import SEED, Bench, Row, share, verdicts
from benchmarks.results.systems import adm, base, pixels
from graph_engine import Guidance, ImageEmbedding

from . import Study

SCALES = (1.0, 2.0, 3.0, 5.0, 8.0)
CLIP_SCALES = (0.0, 0.5, 1.0, 2.0, 4.0)
CLASSIFIER_SCALES = (0.0, 1.0, 2.0, 4.0, 8.0)
FEW_STEPS = 10
"""Few enough that the shipped model is not perfect without guidance."""


def measured(bench: Bench, pictures: Tensor, prompts: Sequence[str]) -> Row:
    """Alignment, CLIP score, distance to true pictures of such prompts, precision and recall."""
    one, two = len(bench.one), len(bench.two)
    made = bench.embedding(pictures)
    spread = precision_recall(made, bench.real)
    return {
        "one_object": share(verdicts(pictures[:one], prompts[:one]), "obeyed"),
        "two_objects": share(verdicts(pictures[one : one + two], prompts[one : one + two]), "objects"),
        "everything": share(verdicts(pictures, prompts), "everything"),
        "clip_score": bench.clip_score(pictures, prompts),
        "frechet_distance": frechet_distance(bench.context, made, bench.real),
        "precision": spread.precision,
        "recall": spread.recall,
    }


def classifier_free(bench: Bench) -> list[Row]:
    """Classifier-free guidance on GLIDE's base."""
    prompts = [*bench.one, *bench.two]
    rows = []
    for scale in SCALES:
        made = base(bench, prompts, classifier_free_guidance(scale), steps=FEW_STEPS)
        rows.append({"guidance": "classifier-free", "scale": scale, **measured(bench, pixels(bench, made), prompts)})
    return rows


def towards(bench: Bench, scale: float) -> Callable[[str], Guidance]:
    """CLIP guidance towards each prompt, on the plain conditional model."""
    clip = bench.part("noised-clip", "clip")

    def guide(prompt: str) -> Guidance:
        target = bench.text_embedding([prompt])
        return clip_guidance(clip, ImageEmbedding(target.vectors, target.space), scale=scale)

    return guide


def by_clip(bench: Bench) -> list[Row]:
    """CLIP guidance on the same model, and classifier-free guidance beside it."""
    prompts = [*bench.one, *bench.two]
    rows = []
    for scale in CLIP_SCALES:
        made = base(bench, prompts, towards(bench, scale), steps=FEW_STEPS)
        rows.append({"guidance": "CLIP", "scale": scale, **measured(bench, pixels(bench, made), prompts)})
    return rows


def by_classifier(bench: Bench) -> list[Row]:
    """Classifier guidance on ADM: the share of the right class, and how far the pictures are from true ones."""
    critic = bench.part("classifier", "classifier")
    labels = [critic.facts["classes"][k % 64] for k in range(2 * bench.count)]
    prompts = [f"a {label}" for label in labels]
    true = bench.embedding(bench.reference(prompts))
    rows = []
    for scheduler, steps in (("ddpm", 50), ("ddim", 20)):
        for scale in CLASSIFIER_SCALES:
            made = adm(
                bench,
                labels,
                lambda label, scale=scale: classifier_guidance(critic, label, scale=scale),
                scheduler=scheduler,
                steps=steps,
            )
            seen = bench.embedding(made)
            spread = precision_recall(seen, true)
            rows.append(
                {
                    "scheduler": scheduler,
                    "steps": steps,
                    "scale": scale,
                    "right_class": share(verdicts(made, prompts), "objects"),
                    "frechet_distance": frechet_distance(bench.context, seen, true),
                    "precision": spread.precision,
                    "recall": spread.recall,
                }
            )
    return rows


def sheet(bench: Bench) -> None:
    """One prompt at every scale."""
    prompt = "a large red star left of a small green heart on a pink background"
    made = [
        pixels(bench, base(bench, [prompt] * 6, classifier_free_guidance(scale), steps=FEW_STEPS, seed=SEED))
        for scale in SCALES
    ]
    labels = [f"scale {scale:g}" for scale in SCALES]
    bench.sheet("guidance-scales", torch.cat(made), row_labels=labels, columns=6, cell_size=96, title=prompt)


def _with_sheet(bench: Bench) -> list[Row]:
    sheet(bench)
    return classifier_free(bench)


MEASURES = ("one_object", "two_objects", "everything", "clip_score")
STUDIES = [
    Study(
        "classifier-free-guidance",
        "Classifier-free guidance: alignment, fidelity and diversity against scale",
        "A larger scale follows the caption better and makes the pictures less diverse (Ho and Salimans 2022; GLIDE, "
        "figure 6).",
        ("glide", "clip"),
        _with_sheet,
        ("scale", (*MEASURES, "precision", "recall"), "guidance scale"),
        ("guidance-scales",),
    ),
    Study(
        "clip-guidance",
        "CLIP guidance on the same model",
        "CLIP guidance raises the CLIP score more than people's judgement of the caption (GLIDE, section 4.2): read "
        "this table beside the one above.",
        ("glide", "clip", "noised-clip"),
        by_clip,
        ("scale", MEASURES, "weight of CLIP's gradient"),
    ),
    Study(
        "classifier-guidance",
        "Classifier guidance on ADM",
        "The classifier's gradient trades diversity for fidelity (Dhariwal and Nichol 2021, figure 4).",
        ("adm", "classifier", "clip"),
        by_classifier,
    ),
]
