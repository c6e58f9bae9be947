"""Where nodes and reference pipelines are compared: tiny models on disk, a context that finds them, pictures."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from graph_nodes.checkpoints.tiny.families import make_tiny
from graph_nodes.models import Model, load_model
from torch import Tensor

from graph_engine import Context, Folders, Image, Mask

__all__ = ["PARITY", "Bench", "Pair", "Row", "generators", "picture", "right_half"]

PROMPT = "a red cat"
Pair = tuple[Tensor, Tensor]
"""(what the nodes made, what the pipeline made)."""


@dataclass(frozen=True)
class Row:
    """One row of the table. stages: name -> the two tensors; tolerance: the greatest difference, 0 for equal bits."""

    name: str
    stages: Callable[[Bench], Mapping[str, Pair]]
    tolerance: float = 0.0
    reason: str = ""


PARITY: list[Row] = []
"""Every row, in the order of the table; the modules of rows add to it."""


@dataclass
class Bench:
    """Tiny models, made when they are first asked for, and what opens them."""

    folder: Path
    context: Context = field(init=False)
    _pipelines: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.context = Context(folders=Folders(model_roots=(self.folder,)))

    def path(self, family: str) -> Path:
        """The folder of a tiny model."""
        path = self.folder / family
        if not path.exists():
            with contextlib.redirect_stderr(io.StringIO()):
                make_tiny(family, path)
        return path

    def model(self, family: str) -> Model:
        """The parts of a tiny model, as core.load_model hands them out."""
        self.path(family)
        return load_model(self.context, family)

    def pipeline(self, kind: str, family: str, **changes: Any) -> Any:
        """A pipeline of diffusers on a tiny model, without its progress bar."""
        import diffusers

        pipeline = getattr(diffusers, kind).from_pretrained(self.path(family), local_files_only=True, **changes)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @cached_property
    def cat(self) -> Image:
        """A picture of 64 x 64."""
        return picture(64, 64)


def picture(height: int, width: int, seed: int = 5) -> Image:
    """Smooth colours, the same in every run."""
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    return Image(torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1))


def right_half(height: int, width: int) -> Mask:
    """What may change: the right half."""
    values = torch.zeros(1, 1, height, width)
    values[..., width // 2 :] = 1
    return Mask(values)


def generators(count: int, seed: int = 0) -> list[torch.Generator]:
    """One for each picture, as the project makes them."""
    return [torch.Generator().manual_seed(seed + k) for k in range(count)]
