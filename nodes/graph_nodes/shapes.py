"""The shape of what a denoiser works on, from its facts and from what is bound to it."""

from __future__ import annotations

from graph_engine import Denoiser, Image, Latents

__all__ = ["shape_of"]


def shape_of(denoiser: Denoiser) -> tuple[int, ...]:
    """The shape of one sample: (channels, height, width), or (d,) for embeddings; that of what it follows, if any."""
    facts = denoiser.facts
    leader = denoiser.conditions.get(facts.get("follows", ""))
    if isinstance(leader, Image | Latents):
        sides = (leader.pixels if isinstance(leader, Image) else leader.samples).shape[-2:]
        return (facts["channels"], *(side * facts.get("times", 1) for side in sides))
    return tuple(facts["shape"]) if "shape" in facts else (facts["channels"], facts["size"], facts["size"])
