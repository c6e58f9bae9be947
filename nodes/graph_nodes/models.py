"""Nodes that open models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from graph_engine import CLIP, Context, Denoiser, ModelPart, TextEncoder, node
from graph_nodes import model_files
from graph_nodes.errors import ModelRefused

__all__ = ["Model", "load_model"]

P = TypeVar("P", bound=ModelPart)


class Model(NamedTuple):
    """The parts of a model; a part that the model does not have is None."""

    text_encoder: TextEncoder | None
    denoiser: Denoiser | None
    upsampler: Denoiser | None
    clip: CLIP | None


def _fingerprint(context: Context, model: str) -> dict[str, str]:
    return model_files.fingerprint(context, model)


@node(category="models", fingerprint=_fingerprint)
def load_model(context: Context, model: str) -> Model:
    """Open a model by name and hand out its parts, without reading any weights yet.

    model: a name as `graph-engine models` lists them, such as `shapes/glide`. Weights are read by the first node that
    uses a part, and stay warm for the next run. Raises ModelRefused when the model is unknown or incomplete.
    """
    files = model_files.open_model(context, model)
    return Model(
        text_encoder=_part(context, files, "text_encoder", TextEncoder),
        denoiser=_part(context, files, "denoiser", Denoiser),
        upsampler=_part(context, files, "upsampler", Denoiser),
        clip=_part(context, files, "clip", CLIP),
    )


def _part(context: Context, files: model_files.ModelFiles, name: str, kind: type[P]) -> P | None:
    facts: Mapping[str, Any] | None = files.parts.get(name)
    if facts is None:
        return None
    if facts["kind"] != kind.__name__:
        raise ModelRefused(f"the model {files.name!r}: part {name!r} is no {kind.__name__}")
    return kind(files.name, name, model_files.revision(context, files, name), dict(facts))
