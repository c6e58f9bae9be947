"""Schedulers by the field's short names: each is diffusers' own class, made fresh for every run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["SCHEDULERS", "can_follow", "make_scheduler", "step_options", "takes_learned_variance"]

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
}
"""Short name -> diffusers class and the settings that make it what the name says.

ddim: Song et al. 2020 (arXiv:2010.02502); ddpm: Ho et al. 2020 (arXiv:2006.11239); dpm++: Lu et al. 2022
(arXiv:2211.01095); euler, heun, dpm2 and the ancestral ones: Karras et al. 2022 (arXiv:2206.00364) as in k-diffusion;
unipc: Zhao et al. 2023 (arXiv:2302.04867); deis: Zhang and Chen 2022 (arXiv:2204.13902); pndm: Liu et al. 2022
(arXiv:2202.09778).
"""


def make_scheduler(name: str, config: Mapping[str, Any], steps: int) -> Any:
    """A new scheduler of the kind `name` with the noise schedule that a model was trained on, set to `steps` steps.

    config: the model's scheduler_config.json. Settings that the other class does not know are dropped, as diffusers'
    pipelines do. Timesteps stay on the CPU, where every scheduler keeps its tables.
    """
    import diffusers

    class_name, settings = SCHEDULERS[name]
    known = {key: value for key, value in config.items() if not key.startswith("_")}
    scheduler = getattr(diffusers, class_name).from_config(known, **settings)
    scheduler.set_timesteps(steps)
    return scheduler


def can_follow(name: str, prediction_type: str) -> bool:
    """False for the schedulers of diffusers that do not take a prediction of x_0 itself."""
    return prediction_type != "sample" or name not in ("euler-ancestral", "dpm2", "pndm")


def takes_learned_variance(scheduler: Any) -> bool:
    """True when the scheduler wants the variance channels of the network beside its mean.

    The class is asked too: diffusers carries settings that a scheduler does not know along in its config.
    """
    known = inspect.signature(type(scheduler).__init__).parameters
    return "variance_type" in known and scheduler.config.variance_type in ("learned", "learned_range")


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
