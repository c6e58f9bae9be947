"""Latent against pixel diffusion, and steps against quality for five schedulers."""

from __future__ import annotations

from graph_nodes.guidance import classifier_free_guidance

from benchmarks.results.bench import Bench, Clock, Row, obeyed, share, verdicts
from benchmarks.results.systems import base, glide, latent, pixels

from . import Plot, Study

SCHEDULERS = ("ddim", "dpm++", "unipc", "euler", "ddpm")
STEPS = (4, 6, 8, 12, 20, 40)


def against_pixels(bench: Bench) -> list[Row]:
    """The same prompts at 64 x 64: a cascade of pixels, and one model in latent space with its decoder."""
    rows = []
    for name, draw, model in (("pixel cascade (GLIDE)", glide, "glide"), ("latent diffusion", latent, "latent")):
        draw(bench, bench.one[:2])  # weights are read before the clock runs
        with Clock() as clock:
            one, two = draw(bench, bench.one), draw(bench, bench.two)
        rows.append(
            {
                "system": name,
                **obeyed(one, bench.one, two, bench.two),
                "cpu_seconds_a_picture": clock.cpu / (len(one) + len(two)),
                "megabytes_of_weights": megabytes(bench, model),
                "numbers_a_sample": _numbers(bench, model),
            }
        )
    return rows


def _numbers(bench: Bench, model: str) -> int:
    """How many numbers the largest denoiser of a system works on."""
    part = bench.model(model).upsampler or bench.part(model, "denoiser")
    return int(part.facts["channels"] * part.facts["size"] ** 2)


def megabytes(bench: Bench, *models: str) -> float:
    """Size of all weights that these models read, each file once."""
    files = {
        path.resolve()
        for model in models
        for part in bench.model(model)
        if part is not None
        for path in (bench.context.folders.models[f"shapes/{model}"] / part.facts["folder"]).glob("*.safetensors")
    }
    return sum(path.stat().st_size for path in files) / 1e6


def schedulers(bench: Bench) -> list[Row]:
    """Every scheduler at every number of steps, GLIDE's base at guidance 3."""
    prompts = [*bench.one, *bench.two]
    rows = []
    for steps in STEPS:
        row: Row = {"steps": steps}
        for name in SCHEDULERS:
            samples = base(bench, prompts, classifier_free_guidance(3.0), steps=steps, scheduler=name)
            made = pixels(bench, samples)
            row[name] = share(verdicts(made, prompts), "everything")
        rows.append(row)
    return rows


STUDIES = [
    Study(
        "latent-against-pixel",
        "Latent against pixel diffusion at 64 x 64",
        "Diffusion in an autoencoder's latent space costs a fraction of diffusion in pixels (Rombach et al. 2022).",
        ("latent", "glide"),
        against_pixels,
        part=2,
    ),
    Study(
        "schedulers",
        "Steps against quality for five schedulers",
        "Higher-order solvers need fewer steps (Lu et al. 2022; Zhao et al. 2023); ancestral sampling needs many.",
        ("glide",),
        schedulers,
        Plot("steps", SCHEDULERS, "steps"),
        part=4,
    ),
]
