"""From Guidance values to the rules that the sampler applies: the models that some of them ask are opened here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graph_engine import CLIP, Context, Guidance
from graph_nodes.checkpoints import glide_clip
from graph_nodes.checkpoints.openai import NOISED_CLASSIFIER
from graph_nodes.weights import module_of, torch_dtype

if TYPE_CHECKING:
    from graph_nodes.science.gradients import LogDensity, Sight
    from graph_nodes.science.guidance import Guide, Rule

__all__ = ["ASKING", "chain_of", "guide_of"]

ASKING = ("classifier", "clip")
"""Rules that ask another model, which gives them the gradient of a logarithm of a probability."""


def chain_of(guidance: Guidance | None) -> list[Guidance]:
    """The stacked guidances, the innermost first."""
    chain: list[Guidance] = []
    while guidance is not None:
        chain.insert(0, guidance)
        guidance = guidance.base
    return chain


def guide_of(context: Context, chain: Sequence[Guidance], scheduler: Any) -> Guide:
    """Fresh rules for one run under a scheduler."""
    from graph_nodes.science.guidance import RULES, Guide

    def rule(item: Guidance) -> Rule:
        if item.rule not in ASKING:
            return RULES[item.rule](**item.settings)
        return _gradient(context, item, scheduler)

    return Guide(tuple(rule(item) for item in chain))


def _gradient(context: Context, item: Guidance, scheduler: Any) -> Rule:
    from graph_nodes.science.gradients import Gradient
    from graph_nodes.science.schedules import is_ancestral, stop_clipping

    settings: dict[str, Any] = {name: item.settings[name] for name in ("scale", "start", "stop")}
    if is_ancestral(scheduler):
        return Gradient(_log_density(context, item), **settings, of_mean=True)
    guides = settings["scale"] != 0 and settings["start"] < min(settings["stop"], 1.0)
    return Gradient(_log_density(context, item), **settings, clip=stop_clipping(scheduler) if guides else 0.0)


def _log_density(context: Context, item: Guidance) -> LogDensity:
    from graph_nodes.science import gradients

    if item.rule == "classifier":
        classifier = item.settings["classifier"]
        label, dtype = classifier.facts["classes"].index(item.settings["label"]), torch_dtype(context, classifier)
        told = classifier.facts["class"] == NOISED_CLASSIFIER
        return gradients.classifier_log_probability(module_of(context, classifier), label, dtype, told=told)
    clip = item.settings["clip"]
    target = item.settings["target"].vectors
    return gradients.clip_log_density(_sight(context, clip), target, clip.facts["logit_scale"])


def _sight(context: Context, clip: CLIP) -> Sight:
    """How a CLIP of noised pictures is shown one: GLIDE's is told the timestep, others see it as a plane."""
    from graph_nodes.science import gradients

    module = module_of(context, clip)
    if clip.facts["class"] == glide_clip.CLASS:
        see: Sight = module.see
        return see
    return gradients.with_time_plane(module, torch_dtype(context, clip))
