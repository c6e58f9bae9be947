"""Which sizes a denoiser takes, told from its facts."""

from __future__ import annotations

from dataclasses import dataclass

from graph_engine import Denoiser

__all__ = ["Sides", "sides_of", "starts_as_large"]


@dataclass(frozen=True)
class Sides:
    """What each side of a sample may be. multiple: what divides it; smallest, largest: between which it lies, and 0
    where there is no such end."""

    multiple: int
    smallest: int = 0
    largest: int = 0

    def times(self, factor: int) -> Sides:
        """The same in pixels, where one latent stands for `factor` of them along a side."""
        return Sides(self.multiple * factor, self.smallest * factor, self.largest * factor)

    def over(self, times: int) -> Sides:
        """The same for what is enlarged so many times before the network sees it."""
        return Sides(-(-self.multiple // times), -(-self.smallest // times), self.largest // times)

    def take(self, *sides: int) -> bool:
        """Whether all of these sides are such."""
        return all(
            side % self.multiple == 0 and side >= self.smallest and side <= (self.largest or side) for side in sides
        )

    def __str__(self) -> str:
        least = f", {self.smallest} or more" if self.smallest > self.multiple else ""
        most = f", {self.largest} at most" if self.largest else ""
        return f"sides that {self.multiple} divides{least}{most}"


def sides_of(denoiser: Denoiser) -> Sides:
    """The sides that a sample of a denoiser may have, in its own units: pixels, or latents."""
    facts = denoiser.facts
    own = facts.get("patch", 1) if facts.get("any_size") else facts.get("size", 1)
    return Sides(facts.get("multiple", own), facts.get("smallest", 0), facts.get("largest", 0))


def starts_as_large(denoiser: Denoiser) -> bool:
    """Whether a start must be of the denoiser's size: something stands beside the sample that has a size of its own."""
    facts = denoiser.facts
    return "inpaint" in denoiser.conditions or "follows" in facts or "low_resolution_size" in facts
