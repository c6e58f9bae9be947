"""Whether a denoiser, its text and its conditions fit each other: told before any weights are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph_engine import Denoiser, Guidance, Latents, Start, TextEmbedding
from graph_engine.errors import did_you_mean
from graph_nodes import conditions
from graph_nodes.errors import Misfit
from graph_nodes.guiding import ASKING
from graph_nodes.science.guidance import RULES, make_guide
from graph_nodes.science.schedules import PUBLISHED, SCHEDULERS, can_follow, can_resample
from graph_nodes.shapes import shape_of
from graph_nodes.sizes import sides_of, starts_as_large

__all__ = ["batch_size", "check", "check_condition", "check_scheduler", "check_timesteps", "name_of"]

ALONG = ("noise_level", "sizes", "guidance", "negative_embedding")
"""What may be bound beside a model's conditions."""
PROVIDERS: Mapping[str, str] = {
    "text": "core.encode_text, at the input 'text'",
    "low_resolution": "core.low_resolution, between the model and this node",
    "class_label": "core.class_label, between the model and this node",
    "image_embedding": "core.image_condition, between the model and this node",
    "inpaint": "core.inpaint_condition, between the model and this node",
}
"""Condition -> the node that provides it."""


def check(
    denoiser: Denoiser,
    text: TextEmbedding | None,
    chain: Sequence[Guidance],
    start: Start | None,
    steps: int,
    count: int,
) -> int:
    """How many pictures the run makes; raises Misfit unless everything that is given fits the denoiser."""
    _check_conditions(denoiser, text)
    _check_text(denoiser, text)
    _check_guidance(denoiser, text, chain, steps)
    starts = _check_start(denoiser, start)
    return batch_size(count, {**conditions.batches(denoiser, text), **starts})


def name_of(denoiser: Denoiser) -> str:
    """How messages speak of a denoiser."""
    return f"the {denoiser.part} of {denoiser.model!r}"


def check_condition(denoiser: Denoiser, condition: str) -> None:
    """Raise Misfit when the denoiser was not trained with a condition that is about to be bound to it."""
    wanted = tuple(denoiser.facts.get("conditions", ()))
    if condition not in wanted:
        raise Misfit(f"{name_of(denoiser)} cannot use {condition!r}; it was trained on {_list(wanted)}")


def _check_conditions(denoiser: Denoiser, text: TextEmbedding | None) -> None:
    """Raise Misfit unless the denoiser has every condition that it was trained with, and no other."""
    wanted = tuple(denoiser.facts.get("conditions", ()))
    given = [*denoiser.conditions, *(["text"] if text is not None else [])]
    missing = [name for name in wanted if name not in given]
    if missing:
        advice = "; ".join(f"{name!r} comes from {PROVIDERS.get(name, 'another node')}" for name in missing)
        raise Misfit(f"{name_of(denoiser)} needs {', '.join(map(repr, missing))}: {advice}")
    strange = [name for name in given if name not in wanted and name not in ALONG]
    if strange:
        raise Misfit(
            f"{name_of(denoiser)} cannot use {', '.join(map(repr, strange))}; it was trained on {_list(wanted)}"
        )


def _check_text(denoiser: Denoiser, text: TextEmbedding | None) -> None:
    """Raise Misfit unless the text comes from the encoder that the denoiser was trained with."""
    wanted = denoiser.facts.get("text_space")
    if text is not None and text.space != wanted:
        raise Misfit(
            f"{name_of(denoiser)} wants text of the space {wanted!r}, found {text.space!r}; "
            f"encode the prompt with the text encoder of {denoiser.model!r}"
        )


def _check_guidance(denoiser: Denoiser, text: TextEmbedding | None, chain: Sequence[Guidance], steps: int) -> None:
    """Raise Misfit for an unknown rule, one that cannot see the samples, and a contrast that cannot be made."""
    for item in chain:
        if item.rule not in RULES and item.rule not in ASKING:
            known = [*RULES, *ASKING]
            raise Misfit(f"no guidance rule is called {item.rule!r}.{did_you_mean(item.rule, known)}")
        if item.rule in ASKING:
            _check_sight(denoiser, item)
    guide = make_guide([(item.rule, item.settings) for item in chain if item.rule in RULES])
    contrasting = any(guide.wants_unconditional(index, steps) for index in range(steps))
    if not contrasting:
        return
    if text is not None and text.null_tokens is None:
        raise Misfit(f"guidance on {name_of(denoiser)} needs a text with its empty prompt beside it, to push away from")
    null_class = "class_label" in denoiser.conditions and "null_class" not in denoiser.facts
    if null_class or (text is None and not {"class_label", "image_embedding"} & denoiser.conditions.keys()):
        raise Misfit(f"guidance on {name_of(denoiser)} has no unconditional prediction to push away from")


def _check_sight(denoiser: Denoiser, item: Guidance) -> None:
    """Raise Misfit when the model that guidance asks cannot see what the denoiser works on."""
    critic = item.settings[item.rule]
    seen, made = critic.facts.get("image_size"), denoiser.facts.get("size")
    if denoiser.facts["space"] != critic.facts.get("space", "pixel") or seen != made:
        raise Misfit(
            f"{name_of(denoiser)} works on {denoiser.facts['space']!r} of {made} x {made}, "
            f"but {critic.model!r} reads pixels of {seen} x {seen}"
        )


def _check_start(denoiser: Denoiser, start: Start | None) -> dict[str, int]:
    """The batches of what sampling starts from; raises Misfit for another space or size."""
    if start is None:
        return {}
    sizes = {}
    for name in ("latents", "noise"):
        value: Latents | None = getattr(start, name)
        if value is not None:
            _check_sample(denoiser, value)
            sizes[name] = len(value.samples)
    if start.mask is not None:
        sizes["mask"] = len(start.mask.values)
    return sizes


def _check_sample(denoiser: Denoiser, value: Latents) -> None:
    space, shape = denoiser.facts["space"], shape_of(denoiser)
    if value.space != space:
        raise Misfit(
            f"{name_of(denoiser)} works in the space {space!r}, found {value.space!r}; "
            "core.encode brings a picture into pixel space or, with its autoencoder, into a latent space"
        )
    found = tuple(value.samples.shape[1:])
    wanted, seen = " x ".join(map(str, shape)), " x ".join(map(str, found))
    if starts_as_large(denoiser) and found != shape:
        raise Misfit(
            f"{name_of(denoiser)} works on {wanted}, as large as what it is shown, found a start of {seen}: use "
            "core.resize"
        )
    sides = sides_of(denoiser)
    if found[:1] == shape[:1] and sides.take(*found[1:]):
        return
    if found[:1] == shape[:1] and ("multiple" in denoiser.facts or denoiser.facts.get("any_size")):
        factor = denoiser.facts.get("factor", 1)
        pixels = f", to {sides.times(factor)} in pixels" if factor > 1 else ""
        raise Misfit(f"{name_of(denoiser)} works on {space!r} with {sides}, found {seen}: use core.resize{pixels}")
    raise Misfit(f"{name_of(denoiser)} works on {wanted} or a multiple of that size, found {seen}: use core.resize")


def check_scheduler(denoiser: Denoiser, name: str, prediction_type: str, start: Start | None) -> None:
    """Raise Misfit when a scheduler cannot follow what the denoiser predicts, or cannot make its steps again."""
    if not can_follow(name, prediction_type):
        others = ", ".join(other for other in (*SCHEDULERS, PUBLISHED) if can_follow(other, prediction_type))
        raise Misfit(f"{name_of(denoiser)} predicts {prediction_type!r}, which {name!r} cannot follow; use {others}")
    if start is not None and start.resample > 1 and not can_resample(name):
        others = ", ".join(other for other in SCHEDULERS if can_resample(other))
        raise Misfit(f"{name!r} cannot make a step again, which resample {start.resample} asks for; use {others}")


def check_timesteps(denoiser: Denoiser, name: str, scheduler: Any) -> None:
    """Raise Misfit when a scheduler cannot tell its timesteps from the denoiser's schedule."""
    if bool(scheduler.timesteps.isnan().any()):
        raise Misfit(f"{name!r} cannot follow the schedule of {name_of(denoiser)}, which ends in pure noise; use ddim")


def batch_size(count: int, conditions: Mapping[str, int]) -> int:
    """How many pictures: `count`, or the batch of the conditions (name -> batch) when that is larger than one."""
    sizes = {name: n for name, n in conditions.items() if n != 1}
    if count != 1:
        sizes["count"] = count
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in sizes.items())
        raise Misfit(f"the batch sizes do not fit: {found}; make them equal, or leave count at 1 to take the others'")
    return next(iter(sizes.values()), 1)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
