"""Whether a denoiser, its text and its conditions fit each other: told before any weights are read."""

from __future__ import annotations

from collections.abc import Mapping

from graph_engine import Denoiser, Guidance, TextEmbedding
from graph_engine.errors import did_you_mean
from graph_nodes.errors import Misfit
from graph_nodes.science.guidance import RULES, make_guide
from graph_nodes.science.schedules import SCHEDULERS, can_follow

__all__ = ["batch_size", "check_conditions", "check_guidance", "check_scheduler", "check_text"]

PROVIDERS: Mapping[str, str] = {
    "text": "core.encode_text, at the input 'text'",
    "low_resolution": "core.low_resolution, between the model and this node",
}
"""Condition -> the node that provides it."""


def check_conditions(denoiser: Denoiser, text: TextEmbedding | None) -> None:
    """Raise Misfit unless the denoiser has every condition that it was trained with, and no other."""
    wanted = tuple(denoiser.facts.get("conditions", ()))
    given = [*denoiser.conditions, *(["text"] if text is not None else [])]
    missing = [name for name in wanted if name not in given]
    if missing:
        advice = "; ".join(f"{name!r} comes from {PROVIDERS.get(name, 'another node')}" for name in missing)
        raise Misfit(f"{_name(denoiser)} needs {', '.join(map(repr, missing))}: {advice}")
    strange = [name for name in given if name not in wanted and name != "noise_level"]
    if strange:
        raise Misfit(f"{_name(denoiser)} cannot use {', '.join(map(repr, strange))}; it was trained on {_list(wanted)}")


def check_text(denoiser: Denoiser, text: TextEmbedding | None) -> None:
    """Raise Misfit unless the text comes from the encoder that the denoiser was trained with."""
    wanted = denoiser.facts.get("text_space")
    if text is not None and text.space != wanted:
        raise Misfit(
            f"{_name(denoiser)} wants text of the space {wanted!r}, found {text.space!r}; "
            f"encode the prompt with the text encoder of {denoiser.model!r}"
        )


def check_guidance(denoiser: Denoiser, text: TextEmbedding | None, chain: list[Guidance], steps: int) -> None:
    """Raise Misfit for an unknown rule, and when guidance needs an unconditional prediction that cannot be made."""
    for item in chain:
        if item.rule not in RULES:
            raise Misfit(f"no guidance rule is called {item.rule!r}.{did_you_mean(item.rule, RULES)}")
    guide = make_guide([(item.rule, item.settings) for item in chain])
    contrasting = any(guide.wants_unconditional(index, steps) for index in range(steps))
    if contrasting and (text is None or text.null_tokens is None):
        raise Misfit(f"guidance on {_name(denoiser)} needs a text with its empty prompt beside it, to push away from")


def check_scheduler(denoiser: Denoiser, name: str, prediction_type: str) -> None:
    """Raise Misfit when a scheduler cannot follow what the denoiser predicts."""
    if not can_follow(name, prediction_type):
        others = ", ".join(other for other in SCHEDULERS if can_follow(other, prediction_type))
        raise Misfit(f"{_name(denoiser)} predicts {prediction_type!r}, which {name!r} cannot follow; use {others}")


def batch_size(count: int, conditions: Mapping[str, int]) -> int:
    """How many pictures: `count`, or the batch of the conditions (name -> batch) when that is larger than one."""
    sizes = {name: n for name, n in conditions.items() if n != 1}
    if count != 1:
        sizes["count"] = count
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in sizes.items())
        raise Misfit(f"the batch sizes do not fit: {found}; make them equal, or leave count at 1 to take the others'")
    return next(iter(sizes.values()), 1)


def _name(denoiser: Denoiser) -> str:
    return f"the {denoiser.part} of {denoiser.model!r}"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names)) or "nothing"
