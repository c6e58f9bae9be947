"""Nodes that open models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from graph_engine import (
    CLIP,
    VAE,
    Classifier,
    Context,
    Denoiser,
    FeatureExtractor,
    ImageTokenizer,
    ModelPart,
    TextEncoder,
    TokenModel,
    node,
)
from graph_nodes import model_files
from graph_nodes.errors import ModelRefused

__all__ = ["Model", "load_model"]

Dtype = Literal["run", "stored", "float32", "bfloat16", "float16"]
P = TypeVar("P", bound=ModelPart)


class Model(NamedTuple):
    """The parts of a model; a part that the model does not have is None."""

    text_encoder: TextEncoder | None
    denoiser: Denoiser | None
    upsampler: Denoiser | None
    second_upsampler: Denoiser | None
    vae: VAE | None
    clip: CLIP | None
    classifier: Classifier | None
    token_model: TokenModel | None
    image_tokenizer: ImageTokenizer | None
    feature_extractor: FeatureExtractor | None
    prior: Denoiser | None


def _fingerprint(
    context: Context, model: str, dtype: str, slices: bool, offload: bool, compile: bool
) -> dict[str, str]:
    return model_files.fingerprint(context, model)


@node(category="models", version=4, fingerprint=_fingerprint)
def load_model(
    context: Context,
    model: str,
    dtype: Dtype = "run",
    slices: bool = False,
    offload: bool = False,
    compile: bool = False,
) -> Model:
    """Open a model by name and hand out its parts, without reading any weights yet.

    model: a name as `graph-engine models` lists them, such as `shapes/glide`; a folder in the layout of diffusers below
    a model folder is named by its path. Weights are read by the first node that uses a part, and stay warm for the
    next run. dtype: the numbers that the parts compute in: the run's, those that the file has (its weights then stay a
    view of the file), or one by name. slices: attention in slices and pictures in tiles, for little memory. offload:
    the weights wait in the host's memory and come to the device layer by layer. compile: the denoisers by
    torch.compile. Raises ModelRefused when the model is unknown or incomplete.
    """
    files = model_files.open_model(context, model)
    chosen = {"dtype": dtype if dtype != "run" else "", "slices": slices, "offload": offload, "compile": compile}
    options = {name: value for name, value in chosen.items() if value}

    def part(name: str, kind: type[P]) -> P | None:
        return _part(context, files, name, kind, options)

    return Model(
        text_encoder=part("text_encoder", TextEncoder),
        denoiser=part("denoiser", Denoiser),
        upsampler=part("upsampler", Denoiser),
        second_upsampler=part("second_upsampler", Denoiser),
        vae=part("vae", VAE),
        clip=part("clip", CLIP),
        classifier=part("classifier", Classifier),
        token_model=part("token_model", TokenModel),
        image_tokenizer=part("image_tokenizer", ImageTokenizer),
        feature_extractor=part("feature_extractor", FeatureExtractor),
        prior=part("prior", Denoiser),
    )


@load_model.upgrade(1)
@load_model.upgrade(2)
@load_model.upgrade(3)
def _more_parts(values: dict[str, Any]) -> dict[str, Any]:
    """Versions 2 to 4 hand out more parts; the values are the same."""
    return values


def _part(
    context: Context, files: model_files.ModelFiles, name: str, kind: type[P], options: Mapping[str, Any]
) -> P | None:
    facts: Mapping[str, Any] | None = files.parts.get(name)
    if facts is None:
        return None
    if facts["kind"] != kind.__name__:
        raise ModelRefused(f"the model {files.name!r}: part {name!r} is no {kind.__name__}")
    kept = {name: value for name, value in options.items() if name != "compile" or kind is Denoiser}
    return kind(files.name, name, model_files.revision(context, files, name), dict(facts), kept)
