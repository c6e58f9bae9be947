"""Nodes that tell a denoiser something beside its text: each binds one condition and hands the denoiser on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from graph_engine import VAE, Denoiser, Image, ImageEmbedding, Latents, Mask, Slider, node
from graph_engine.errors import did_you_mean
from graph_nodes.errors import Misfit
from graph_nodes.fitting import check_condition, name_of
from graph_nodes.shapes import shape_of
from graph_nodes.sizes import sides_of

__all__ = [
    "class_label",
    "guidance_embedding",
    "image_condition",
    "inpaint_condition",
    "low_resolution",
    "picture_size",
    "size_condition",
]

Side = Annotated[int, Slider(8, 8192, 8)]
AnySide = Annotated[int, Slider(0, 8192, 8)]


@node(category="diffusion")
def low_resolution(
    denoiser: Denoiser,
    image: Image | Latents,
    noise_level: Annotated[int, Slider(0, 999)] = 0,
) -> Denoiser:
    """Give an upsampler the small picture that it is to enlarge.

    image: a picture, or latents of pixel space, in the size that the upsampler was trained for; for one that enlarges
    latents, those, as another model made them or core.encode. noise_level: noise mixed into the small picture, as a
    timestep of the upsampler's own schedule (conditioning augmentation: Ho et al. 2021, arXiv:2106.15282); only for
    upsamplers trained with it.
    """
    facts = denoiser.facts
    if "low_resolution" not in facts.get("conditions", ()):
        raise Misfit(f"{name_of(denoiser)} is no upsampler: it takes no low-resolution picture")
    if noise_level and not facts.get("noise_augmentation"):
        raise Misfit(f"{name_of(denoiser)} was trained without noise augmentation: noise_level 0")
    if "low_resolution_space" in facts:
        _check_latents(denoiser, image, facts["low_resolution_space"])
    else:
        _check_size(denoiser, image, facts.get("low_resolution_size"), "enlarges pictures of")
    most = facts.get("noise_levels", 999)
    if noise_level > most:
        raise Misfit(f"{name_of(denoiser)} was trained with noise levels up to {most}, found {noise_level}")
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
def image_condition(denoiser: Denoiser, embedding: ImageEmbedding, negative: ImageEmbedding | None = None) -> Denoiser:
    """Give a decoder the CLIP embedding of the picture that it is to draw (unCLIP: Ramesh et al. 2022, section 2.1).

    embedding: from a prior, from a picture (variations), or between two pictures; its batch sets how many are drawn.
    negative: the embedding that guidance pushes away from, for Kandinsky: by core.embed_nothing, or that of a negative
    prompt; other models have learned one of their own.
    """
    check_condition(denoiser, "image_embedding")
    wanted = denoiser.facts.get("embedding_space")
    for given in (embedding, negative):
        if given is not None and given.space != wanted:
            raise Misfit(f"{name_of(denoiser)} wants embeddings of the space {wanted!r}, found {given.space!r}")
    return _bound(
        denoiser, {"image_embedding": embedding, **({"negative_embedding": negative} if negative is not None else {})}
    )


@node(category="diffusion")
def inpaint_condition(denoiser: Denoiser, image: Image | Latents, mask: Mask, vae: VAE | None = None) -> Denoiser:
    """Show an inpainting model the picture around the part that it is to draw (Nichol et al. 2021, section 2.4).

    image: the picture, in the model's size. mask: 1 where the model may draw; it is never shown what lies there. For
    models with mask channels; others inpaint by core.repaint. Both together leave the known pixels as they are. vae:
    the autoencoder of a model that works on latents; its picture may be of any size that the autoencoder takes.
    """
    check_condition(denoiser, "inpaint")
    if denoiser.facts["space"] == "pixel":
        _check_size(denoiser, image, denoiser.facts.get("size"), "works on pictures of")
        return _bound(denoiser, {"inpaint": {"image": image, "mask": mask}})
    _check_latent_inpaint(denoiser, image, mask, vae)
    height, width = image.pixels.shape[-2:]  # type: ignore[union-attr]
    bound = _bound(denoiser, {"inpaint": {"image": image, "mask": mask, "vae": vae}})
    return _sized(bound, width, height)


@node(category="diffusion")
def picture_size(denoiser: Denoiser, width: AnySide = 0, height: AnySide = 0) -> Denoiser:
    """Say how large the pictures are to be that a model draws from noise.

    width, height: in pixels, 0 for the size that the model was trained for; the model's latents are as many times
    smaller as its autoencoder shrinks. For models that draw any size.
    """
    facts = denoiser.facts
    if not facts.get("any_size"):
        raise Misfit(f"{name_of(denoiser)} draws pictures of one size, {facts.get('size')}; use core.resize behind it")
    own = facts["size"] * facts.get("factor", 1)
    sized = _sized(denoiser, width or own, height or own)
    if "follows" in facts or ("inpaint" in denoiser.conditions and shape_of(sized) != shape_of(denoiser)):
        raise Misfit(
            f"{name_of(denoiser)} draws as large as the picture that it is shown asks for; use core.resize there"
        )
    return sized


@node(category="diffusion")
def size_condition(
    denoiser: Denoiser,
    original_width: Side = 1024,
    original_height: Side = 1024,
    crop_left: Annotated[int, Slider(0, 8192)] = 0,
    crop_top: Annotated[int, Slider(0, 8192)] = 0,
    target_width: Side = 1024,
    target_height: Side = 1024,
    score: Annotated[float, Slider(0.0, 10.0, 0.1)] = 6.0,
    negative_score: Annotated[float, Slider(0.0, 10.0, 0.1)] = 2.5,
) -> Denoiser:
    """Tell Stable Diffusion XL of which size and crop its picture is to look (Podell et al. 2023, section 2.2).

    original_width, original_height: the size of the picture before it was cropped; small ones look small. crop_left,
    crop_top: where the crop began; 0 shows the subject whole. target_width, target_height: the size of the crop. score,
    negative_score: how beautiful, for a refiner, which has a score in the target's place. Without this node all three
    are the picture's own size, uncropped.
    """
    if not denoiser.facts.get("size_condition"):
        raise Misfit(f"{name_of(denoiser)} was not trained with sizes as conditions; only Stable Diffusion XL was")
    told = {
        "original": [original_height, original_width],
        "crop": [crop_top, crop_left],
        "target": [target_height, target_width],
        "scores": [score, negative_score],
    }
    return _bound(denoiser, {"sizes": told})


@node(category="diffusion")
def guidance_embedding(denoiser: Denoiser, scale: Annotated[float, Slider(0.0, 30.0, 0.1)] = 3.5) -> Denoiser:
    """Tell a model that was taught guidance, such as Flux, how strongly to follow its prompt.

    scale: 3.5 is usual, and what it is told without this node. It costs nothing, unlike classifier-free guidance, which
    such a model does without.
    """
    if not denoiser.facts.get("guidance_embedded"):
        raise Misfit(f"{name_of(denoiser)} was not taught guidance; use core.classifier_free_guidance")
    return _bound(denoiser, {"guidance": scale})


def _sized(denoiser: Denoiser, width: int, height: int) -> Denoiser:
    factor = denoiser.facts.get("factor", 1)
    sides = sides_of(denoiser).times(factor)
    if not sides.take(width, height):
        raise Misfit(f"{name_of(denoiser)} wants {sides}, found {width} x {height}")
    shape = [denoiser.facts["channels"], height // factor, width // factor]
    return replace(denoiser, facts={**denoiser.facts, "shape": shape})


def _check_latent_inpaint(denoiser: Denoiser, image: Image | Latents, mask: Mask, vae: VAE | None) -> None:
    space = denoiser.facts["space"]
    if vae is None or vae.facts["space"] != space:
        found = "none" if vae is None else f"that of {vae.model!r}, of the space {vae.facts['space']!r}"
        raise Misfit(f"{name_of(denoiser)} wants the autoencoder of {space!r} at the input 'vae', found {found}")
    if not isinstance(image, Image):
        raise Misfit(f"{name_of(denoiser)} wants a picture, found latents of {image.space!r}; decode them first")
    if mask.values.shape[-2:] != image.pixels.shape[-2:]:
        sizes = [" x ".join(map(str, reversed(each.shape[-2:]))) for each in (image.pixels, mask.values)]
        raise Misfit(f"{name_of(denoiser)} wants a mask of the picture's size {sizes[0]}, found {sizes[1]}")


def _check_latents(denoiser: Denoiser, image: Image | Latents, space: str) -> None:
    if isinstance(image, Image):
        raise Misfit(f"{name_of(denoiser)} enlarges latents of {space!r}, found a picture; use core.encode")
    if image.space != space:
        raise Misfit(f"{name_of(denoiser)} enlarges latents of {space!r}, found {image.space!r}")
    sides, (height, width) = sides_of(denoiser).over(denoiser.facts.get("times", 1)), image.samples.shape[-2:]
    if not sides.take(height, width):
        advice = sides.times(denoiser.facts.get("factor", 1))
        raise Misfit(
            f"{name_of(denoiser)} enlarges latents with {sides}, found {width} x {height}; make them of a picture with "
            f"{advice}, by core.resize or core.picture_size"
        )


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
