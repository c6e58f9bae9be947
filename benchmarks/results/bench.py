"""What the studies share: the models, prompts and their pictures, the judge, CLIP's features, and files of results."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
from graph_engine_shapes.alignment import fresh_prompts
from graph_engine_shapes.captions import parse
from graph_engine_shapes.drawing import render
from graph_engine_shapes.judging import Verdict, judge, see
from graph_engine_shapes.scenes import Scenes, scenes_of
from graph_nodes.clip import embed_text, encode_image
from graph_nodes.image_ops import grid
from graph_nodes.models import Model, load_model
from graph_nodes.text import batch_text, encode_text
from torch import Tensor

from graph_engine import Context, Engine, Image, ImageEmbedding, TextEmbedding, TextEncoder

Row = dict[str, Any]
BATCH = 32
"""Pictures in one run of the sampler."""
SEED = 40_000_000
"""Far above every seed that training, watching and the models' own evaluation use."""


class Bench:
    """One session of studies.

    folder: where tables, plots and sheets are written; prompts: how many of each kind a figure is made of.
    """

    def __init__(self, folder: Path, prompts: int) -> None:
        self.folder = folder
        self.count = prompts
        self.context = Context(folders=Engine().folders)

    @cache  # noqa: B019 - one bench lives as long as the program
    def model(self, name: str) -> Model:
        """The parts of `shapes/<name>`."""
        return load_model(self.context, f"shapes/{name}")

    def part(self, name: str, part: str) -> Any:
        """One part of `shapes/<name>`."""
        found = getattr(self.model(name), part)
        assert found is not None, f"shapes/{name} has no {part}"
        return found

    def has(self, *names: str) -> bool:
        """True when all of these models are installed."""
        return all(f"shapes/{name}" in self.context.folders.models for name in names)

    @cached_property
    def one(self) -> list[str]:
        """Prompts of one object, of combinations that training never saw."""
        return fresh_prompts(self.count, False, SEED, "only")

    @cached_property
    def two(self) -> list[str]:
        """Prompts of two objects, of combinations that training never saw."""
        return fresh_prompts(self.count, True, SEED + 1, "only")

    def text(self, encoder: TextEncoder, prompts: Sequence[str]) -> TextEmbedding:
        """A batch of encoded prompts."""
        return batch_text([encode_text(self.context, encoder, prompt) for prompt in prompts])

    def embedding(self, pictures: Tensor) -> ImageEmbedding:
        """CLIP's embeddings of pictures [n, 3, h, w]."""
        return encode_image(self.context, self.part("clip", "clip"), Image(pictures))

    def text_embedding(self, prompts: Sequence[str]) -> ImageEmbedding:
        """CLIP's embeddings of texts."""
        clip = self.part("clip", "clip")
        vectors = [embed_text(self.context, clip, prompt).vectors for prompt in prompts]
        return ImageEmbedding(torch.cat(vectors), clip.facts["embedding_space"])

    def clip_score(self, pictures: Tensor, prompts: Sequence[str]) -> float:
        """Mean cosine between pictures and their prompts."""
        seen, told = self.embedding(pictures).vectors, self.text_embedding(prompts).vectors
        return float(torch.cosine_similarity(seen, told).mean())

    @cached_property
    def real(self) -> ImageEmbedding:
        """Embeddings of true pictures of other prompts of the same kinds.

        With the same prompts every drawn picture would have a real one beside it, and precision and recall be 1.
        """
        one = fresh_prompts(self.count, False, SEED + 2, "only")
        return self.embedding(true_pictures([*one, *fresh_prompts(self.count, True, SEED + 3, "only")], 32))

    def reference(self, prompts: Sequence[str], size: int = 32) -> Tensor:
        """The true picture [n, 3, size, size] of each prompt."""
        return true_pictures(prompts, size)

    def write(self, name: str, rows: Sequence[Row]) -> None:
        """Write a table as CSV; `prompts` says how many of each kind its figures are made of."""
        rows = [{**row, "prompts": row.get("prompts", self.count)} for row in rows]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({key: rounded(value) for key, value in row.items()} for row in rows)

    def read(self, name: str) -> list[dict[str, str]]:
        """A table that was written before."""
        with (self.folder / f"{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def sheet(self, name: str, pictures: Tensor, **labels: Any) -> None:
        """Write a labelled sheet of pictures [n, 3, h, w]."""
        from PIL import Image as Pillow

        self.folder.mkdir(parents=True, exist_ok=True)
        made = grid([Image(pictures)], **labels).pixels[0]
        pixels = (made.permute(1, 2, 0) * 255).round().byte().numpy()
        Pillow.fromarray(pixels).save(self.folder / f"{name}.png", optimize=True)


def rounded(value: Any) -> Any:
    """A float with four digits after the point; anything else as it is."""
    return round(value, 4) if isinstance(value, float) else value


def true_pictures(prompts: Sequence[str], size: int) -> Tensor:
    """Draw prompts [n, 3, size, size] without a model; what they leave open is drawn at random."""
    scenes = [scenes_of(parse(p), 1, torch.Generator().manual_seed(SEED + k)) for k, p in enumerate(prompts)]
    return render(Scenes.join(scenes), size)


def verdicts(pictures: Tensor, prompts: Sequence[str]) -> list[Verdict]:
    """The judge's word on each picture."""
    return [judge(seen, prompt) for seen, prompt in zip(see(pictures), prompts, strict=True)]


def share(found: Sequence[Verdict], name: str) -> float:
    """The share of verdicts in which an attribute is right."""
    return sum(float(getattr(verdict, name)) for verdict in found) / len(found)


def obeyed(one: Tensor, one_prompts: Sequence[str], two: Tensor, two_prompts: Sequence[str]) -> Row:
    """The two figures of the project: one object with its background right, both of two objects right."""
    return {
        "one_object": share(verdicts(one, one_prompts), "obeyed"),
        "two_objects": share(verdicts(two, two_prompts), "objects"),
    }


def chunks(n: int, size: int = BATCH) -> Iterable[slice]:
    """Slices that go through n items."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


class Clock:
    """Processor and wall time of a block, in seconds."""

    def __enter__(self) -> Clock:
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        self.cpu = self.wall = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = time.process_time() - self._cpu, time.perf_counter() - self._wall


def say(text: str) -> None:
    """Tell how far the work is."""
    print(text, file=sys.stderr, flush=True)
