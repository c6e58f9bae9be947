"""Schedulers by the field's short names: each is diffusers' own class, made fresh for every run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = [
    "PUBLISHED",
    "SCHEDULERS",
    "FlowSteps",
    "alphas_of",
    "ancestral_variance",
    "can_follow",
    "can_resample",
    "is_ancestral",
    "is_flow",
    "make_inverse",
    "make_scheduler",
    "resume_at",
    "sigma_at",
    "step_options",
    "steps_until",
    "stop_clipping",
    "takes_learned_variance",
    "wants_next",
]

SCHEDULERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "ddpm": ("DDPMScheduler", {}),
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpm++-sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm2": ("KDPM2DiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "dpm++-single": ("DPMSolverSinglestepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "sa-solver": ("SASolverScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
    "dpm2-ancestral": ("KDPM2AncestralDiscreteScheduler", {}),
}
"""Short name -> diffusers class and the settings that make it what the name says.

ddim: Song et al. 2020 (arXiv:2010.02502); ddpm: Ho et al. 2020 (arXiv:2006.11239); dpm++: Lu et al. 2022
(arXiv:2211.01095); euler, heun, dpm2 and the ancestral ones: Karras et al. 2022 (arXiv:2206.00364) as in k-diffusion;
unipc: Zhao et al. 2023 (arXiv:2302.04867); deis: Zhang and Chen 2022 (arXiv:2204.13902); pndm: Liu et al. 2022
(arXiv:2202.09778); sa-solver: Xue et al. 2023 (arXiv:2309.05019); lcm and tcd, for models distilled to few steps: Luo
et al. 2023 (arXiv:2310.04378), Zheng et al. 2024 (arXiv:2402.19159). Left out: those that need another package (lms,
dpm-sde) or another formulation of the noise (EDM, consistency). The ancestral dpm2 cannot follow a schedule that ends
in pure noise, where its timesteps are no numbers.
"""
PUBLISHED = "published"
"""The name of the scheduler that a model was published with, settings and all."""
_OURS = ("spaced_timesteps", "noise_temperature")
"""Settings that a scheduler_config.json may have for `published`, and diffusers does not know. spaced_timesteps: those
that are taken when as many steps are asked for, in any spacing; noise_temperature: what x_T is multiplied by."""

FLOW: Mapping[str, tuple[str, Mapping[str, Any]]] = {"euler": ("FlowMatchEulerDiscreteScheduler", {})}
"""The same for models of flows: short name -> diffusers class."""


@dataclass(frozen=True)
class FlowSteps:
    """How a model of flows spaces its steps. tokens: how many the picture is to the transformer, by which the schedule
    may be shifted; from_one: sigmas from 1 down to 1 / steps in equal steps, as Flux has them, before any shift."""

    tokens: int
    from_one: bool = False


def make_scheduler(name: str, config: Mapping[str, Any], steps: int, flow: FlowSteps | None = None) -> Any:
    """A new scheduler of the kind `name` with the noise schedule that a model was trained on, set to `steps` steps.

    config: the model's scheduler_config.json. Settings that the other class does not know are dropped, as diffusers'
    pipelines do. Timesteps stay on the CPU, where every scheduler keeps its tables.
    """
    import diffusers

    named = FLOW if flow else SCHEDULERS
    known = _known(config)
    if name == PUBLISHED and any(key in config for key in _OURS):
        return _make_spaced(config, known, steps)
    class_name, settings = named[name] if name != PUBLISHED else (_published_class(config), {})
    known = _by_stride(known) if name in ("ddim", "pndm") else known
    scheduler = _made(getattr(diffusers, class_name), known, settings)
    _leave_variance(scheduler)
    if flow is None:
        _end_in_low_order(scheduler, steps)
        scheduler.set_timesteps(steps)
    else:
        _space_flow(scheduler, steps, flow)
    return scheduler


def _known(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are diffusers' own."""
    return {key: value for key, value in config.items() if not key.startswith("_") and key not in _OURS}


def _made(kind: Any, known: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Any:
    """A scheduler of a class of diffusers, which is given what it knows and carries the rest along: given all at once,
    it would tell the user that settings of another scheduler are wrong."""
    understood = inspect.signature(kind.__init__).parameters
    scheduler = kind.from_config({key: known[key] for key in known if key in understood}, **(settings or {}))
    scheduler.register_to_config(**{key: known[key] for key in known if key not in understood})
    return scheduler


def _end_in_low_order(scheduler: Any, steps: int) -> None:
    """Let DPM-Solver in single steps end with one of a lower order where it has to, as it would itself with a complaint
    about the user's settings: at a number of steps that its order does not divide, and where the last sigma is 0."""
    if not _takes_single_steps(scheduler):
        return
    if steps % scheduler.config.solver_order or scheduler.config.final_sigmas_type == "zero":
        scheduler.register_to_config(lower_order_final=True)


def _takes_single_steps(scheduler: Any) -> bool:
    from diffusers import DPMSolverSinglestepScheduler

    return isinstance(scheduler, DPMSolverSinglestepScheduler)


def _by_stride(known: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule whose timesteps lie where the steps of diffusers' DDIM and PNDM lead to, which go back by an equal
    stride: those that are spaced from the first to the last do not. OpenAI samples by DDIM along equal strides too."""
    return {**known, **({"timestep_spacing": "leading"} if known.get("timestep_spacing") == "linspace" else {})}


def _leave_variance(scheduler: Any) -> None:
    """Let a solver, which has no use for a learned variance, be given none: where diffusers' solvers are told of one,
    they keep the first three channels, which is one too few of latents, or draw noise for the variance too."""
    if takes_learned_variance(scheduler) and not hasattr(scheduler, "_get_variance"):
        scheduler.register_to_config(variance_type=None)


def _make_spaced(config: Mapping[str, Any], known: Mapping[str, Any], steps: int) -> Any:
    """The published scheduler at the timesteps, and from the noise, that the model was published with."""
    import diffusers

    from graph_nodes.science.spaced_ddim import SpacedDDIM

    classes = {"DDIMScheduler": SpacedDDIM, "DDPMScheduler": diffusers.DDPMScheduler}
    name = _published_class(config)
    if name not in classes:
        raise ValueError(f"{' and '.join(_OURS)} go with {' or '.join(classes)}, not with {name}")
    scheduler = _made(classes[name], known)
    timesteps = list(config.get("spaced_timesteps", ()))
    if sorted(set(timesteps) & set(range(scheduler.config.num_train_timesteps)), reverse=True) != timesteps:
        raise ValueError(
            "spaced_timesteps of the model's scheduler_config.json must fall, from below "
            f"{scheduler.config.num_train_timesteps} to 0 or more, found {timesteps}"
        )
    if steps == len(timesteps):
        scheduler.set_timesteps(timesteps=timesteps)
    else:
        scheduler.set_timesteps(steps)
    scheduler.init_noise_sigma = float(config.get("noise_temperature", 1.0))
    return scheduler


def _space_flow(scheduler: Any, steps: int, flow: FlowSteps) -> None:
    """Larger pictures need more noise for the same loss of signal: Esser et al. 2024 (arXiv:2403.03206), sec. 5.3.2."""
    import numpy as np

    options: dict[str, Any] = {}
    if flow.from_one and not scheduler.config.get("use_flow_sigmas"):
        options["sigmas"] = np.linspace(1.0, 1 / steps, steps)
    else:
        options["num_inference_steps"] = steps
    if scheduler.config.get("use_dynamic_shifting"):
        get = scheduler.config.get
        few, many = get("base_image_seq_len", 256), get("max_image_seq_len", 4096)
        low, high = get("base_shift", 0.5), get("max_shift", 1.15)
        slope = (high - low) / (many - few)
        options["mu"] = flow.tokens * slope + (low - slope * few)
    scheduler.set_timesteps(**options)


def is_flow(scheduler: Any) -> bool:
    """True for the schedulers of flows, which have no abar."""
    return not hasattr(scheduler, "alphas_cumprod")


def is_ancestral(scheduler: Any) -> bool:
    """True for DDPM's own sampler, under whichever name it was asked for: guidance can shift its mean."""
    from diffusers import DDPMScheduler

    return isinstance(scheduler, DDPMScheduler)


def _published_class(config: Mapping[str, Any]) -> str:
    """The class that a scheduler_config.json names: one of diffusers' schedulers, nothing else."""
    import diffusers
    from diffusers.schedulers.scheduling_utils import SchedulerMixin

    name = config.get("_class_name", "")
    found = getattr(diffusers, name, None) if isinstance(name, str) and name.endswith("Scheduler") else None
    if not (isinstance(found, type) and issubclass(found, SchedulerMixin)):
        raise ValueError(f"the model's scheduler_config.json names {name!r}, which is no scheduler of diffusers")
    return str(name)


def alphas_of(config: Mapping[str, Any]) -> torch.Tensor:
    """abar_t of a noise schedule, for t from 0 on."""
    from diffusers import DDPMScheduler

    known = _known(config)
    scheduler = _made(DDPMScheduler, known)
    alphas: torch.Tensor = scheduler.alphas_cumprod
    return alphas


def can_follow(name: str, prediction_type: str) -> bool:
    """False for the schedulers of diffusers that do not take a prediction of x_0 itself, or of a flow."""
    if prediction_type == "flow":
        return name in (*FLOW, PUBLISHED)
    return prediction_type != "sample" or name not in ("euler-ancestral", "dpm2", "dpm2-ancestral", "pndm")


def takes_learned_variance(scheduler: Any) -> bool:
    """True when the scheduler wants the variance channels of the network beside its mean.

    The class is asked too: diffusers carries settings that a scheduler does not know along in its config.
    """
    known = inspect.signature(type(scheduler).__init__).parameters
    return "variance_type" in known and scheduler.config.variance_type in ("learned", "learned_range")


def stop_clipping(scheduler: Any) -> float:
    """Let a scheduler leave its estimate of x_0 as it is; returns the range to which it clipped it, 0 for not at all.

    The class is asked too: diffusers carries settings that a scheduler does not know along in its config.
    """
    known = inspect.signature(type(scheduler).__init__).parameters
    if "clip_sample" not in known or not scheduler.config.clip_sample:
        return 0.0
    scheduler.register_to_config(clip_sample=False)
    return float(scheduler.config.get("clip_sample_range", 1.0))


def step_options(scheduler: Any, generators: Sequence[torch.Generator], eta: float) -> dict[str, Any]:
    """The arguments of `scheduler.step`: one generator per picture, and DDIM's eta and treatment of a clipped x_0."""
    known = inspect.signature(scheduler.step).parameters
    options: dict[str, Any] = {"generator": list(generators)} if "generator" in known else {}
    if "eta" in known:
        options["eta"] = eta
    if "use_clipped_model_output" in known:
        # Once x_0 is clipped, eps must follow from it, as in the papers' own code (guided-diffusion, ddim_sample):
        # with the eps of the unclipped x_0, strong guidance drifts away from what the prompt asks for.
        options["use_clipped_model_output"] = scheduler.config.clip_sample or scheduler.config.thresholding
    return options


def steps_until(scheduler: Any, part: float) -> int:
    """How many of the timesteps lie in the first `part` of the schedule, as in diffusers' pipelines of XL."""
    return int((scheduler.timesteps >= _cutoff(scheduler, part)).sum())


def resume_at(scheduler: Any, part: float) -> int:
    """The number of the timestep from which the rest after the first `part` is made. The scheduler is told."""
    rest = int((scheduler.timesteps < _cutoff(scheduler, part)).sum())
    if scheduler.order == 2 and rest % 2 == 0:
        rest += 1  # a step of two calls is not begun in its middle
    begin = len(scheduler.timesteps) - rest
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    return begin


def _cutoff(scheduler: Any, part: float) -> int:
    trained: int = scheduler.config.num_train_timesteps
    return round(trained - part * trained)


def sigma_at(scheduler: Any, t: torch.Tensor) -> torch.Tensor:
    """The noise beside a clean sample left as it is, sigma = sqrt((1 - abar) / abar), at one of the timesteps."""
    if hasattr(scheduler, "sigmas"):
        found: torch.Tensor = scheduler.sigmas[int((scheduler.timesteps == t).nonzero()[0])]
        return found
    alpha_bar: torch.Tensor = scheduler.alphas_cumprod[int(t)]
    return ((1 - alpha_bar) / alpha_bar).sqrt()


def wants_next(scheduler: Any) -> bool:
    """True for unCLIP's scheduler, which has to be told the timestep that follows."""
    return "prev_timestep" in inspect.signature(scheduler.step).parameters


def can_resample(name: str) -> bool:
    """True for the schedulers that may make a step again: without memory, and with x_t in variance-preserving form."""
    return name in ("ddim", "ddpm")


def make_inverse(config: Mapping[str, Any], steps: int) -> Any:
    """The scheduler that walks DDIM's ordinary differential equation from x_0 to x_T, set to `steps` steps."""
    from diffusers import DDIMInverseScheduler

    scheduler = _made(DDIMInverseScheduler, _by_stride(_known(config)))
    scheduler.set_timesteps(steps)
    return scheduler


def ancestral_variance(scheduler: Any, t: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
    """Sigma_t of DDPMScheduler's step from t, for the shift of its mean under guidance.

    learned: the network's variance channels [n, c, h, w] in -1..1, empty where it has none. At the last step beta-tilde
    is 0 and its logarithm has no meaning: as in guided-diffusion the last but one takes its place where the variance is
    learned (Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 15) or the larger of the fixed ones, and nothing is added
    where it is the smaller.
    """
    bars = scheduler.alphas_cumprod
    previous = int(scheduler.previous_timestep(t))
    one = bars.new_ones(())
    bar, bar_previous = bars[int(t)], bars[previous] if previous >= 0 else one
    beta: torch.Tensor = 1 - bar / bar_previous
    posterior: torch.Tensor = (1 - bar_previous) / (1 - bar) * beta
    if learned.shape[1] and scheduler.config.variance_type == "learned_range":
        least = posterior if previous >= 0 else _last_but_one(scheduler)
        share = ((learned + 1) / 2).to(bars)
        log_variance: torch.Tensor = share * beta.log() + (1 - share) * least.log()
        return log_variance.exp()
    if scheduler.config.variance_type == "fixed_large":
        return beta if previous >= 0 else _last_but_one(scheduler)
    return posterior


def _last_but_one(scheduler: Any) -> torch.Tensor:
    """beta-tilde of the last but one of the timesteps that are made."""
    later, earlier = scheduler.timesteps[-2:] if len(scheduler.timesteps) > 1 else (1, 0)
    bar, bar_previous = scheduler.alphas_cumprod[int(later)], scheduler.alphas_cumprod[int(earlier)]
    variance: torch.Tensor = (1 - bar_previous) / (1 - bar) * (1 - bar / bar_previous)
    return variance
