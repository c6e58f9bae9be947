"""Nodes that say how sampling is steered. A guidance is a value; one is stacked on another by its input `base`."""

from __future__ import annotations

from typing import Annotated, Any

from graph_engine import CLIP, Classifier, Guidance, ImageEmbedding, Slider, node
from graph_engine.errors import did_you_mean
from graph_nodes.errors import Misfit

__all__ = [
    "adaptive_projected_guidance",
    "classifier_free_guidance",
    "classifier_guidance",
    "clip_guidance",
    "dynamic_thresholding",
    "no_guidance",
    "static_thresholding",
    "tangential_guidance",
    "zero_star_guidance",
]

Scale = Annotated[float, Slider(0.0, 50.0, 0.1)]
Fraction = Annotated[float, Slider(0.0, 1.0, 0.05)]


@node(category="guidance")
def no_guidance() -> Guidance:
    """Follow the condition alone, without any push: the plain conditional model."""
    return Guidance("none")


@node(category="guidance")
def classifier_free_guidance(
    scale: Scale = 3.0,
    rescale: Fraction = 0.0,
    start: Fraction = 0.0,
    stop: Fraction = 1.0,
) -> Guidance:
    """Push away from the unconditional prediction, towards the prompt (Ho and Salimans 2022).

    scale: 1 is no guidance, 3 is usual in pixel space, 7.5 in latent space. rescale: how much of the overexposure of
    a strong scale is taken back (Lin et al. 2023; 0.7 is usual). start, stop: the part of the steps that is guided
    (0 the first, 1 the last); the other steps follow the condition alone and cost half.
    """
    return Guidance("classifier_free", {"scale": scale, "rescale": rescale, "start": start, "stop": stop})


@node(category="guidance")
def adaptive_projected_guidance(
    scale: Scale = 3.0,
    eta: Fraction = 0.0,
    norm_threshold: Annotated[float, Slider(0.0, 100.0, 0.5)] = 0.0,
    momentum: Annotated[float, Slider(-1.0, 1.0, 0.05)] = 0.0,
) -> Guidance:
    """Classifier-free guidance without the part that oversaturates (APG: Sadat et al. 2024).

    scale: as in classifier-free guidance. eta: how much of the saturating part stays. norm_threshold: the greatest
    length of an update, 0 for no bound. momentum: negative values damp what repeats from step to step.
    """
    settings = {"scale": scale, "eta": eta, "norm_threshold": norm_threshold, "momentum": momentum}
    return Guidance("adaptive_projected", settings)


@node(category="guidance")
def zero_star_guidance(scale: Scale = 3.0, zero_steps: Annotated[int, Slider(0, 10)] = 0) -> Guidance:
    """Classifier-free guidance with the unconditional prediction fitted to the conditional one (CFG-Zero*).

    scale: as in classifier-free guidance. zero_steps: the first steps stand still, for flow-matching models
    (Fan et al. 2025).
    """
    return Guidance("zero_star", {"scale": scale, "zero_steps": zero_steps})


@node(category="guidance")
def tangential_guidance(scale: Scale = 3.0) -> Guidance:
    """Classifier-free guidance without what disturbs the conditional prediction (TCFG: Kwon et al. 2025).

    scale: as in classifier-free guidance.
    """
    return Guidance("tangential", {"scale": scale})


@node(category="guidance")
def dynamic_thresholding(
    base: Guidance | None = None,
    percentile: Annotated[float, Slider(0.5, 1.0, 0.005)] = 0.995,
    maximum: Annotated[float, Slider(1.0, 1000.0)] = 100.0,
) -> Guidance:
    """Keep strong guidance from saturating the pixels, as Imagen does (Saharia et al. 2022).

    base: the guidance that it is stacked on. percentile: which share of the pixels counts as unsaturated. maximum:
    the greatest value that is scaled back. For models of pixel space.
    """
    return Guidance("dynamic_thresholding", {"percentile": percentile, "maximum": maximum}, base)


@node(category="guidance")
def static_thresholding(base: Guidance | None = None) -> Guidance:
    """Clip the estimated picture at every step to what pixels can show; strong guidance saturates all the same.

    base: the guidance that it is stacked on. The plain alternative to dynamic thresholding (Saharia et al. 2022).
    """
    return Guidance("static_thresholding", {}, base)


@node(category="guidance", version=2)
def classifier_guidance(
    classifier: Classifier,
    label: str,
    base: Guidance | None = None,
    scale: Scale = 1.0,
    start: Fraction = 0.0,
    stop: Fraction = 1.0,
) -> Guidance:
    """Follow the gradient of a classifier of noised pictures towards a class (Dhariwal and Nichol 2021).

    label: the name of a class that the classifier knows. base: the guidance that it is stacked on. scale: the weight of
    the gradient; 1 samples from p(x | y) by Bayes' rule, more sharpens it. start, stop: the part of the steps that is
    guided. With the ddpm scheduler, by this name or as the published one, it is the shift of the mean by
    s Sigma grad log p (their algorithm 1), with every other one the shift of the score (algorithm 2).
    """
    classes = list(classifier.facts["classes"])
    if label not in classes:
        raise Misfit(
            f"{classifier.model!r} knows no class {label!r}.{did_you_mean(label, classes)} "
            f"It knows {len(classes)}, such as {', '.join(classes[:3])}"
        )
    settings = {"classifier": classifier, "label": label, "scale": scale, "start": start, "stop": stop}
    return Guidance("classifier", settings, base)


@node(category="guidance", version=2)
def clip_guidance(
    clip: CLIP,
    target: ImageEmbedding,
    base: Guidance | None = None,
    scale: Scale = 1.0,
    start: Fraction = 0.0,
    stop: Fraction = 1.0,
) -> Guidance:
    """Follow the gradient of a noised CLIP towards a text, or towards another picture (GLIDE: Nichol et al. 2021).

    clip: a CLIP that was trained on noised pictures. target: where to, by core.embed_text or core.encode_image. base:
    the guidance that it is stacked on. scale: the weight of the gradient of CLIP's logit. start, stop: the part of the
    steps that is guided.
    """
    if not clip.facts.get("noised"):
        raise Misfit(f"{clip.model!r} was not trained on noised pictures and cannot guide; use a noised CLIP")
    space = clip.facts.get("embedding_space")
    if target.space != space:
        raise Misfit(f"{clip.model!r} wants a target of the space {space!r}, found {target.space!r}")
    settings = {"clip": clip, "target": target, "scale": scale, "start": start, "stop": stop}
    return Guidance("clip", settings, base)


@classifier_guidance.upgrade(1)
@clip_guidance.upgrade(1)
def _clipped_before(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 has x_0 clipped before the score is shifted, as in the papers' own code; the values are the same."""
    return values
