"""unCLIP: what the prior is for, variations, and what lies between two embeddings."""

from __future__ import annotations

from collections.abc import Callable

import torch
from graph_engine_shapes.judging import see
from graph_nodes.embeddings import interpolate_embeddings

from benchmarks.results.bench import Bench, Clock, Row, obeyed, true_pictures, verdicts
from benchmarks.results.systems import ar_embedding, decoded, prior_embedding
from graph_engine import ImageEmbedding

from . import Plot, Study

PLACES = 9


def matters(bench: Bench) -> list[Row]:
    """The decoder fed with the caption alone, the text embedding, either prior's embedding, and the true one."""
    prompts = [*bench.one, *bench.two]
    nothing = ImageEmbedding(torch.zeros(len(prompts), 128), "shapes-clip")
    sources: dict[str, Callable[[], ImageEmbedding]] = {
        "no embedding": lambda: nothing,
        "text embedding": lambda: bench.text_embedding(prompts),
        "diffusion prior": lambda: prior_embedding(bench, prompts),
        "autoregressive prior": lambda: ar_embedding(bench, prompts),
        "embedding of a true picture": lambda: bench.embedding(bench.reference(prompts)),
    }
    rows = []
    for told in ("caption", "no caption"):
        captions = prompts if told == "caption" else [""] * len(prompts)
        for name, source in sources.items():
            if (told, name) != ("no caption", "no embedding"):
                with Clock() as clock:
                    embedding = source()
                rows.append(_fed(bench, captions, name, embedding) | {"prior_seconds": clock.cpu / len(prompts)})
    return rows


def _fed(bench: Bench, captions: list[str], name: str, embedding: ImageEmbedding) -> Row:
    prompts = [*bench.one, *bench.two]
    n = len(bench.one)
    made = decoded(bench, captions, embedding)
    true = bench.embedding(bench.reference(prompts)).vectors
    return {
        "caption": "yes" if captions[0] else "no",
        "embedding": name,
        **obeyed(made[:n], bench.one, made[n:], bench.two),
        "clip_score": bench.clip_score(made, prompts),
        "cosine_to_true": float(torch.cosine_similarity(embedding.vectors, true).mean()),
    }


PAIR = ("a large red circle on a white background", "a small blue star on a black background")


def interpolation(bench: Bench) -> list[Row]:
    """Along a path between two pictures: the share of drawn pictures that have each end's attributes."""
    ends = [bench.embedding(true_pictures([prompt], 32)) for prompt in PAIR]
    rows, sheet = [], []
    seeds = 16
    for place in range(PLACES):
        t = place / (PLACES - 1)
        between = interpolate_embeddings(ends[0], ends[1], t)
        vectors = between.vectors.repeat(seeds, 1)
        made = decoded(bench, [""] * seeds, ImageEmbedding(vectors, between.space))
        sheet.append(made[:3])
        seen = see(made)
        first = [s.objects[0] if s.objects else None for s in seen]
        rows.append(
            {
                "t": t,
                "red": sum(o is not None and o.colour == "red" for o in first) / seeds,
                "blue": sum(o is not None and o.colour == "blue" for o in first) / seeds,
                "circle": sum(o is not None and o.shape == "circle" for o in first) / seeds,
                "star": sum(o is not None and o.shape == "star" for o in first) / seeds,
                "large": sum(o is not None and o.size == "large" for o in first) / seeds,
                "white": sum(s.background == "white" for s in seen) / seeds,
                "black": sum(s.background == "black" for s in seen) / seeds,
            }
        )
    pictures = torch.stack(sheet, dim=1).flatten(0, 1)
    labels = [f"{place / (PLACES - 1):.2f}" for place in range(PLACES)]
    bench.sheet("interpolation", pictures, column_labels=labels, cell_size=96, title=" to ".join(PAIR))
    return rows


def variations(bench: Bench) -> list[Row]:
    """Variations of true pictures: which of their attributes the decoder keeps when it is told the embedding alone."""
    prompts = [*bench.one, *bench.two]
    pictures = bench.reference(prompts)
    made = decoded(bench, [""] * len(prompts), bench.embedding(pictures))
    n = len(bench.one)
    rows: list[Row] = []
    for kind, part in (("one object", slice(0, n)), ("two objects", slice(n, None))):
        found = verdicts(made[part], prompts[part])
        names = ("count", "colour", "shape", "size", "relation", "background")
        kept = {name: sum(float(getattr(v, name)) for v in found) / len(found) for name in names}
        rows.append({"pictures": kind, **kept})
    shown = [0, 1, n, n + 1]
    columns = 6
    sheet = []
    for k in shown:
        embedding = bench.embedding(pictures[k : k + 1]).vectors.repeat(columns - 1, 1)
        drawn = decoded(bench, [""] * (columns - 1), ImageEmbedding(embedding, "shapes-clip"))
        sheet += [pictures[k : k + 1], drawn]
    labels = ["the picture", *(f"variation {k + 1}" for k in range(columns - 1))]
    bench.sheet("variations", torch.cat(sheet), column_labels=labels, cell_size=96)
    return rows


STUDIES = [
    Study(
        "prior",
        "Why unCLIP needs a prior",
        "Caption and prior embedding together beat the caption alone and the text embedding in the image embedding's "
        "place; the diffusion prior is better and cheaper than the autoregressive one (Ramesh et al. 2022, section 4).",
        ("prior", "ar-prior", "unclip", "clip"),
        matters,
        part=2,
    ),
    Study(
        "variations",
        "Variations of a picture",
        "What CLIP's embedding holds is kept, the rest varies (Ramesh et al. 2022, figure 3).",
        ("unclip", "clip"),
        variations,
        part=2,
        sheets=("variations",),
    ),
    Study(
        "interpolation",
        "Between two pictures",
        "Attributes change from one end's to the other's along the path (Ramesh et al. 2022, figure 4).",
        ("unclip", "clip"),
        interpolation,
        Plot("t", ("red", "blue", "circle", "star", "large", "white", "black"), "place between the pictures"),
        ("interpolation",),
    ),
]
