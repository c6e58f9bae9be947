"""Guidance: scale against alignment, fidelity against diversity, and who raises which score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from graph_nodes.guidance import classifier_free_guidance, classifier_guidance, clip_guidance
from graph_nodes.judging import frechet_distance, precision_recall
from torch import Tensor

from benchmarks.results.bench import SEED, Bench, Row, obeyed, share, verdicts
from benchmarks.results.systems import adm, base, pixels
from graph_engine import Guidance

from . import Plot, Study

SCALES = (1.0, 2.0, 3.0, 5.0, 8.0)
CLIP_SCALES = (0.0, 0.5, 1.0, 2.0, 4.0)
CLASSIFIER_SCALES = (0.0, 1.0, 2.0, 4.0, 8.0)
FEW_STEPS = 10
"""Few enough that the shipped model is not perfect without guidance."""


OPEN_PROMPTS = ("a red circle", "a green star", "a blue heart", "a yellow square", "an orange ring", "a purple cross")
"""They leave size, place and background open, so that there is something to vary."""
SEEDS = 16


def measured(bench: Bench, draw: Callable[[Sequence[str]], Tensor]) -> Row:
    """Alignment, CLIP score, distance to true pictures of such prompts, precision, recall and variety of a system."""
    prompts = [*bench.one, *bench.two]
    pictures = draw(prompts)
    one = len(bench.one)
    made = bench.embedding(pictures)
    spread = precision_recall(made, bench.real)
    repeated = bench.embedding(draw([prompt for prompt in OPEN_PROMPTS for _ in range(SEEDS)])).vectors
    return {
        **obeyed(pictures[:one], bench.one, pictures[one:], bench.two),
        "everything": share(verdicts(pictures, prompts), "everything"),
        "clip_score": bench.clip_score(pictures, prompts),
        "frechet_distance": frechet_distance(bench.context, made, bench.real),
        "precision": spread.precision,
        "recall": spread.recall,
        "variety": variety(repeated.unflatten(0, (-1, SEEDS))),
    }


def variety(embeddings: Tensor) -> float:
    """How far pictures of one prompt are apart: the mean cosine distance of pairs in groups [groups, n, d]."""
    unit = torch.nn.functional.normalize(embeddings, dim=-1)
    n = unit.shape[1]
    cosines = torch.einsum("gid,gjd->gij", unit, unit).sum(dim=(1, 2)) - n
    return float((1 - cosines / (n * (n - 1))).mean())


def classifier_free(bench: Bench) -> list[Row]:
    """Classifier-free guidance on GLIDE's base."""

    def draw(prompts: Sequence[str], scale: float) -> Tensor:
        return pixels(bench, base(bench, prompts, classifier_free_guidance(scale), steps=FEW_STEPS))

    _sheet(bench)
    return [
        {"guidance": "classifier-free", "scale": scale, **measured(bench, partial(draw, scale=scale))}
        for scale in SCALES
    ]


def by_clip(bench: Bench) -> list[Row]:
    """CLIP guidance on the same model, without classifier-free guidance."""
    clip = bench.part("noised-clip", "clip")

    def draw(prompts: Sequence[str], scale: float) -> Tensor:
        def towards(some: Sequence[str]) -> Guidance:
            return clip_guidance(clip, bench.text_embedding(some), scale=scale)

        return pixels(bench, base(bench, prompts, towards, steps=FEW_STEPS))

    return [
        {"guidance": "CLIP", "scale": scale, **measured(bench, partial(draw, scale=scale))} for scale in CLIP_SCALES
    ]


def by_classifier(bench: Bench) -> list[Row]:
    """Classifier guidance on ADM: the share of the right class, and how far the pictures are from true ones."""
    critic = bench.part("classifier", "classifier")
    classes = critic.facts["classes"]
    each = max(2, bench.count // len(classes))
    labels = [label for label in classes for _ in range(each)]
    prompts = [f"a {label}" for label in labels]
    true = bench.embedding(bench.reference(prompts))
    rows = []
    for scheduler, steps in (("ddpm", 40), ("ddim", 20)):
        for scale in CLASSIFIER_SCALES:
            guide = partial(classifier_guidance, critic, scale=scale)
            made = adm(bench, labels, guide, scheduler=scheduler, steps=steps)
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
                    "variety": variety(seen.vectors.unflatten(0, (len(classes), each))),
                    "prompts": len(labels),
                }
            )
    return rows


def _sheet(bench: Bench) -> None:
    """One prompt at every scale."""
    prompt = "a large red star left of a small green heart on a pink background"
    made = [
        pixels(bench, base(bench, [prompt] * 6, classifier_free_guidance(scale), steps=FEW_STEPS, seed=SEED))
        for scale in SCALES
    ]
    labels = [f"scale {scale:g}" for scale in SCALES]
    bench.sheet("guidance-scales", torch.cat(made), row_labels=labels, columns=6, cell_size=96, title=prompt)


MEASURES = ("one_object", "two_objects", "everything", "clip_score")
STUDIES = [
    Study(
        "classifier-free-guidance",
        "Classifier-free guidance: alignment, fidelity and variety against scale",
        "A larger scale follows the caption better and makes the pictures less diverse (Ho and Salimans 2022; GLIDE, "
        "figure 6). *variety*: how far apart pictures of one prompt are that leaves size, place and background open, "
        "as the mean cosine distance of CLIP's embeddings.",
        ("glide", "clip"),
        classifier_free,
        Plot("scale", (*MEASURES, "precision", "recall", "variety"), "guidance scale"),
        ("guidance-scales",),
        part=2,
    ),
    Study(
        "clip-guidance",
        "CLIP guidance on the same model, and both trade-offs",
        "CLIP guidance raises the CLIP score more than people's judgement of the caption, and classifier-free guidance "
        "gives the better trade of fidelity for diversity (GLIDE, section 4.2): read this table beside the one above. "
        "In the plot, lower is more faithful, further right more varied, and the numbers are scales.",
        ("glide", "clip", "noised-clip"),
        by_clip,
        Plot(
            "variety",
            ("frechet_distance",),
            "variety",
            by="guidance",
            tables=("classifier-free-guidance", "clip-guidance"),
            marks="scale",
        ),
        part=2,
    ),
    Study(
        "classifier-guidance",
        "Classifier guidance on ADM",
        "The classifier's gradient trades diversity for fidelity (Dhariwal and Nichol 2021, figure 4); algorithm 1 "
        "with the ancestral sampler, algorithm 2 with DDIM.",
        ("adm", "classifier", "clip"),
        by_classifier,
        Plot("variety", ("frechet_distance",), "variety", by="scheduler", marks="scale"),
    ),
]
