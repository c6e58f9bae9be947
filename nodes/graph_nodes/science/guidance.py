"""Guidance rules: how the network's predictions are combined into the one that the scheduler follows.

A rule sees the step, the conditional and the unconditional prediction, and what the rule before it made of them. It
says at which steps it needs the unconditional prediction at all, so that the network is not asked in vain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graph_nodes.science.step import Step, clean_estimate, prediction_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["RULES", "Guide", "KeepKnown", "Rule", "make_guide", "rescale_guidance"]


class Rule:
    """One way to guide; made anew for each run, so it may remember what it saw at the steps before."""

    def wants_unconditional(self, index: int, total: int) -> bool:
        """True when this step needs the unconditional prediction."""
        return False

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        """The new prediction; `guided` is what the rule before made (the conditional one when there is none)."""
        return guided

    def mean_shift(self, step: Step) -> Tensor | None:
        """What the ancestral sampler adds to its mean, in units of its variance; None for nothing."""
        return None


@dataclass
class NoGuidance(Rule):
    """The conditional prediction as it is."""

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        return conditional


@dataclass
class ClassifierFree(Rule):
    """eps_hat = eps(x_t | null) + s (eps(x_t | y) - eps(x_t | null)): Ho and Salimans 2022, arXiv:2207.12598, eq. 6.

    Written with s >= 1 as in GLIDE (arXiv:2112.10741, eq. 8). start, stop: the part of the steps that is guided
    (Kynkaanniemi et al. 2024, arXiv:2404.07724); the others follow the condition alone.
    """

    scale: float = 3.0
    rescale: float = 0.0
    start: float = 0.0
    stop: float = 1.0

    def wants_unconditional(self, index: int, total: int) -> bool:
        return self.scale != 1.0 and self.start <= index / total < self.stop

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        if unconditional is None or not self.wants_unconditional(step.index, step.total):
            return conditional
        guided = unconditional + self.scale * (conditional - unconditional)
        return rescale_guidance(guided, conditional, self.rescale) if self.rescale else guided


def rescale_guidance(guided: Tensor, conditional: Tensor, phi: float) -> Tensor:
    """Guidance without overexposure: Lin et al. 2023, arXiv:2305.08891, eq. 15 and 16."""
    dims = list(range(1, guided.ndim))
    sigma_pos = conditional.std(dim=dims, keepdim=True)
    sigma_cfg = guided.std(dim=dims, keepdim=True)
    rescaled = guided * (sigma_pos / sigma_cfg)
    return phi * rescaled + (1 - phi) * guided


@dataclass
class AdaptiveProjected(Rule):
    """Guidance without its part along the conditional prediction, which is what saturates.

    Sadat et al. 2024, arXiv:2410.02416, algorithm 1, on the prediction as it is (the paper works on x_0): eta weighs
    the parallel part, norm_threshold bounds the update's length (0: no bound), a negative momentum damps it.
    """

    scale: float = 3.0
    eta: float = 0.0
    norm_threshold: float = 0.0
    momentum: float = 0.0
    _average: Tensor | None = field(default=None, init=False, repr=False)

    def wants_unconditional(self, index: int, total: int) -> bool:
        return self.scale != 1.0

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        if unconditional is None:
            return conditional
        dims = list(range(1, conditional.ndim))
        difference = conditional - unconditional
        if self.momentum:
            if self._average is not None:
                difference = difference + self.momentum * self._average
            self._average = difference
        if self.norm_threshold > 0:
            norm = difference.norm(p=2, dim=dims, keepdim=True)
            difference = difference * (self.norm_threshold / norm).clamp(max=1.0)
        d, c = difference.double(), conditional.double()
        direction = c / c.norm(p=2, dim=dims, keepdim=True).clamp(min=1e-12)
        parallel = (d * direction).sum(dim=dims, keepdim=True) * direction
        update: Tensor = (d - parallel + self.eta * parallel).to(conditional.dtype)
        return conditional + (self.scale - 1) * update


@dataclass
class ZeroStar(Rule):
    """Classifier-free guidance with the unconditional prediction scaled to fit the conditional one.

    CFG-Zero*: Fan et al. 2025, arXiv:2503.18886, eq. 7: s* = <v_c, v_u> / |v_u|^2; the first `zero_steps` predict 0,
    which is meant for flow-matching models only.
    """

    scale: float = 3.0
    zero_steps: int = 0

    def wants_unconditional(self, index: int, total: int) -> bool:
        return self.scale != 1.0 and index >= self.zero_steps

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        if step.index < self.zero_steps:
            return conditional * 0
        if unconditional is None:
            return conditional
        dims = list(range(1, conditional.ndim))
        dot = (conditional * unconditional).sum(dim=dims, keepdim=True)
        s_star = dot / ((unconditional**2).sum(dim=dims, keepdim=True) + 1e-8)
        return s_star * unconditional + self.scale * (conditional - s_star * unconditional)


@dataclass
class Tangential(Rule):
    """Classifier-free guidance away from the part of the unconditional prediction that both share.

    TCFG: Kwon et al. 2025, arXiv:2503.18137: of the two right singular vectors of [conditional; unconditional] the
    unconditional prediction keeps the first alone, so that what is tangential to it does not disturb.
    """

    scale: float = 3.0

    def wants_unconditional(self, index: int, total: int) -> bool:
        return self.scale != 1.0

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        import torch

        if unconditional is None:
            return conditional
        both = torch.stack([conditional, unconditional], dim=1).flatten(2)
        first: Tensor = torch.linalg.svd(both, full_matrices=False).Vh[:, :1]
        kept = (unconditional.flatten(1)[:, None] @ first.mT) @ first
        kept = kept.view(unconditional.shape)
        return kept + self.scale * (conditional - kept)


@dataclass
class DynamicThresholding(Rule):
    """Imagen's dynamic thresholding, applied to whatever the rule before it predicts.

    Saharia et al. 2022, arXiv:2205.11487, section 2.3: s is the given percentile of |x_0|; when s > 1, x_0 is
    clipped to [-s, s] and divided by s. For pixel space. maximum bounds s.
    """

    percentile: float = 0.995
    maximum: float = 100.0

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        x_0 = clean_estimate(step, guided)
        s = x_0.abs().flatten(1).quantile(self.percentile, dim=1).clamp(1.0, self.maximum)
        s = s.view(-1, *(1,) * (x_0.ndim - 1))
        return prediction_of(step, x_0.clamp(-s, s) / s)


@dataclass
class StaticThresholding(Rule):
    """x_0 clipped to [-1, 1] at every step: Saharia et al. 2022, arXiv:2205.11487, section 2.3. For pixel space."""

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        return prediction_of(step, clean_estimate(step, guided).clamp(-1, 1))


@dataclass
class KeepKnown(Rule):
    """x_0's estimate replaced where the picture is known, as OpenAI samples from GLIDE's inpainting models.

    shown: [n, c, h, w], the picture with 0 where it may change; known: [n, 1, h, w], 1 where it may not.
    """

    shown: Tensor
    known: Tensor

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None, guided: Tensor) -> Tensor:
        return guided * (1 - self.known) + prediction_of(step, self.shown) * self.known


RULES: Mapping[str, type[Rule]] = {
    "none": NoGuidance,
    "classifier_free": ClassifierFree,
    "adaptive_projected": AdaptiveProjected,
    "zero_star": ZeroStar,
    "tangential": Tangential,
    "dynamic_thresholding": DynamicThresholding,
    "static_thresholding": StaticThresholding,
}
"""Name -> rule, of the rules that are made of numbers alone; `gradients` has the one that asks another model."""


@dataclass(frozen=True)
class Guide:
    """A chain of rules, the innermost first."""

    rules: tuple[Rule, ...] = ()

    def wants_unconditional(self, index: int, total: int) -> bool:
        """True when any rule needs the unconditional prediction at this step."""
        return any(rule.wants_unconditional(index, total) for rule in self.rules)

    def __call__(self, step: Step, conditional: Tensor, unconditional: Tensor | None) -> Tensor:
        guided = conditional
        for rule in self.rules:
            guided = rule(step, conditional, unconditional, guided)
        return guided

    def mean_shift(self, step: Step) -> Tensor | None:
        """What the ancestral sampler adds to its mean, in units of its variance; None when no rule asks for it."""
        shifts = [shift for rule in self.rules if (shift := rule.mean_shift(step)) is not None]
        return sum(shifts[1:], shifts[0]) if shifts else None


def make_guide(chain: Sequence[tuple[str, Mapping[str, Any]]]) -> Guide:
    """Fresh rules for one run from (name, settings) pairs, the innermost first; KeyError for an unknown name."""
    return Guide(tuple(RULES[name](**settings) for name, settings in chain))
