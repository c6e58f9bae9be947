"""Nodes that tell a denoiser something beside its text: each binds one condition and hands the denoiser on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from graph_engine import Denoiser, Image, ImageEmbedding, Latents, Mask, Slider, node
from graph_engine.errors import did_you_mean
from graph_nodes.errors import Misfit
from graph_nodes.fitting import check_condition, name_of

__all__ = ["class_label", "image_condition", "inpaint_condition", "low_resolution"]


@node(category="diffusion")
def low_resolution(
    denoiser: Denoiser,
    image: Image | Latents,
    noise_level: Annotated[int, Slider(0, 999)] = 0,
) -> Denoiser:
    """Give an upsampler the small picture that it is to enlarge.

    image: a picture, or latents of pixel space, in the size that the upsampler was trained for. noise_level: noise
    mixed into the small picture, as a timestep of the upsampler's own schedule (conditioning augmentation: Ho et al.
    2021, arXiv:2106.15282); only for upsamplers trained with it.
    """
    facts = denoiser.facts
    if "low_resolution" not in facts.get("conditions", ()):
        raise Misfit(f"{name_of(denoiser)} is no upsampler: it takes no low-resolution picture")
    if noise_level and not facts.get("noise_augmentation"):
        raise Misfit(f"{name_of(denoiser)} was trained without noise augmentation: noise_level 0")
    _check_size(denoiser, image, facts.get("low_resolution_size"), "enlarges pictures of")
    level = {"noise_level": noise_level} if facts.get("noise_augmentation") else {}
    return _bound(denoiser, {"low_resolution": image, **level})


@node(category="diffusion")
def class_label(denoiser: Denoiser, label: str) -> Denoiser:
    """Tell a class-conditional model which class to draw (ADM: Dhariwal and Nichol 2021, arXiv:2105.05233).

    label: the name of a class that the model was trained on; a wrong name is answered with the nearest ones.
    """
    check_condition(denoiser, "class_label")
    classes = list(denoiser.facts.get("classes", ()))
    if label not in classes:
        raise Misfit(
            f"{name_of(denoiser)} knows no class {label!r}.{did_you_mean(label, classes)} "
            f"It knows {len(classes)}, such as {', '.join(classes[:3])}"
        )
    return _bound(denoiser, {"class_label": classes.index(label)})


@node(category="diffusion")
def image_condition(denoiser: Denoiser, embedding: ImageEmbedding) -> Denoiser:
    """Give a decoder the CLIP embedding of the picture that it is to draw (unCLIP: Ramesh et al. 2022, section 2.1).

    embedding: from a prior, from a picture (variations), or between two pictures; its batch sets how many are drawn.
    """
    check_condition(denoiser, "image_embedding")
    wanted = denoiser.facts.get("embedding_space")
    if embedding.space != wanted:
        raise Misfit(f"{name_of(denoiser)} wants embeddings of the space {wanted!r}, found {embedding.space!r}")
    return _bound(denoiser, {"image_embedding": embedding})


@node(category="diffusion")
def inpaint_condition(denoiser: Denoiser, image: Image | Latents, mask: Mask) -> Denoiser:
    """Show an inpainting model the picture around the part that it is to draw (Nichol et al. 2021, section 2.4).

    image: the picture, in the model's size. mask: 1 where the model may draw; it is never shown what lies there. For
    models with mask channels; others inpaint by core.repaint. Both together leave the known pixels as they are.
    """
    check_condition(denoiser, "inpaint")
    _check_size(denoiser, image, denoiser.facts.get("size"), "works on pictures of")
    return _bound(denoiser, {"inpaint": {"image": image, "mask": mask}})


def _check_size(denoiser: Denoiser, image: Image | Latents, size: int | None, does: str) -> None:
    if isinstance(image, Latents) and image.space != "pixel":
        raise Misfit(f"{name_of(denoiser)} wants a picture of pixel space, found {image.space!r}; decode it first")
    height, width = (image.samples if isinstance(image, Latents) else image.pixels).shape[-2:]
    if size and (height, width) != (size, size):
        raise Misfit(
            f"{name_of(denoiser)} {does} {size} x {size}, found {width} x {height}; use core.resize or core.crop"
        )


def _bound(denoiser: Denoiser, conditions: Mapping[str, object]) -> Denoiser:
    return replace(denoiser, conditions={**denoiser.conditions, **conditions})
