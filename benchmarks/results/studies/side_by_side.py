"""All systems on the same prompts: the project's figures, and a prompt suite by category."""

from __future__ import annotations

import torch
from graph_engine_shapes.nodes import prompt_suite
from graph_nodes.judging import frechet_distance

from benchmarks.results.bench import Bench, Clock, Row, obeyed, share, verdicts
from benchmarks.results.systems import SYSTEMS

from . import Study
from .latents import megabytes

SHOWN = 6


def quality(bench: Bench) -> list[Row]:
    """The two figures on held-out prompts, fidelity, CLIP score, seconds and megabytes."""
    prompts = [*bench.one, *bench.two]
    rows, sheet = [], []
    for name, (draw, models) in SYSTEMS.items():
        if not bench.has(*models):
            continue
        draw(bench, bench.one[:2])
        with Clock() as clock:
            one, two = draw(bench, bench.one), draw(bench, bench.two)
        made = torch.cat([one, two])
        sheet.append(torch.nn.functional.interpolate(two[:SHOWN], (64, 64), mode="nearest"))
        rows.append(
            {
                "system": name,
                "size": made.shape[-1],
                **obeyed(one, bench.one, two, bench.two),
                "frechet_distance": frechet_distance(bench.context, bench.embedding(made), bench.real),
                "clip_score": bench.clip_score(made, prompts),
                "cpu_seconds_a_picture": clock.cpu / len(prompts),
                "megabytes": megabytes(bench, *models),
            }
        )
    rows_of = [str(row["system"]) for row in rows]
    bench.sheet("systems", torch.cat(sheet), row_labels=rows_of, columns=SHOWN, cell_size=128)
    return rows


def suite(bench: Bench) -> list[Row]:
    """Everything right, by category of the prompt suite."""
    asked = prompt_suite(per_category=max(4, bench.count // 16))
    rows: dict[str, Row] = {name: {"category": name} for name in dict.fromkeys(asked.categories)}
    for system, (draw, models) in SYSTEMS.items():
        if bench.has(*models):
            found = verdicts(draw(bench, asked.prompts), asked.meanings)
            for name, row in rows.items():
                some = [v for v, category in zip(found, asked.categories, strict=True) if category == name]
                row[system] = share(some, "everything")
    return list(rows.values())


STUDIES = [
    Study(
        "systems",
        "All systems side by side",
        "Shares of held-out prompts that are obeyed (see the top of the page), Frechet distance with the shapes CLIP's "
        "features against true pictures of such prompts, mean CLIP cosine, processor seconds and weights.",
        ("glide", "clip"),
        quality,
        sheets=("systems",),
    ),
    Study(
        "prompt-suite",
        "A prompt suite in DrawBench's manner",
        "The eleven categories of Saharia et al. 2022, translated to the shapes world: the share of prompts with "
        "everything right.",
        ("glide", "clip"),
        suite,
    ),
]
