"""Which family a published folder is of, and the parts that it has: told from its index and its configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_nodes.checkpoints import discrete, embeddings, flows, glide, glide_clip, pixels, stable
from graph_nodes.checkpoints.layout import Layout, read_layout
from graph_nodes.checkpoints.openai import NOISED_CLASSIFIER, UNET
from graph_nodes.checkpoints.weight_files import WITH_WEIGHTS, find_weights
from graph_nodes.errors import ModelRefused

__all__ = ["FAMILIES", "Family", "describe_folder", "family_of"]

FORMAT = 1


@dataclass(frozen=True)
class Family:
    """A published family. fits: whether a layout is one of it; parts: what it offers, part -> facts."""

    name: str
    title: str
    fits: Callable[[Layout], bool]
    parts: Callable[[Layout], dict[str, dict[str, Any]]]


def _unet(layout: Layout, key: str) -> Any:
    return layout.config("unet").get(key) if "unet" in layout else None


def _reads_t5(layout: Layout) -> bool:
    return layout.class_of("text_encoder") == "T5EncoderModel" or layout.pipeline.startswith("IF")


FAMILIES: tuple[Family, ...] = (
    Family("sd3", "Stable Diffusion 3", lambda it: it.class_of("transformer") == "SD3Transformer2DModel", flows.sd3),
    Family("flux", "Flux", lambda it: it.class_of("transformer") == "FluxTransformer2DModel", flows.flux),
    Family("dalle", "DALL-E's kind", lambda it: "vqvae" in it, discrete.dalle),
    Family("karlo", "Karlo's unCLIP", lambda it: "super_res_first" in it and "text_proj" in it, embeddings.karlo),
    Family("kandinsky", "Kandinsky 2.2", lambda it: "movq" in it and "text_encoder" not in it, embeddings.kandinsky),
    Family(
        "kandinsky-prior",
        "The prior of Kandinsky 2.2",
        lambda it: it.class_of("prior") == "PriorTransformer",
        embeddings.kandinsky_prior,
    ),
    Family("glide", "GLIDE", lambda it: it.class_of("text_encoder") == glide.CLASS, glide.glide),
    Family(
        "glide-clip",
        "GLIDE's noised CLIP",
        lambda it: it.class_of(glide_clip.SUBFOLDER) == glide_clip.CLASS,
        glide_clip.noised_clip,
    ),
    Family(
        "adm-classifier",
        "guided-diffusion's noised classifier",
        lambda it: it.class_of("classifier") == NOISED_CLASSIFIER,
        pixels.noised_classifier,
    ),
    Family(
        "adm",
        "guided-diffusion (ADM)",
        lambda it: it.class_of("unet") in ("UNet2DModel", UNET),
        pixels.guided_diffusion,
    ),
    Family(
        "deepfloyd", "DeepFloyd IF", lambda it: "unet" in it and "vae" not in it and _reads_t5(it), pixels.deepfloyd
    ),
    Family(
        "sdxl",
        "Stable Diffusion XL",
        lambda layout: _unet(layout, "addition_embed_type") == "text_time",
        stable.stable_diffusion_xl,
    ),
    Family(
        "sd-upscaler",
        "Stable Diffusion x4 upscaler",
        lambda layout: "low_res_scheduler" in layout and "vae" in layout,
        stable.upscaler,
    ),
    Family(
        "sd-x2-upscaler",
        "Stable Diffusion x2 latent upscaler",
        lambda layout: _unet(layout, "time_embedding_type") == "fourier" and "vae" in layout,
        stable.upscaler_x2,
    ),
    Family(
        "stable-diffusion",
        "Stable Diffusion 1 and 2",
        lambda layout: {"unet", "vae", "text_encoder"} <= layout.components.keys(),
        stable.stable_diffusion,
    ),
)
"""The most particular first."""


def family_of(layout: Layout) -> Family:
    """The family of a layout; raises ModelRefused that says what was found and what is known."""
    for family in FAMILIES:
        if family.fits(layout):
            return family
    known = "; ".join(family.title for family in FAMILIES)
    raise ModelRefused(
        f"the model {layout.name!r} is a {layout.pipeline} of {', '.join(sorted(layout.components)) or 'nothing'}, "
        f"which is no family that is known here: {known}"
    )


def describe_folder(name: str, folder: Path) -> dict[str, Any]:
    """What a model.json would say of a folder in the published layout; no weights are read."""
    layout = read_layout(name, folder)
    family = family_of(layout)
    parts = family.parts(layout)
    for part, facts in parts.items():
        _check_weights(layout, part, facts)
    return {"format": FORMAT, "family": family.name, "title": f"{family.title} ({layout.pipeline})", "parts": parts}


def _check_weights(layout: Layout, part: str, facts: Mapping[str, Any]) -> None:
    for key in WITH_WEIGHTS:
        if key in facts:
            try:
                find_weights(layout.folder / facts[key])
            except ModelRefused as error:
                raise ModelRefused(f"the model {layout.name!r}, part {part!r}: {error}") from None
