"""Reranking by CLIP: the more candidates, the better the best of them."""

from __future__ import annotations

import torch

from benchmarks.results.bench import Bench, Row, share, verdicts
from benchmarks.results.systems import best_by_clip, dalle_candidates

from . import Plot, Study

MOST = 32


def rerank(bench: Bench) -> list[Row]:
    """A random candidate, CLIP's best of 8 and of 32, and the best that choosing could reach."""
    some = len(bench.one)
    prompts = [*bench.one, *bench.two]
    drawn = dalle_candidates(bench, prompts, MOST)
    rows = []
    for candidates in (1, 2, 4, 8, 16, MOST):
        chosen = best_by_clip(bench, prompts, drawn[:, :candidates])
        ideal = [
            max(share(verdicts(drawn[k : k + 1, c], [prompt]), "objects") for c in range(candidates))
            for k, prompt in enumerate(prompts)
        ]
        rows.append(
            {
                "candidates": candidates,
                "one_object": share(verdicts(chosen[:some], prompts[:some]), "obeyed"),
                "two_objects": share(verdicts(chosen[some:], prompts[some:]), "objects"),
                "clip_score": bench.clip_score(chosen, prompts),
                "objects_right_in_any": sum(ideal) / len(ideal),
            }
        )
    order = torch.cat([drawn[some, :8], best_by_clip(bench, prompts[some : some + 1], drawn[some : some + 1])])
    captions = [*(f"candidate {k + 1}" for k in range(8)), "CLIP's choice of 32"]
    bench.sheet("rerank", order, captions=captions, columns=3, cell_size=96, title=prompts[some])
    return rows


STUDIES = [
    Study(
        "rerank",
        "Reranking DALL-E's candidates by CLIP",
        "The best of N by CLIP gets better with N (Ramesh et al. 2021, figure 6).",
        ("dalle", "clip"),
        rerank,
        Plot("candidates", ("one_object", "two_objects", "objects_right_in_any"), "candidates"),
        ("rerank",),
        part=4,
    ),
]
