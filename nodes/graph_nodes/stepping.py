"""Where the steps of one run begin, and a scheduler that is known to come through them before any weights are read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graph_engine import GraphEngineError, Latents, Mask
from graph_nodes import conditions, fitting
from graph_nodes.errors import Misfit
from graph_nodes.shapes import shape_of

if TYPE_CHECKING:
    from torch import Tensor

    from graph_nodes.denoising import Request
    from graph_nodes.science.sampling import Known
    from graph_nodes.science.step import Step

__all__ = ["begin", "end_of", "rows", "scheduler_for"]

Make = Callable[[int], Any]
"""A number of steps -> a fresh scheduler that is set to it."""
FEW = 10
"""Up to so many steps may be too few for a scheduler that asks for some."""


def begin(device: str, request: Request, scheduler: Any, noise: Tensor) -> tuple[Tensor, int, Known | None]:
    """(the sample at the first timestep, the number of that timestep, what must stay)."""
    from graph_nodes.science import sampling, schedules

    start, noise = request.start, noise.to(device)
    if start is None or start.latents is None:
        return _pure(scheduler, noise), 0, None
    x_0 = rows(start.latents.samples, len(noise)).to(device)
    if start.resume:
        return x_0, schedules.resume_at(scheduler, start.resume), None
    known = None
    if start.mask:
        mask = conditions.latent_mask(request.denoiser, start.mask.values, x_0)
        if start.clean:
            mask = (mask >= 0.5).float()
        known = sampling.Known(x_0, noise, rows(mask, len(noise)).to(device), start.clean)
    if start.strength >= 1 and not start.clean:
        return _pure(scheduler, noise), 0, known
    first = sampling.begin_at(scheduler, request.steps, start.strength)
    x = sampling.noised_to(scheduler, x_0, noise, scheduler.timesteps[first : first + 1])
    return known.hold(x, scheduler, None) if known and start.clean else x, first, known


def end_of(request: Request, scheduler: Any) -> int | None:
    """The number of the timestep where another model takes over, if one does."""
    from graph_nodes.science import schedules

    return schedules.steps_until(scheduler, request.stop) if request.stop < 1 else None


def rows(tensor: Tensor, n: int) -> Tensor:
    """One row per picture."""
    return tensor if len(tensor) == n else tensor.repeat_interleave(n, dim=0)


def _pure(scheduler: Any, noise: Tensor) -> Tensor:
    """x_T: noise in the scheduler's own units."""
    return noise * getattr(scheduler, "init_noise_sigma", 1.0)


def scheduler_for(request: Request, make: Make) -> Any:
    """The scheduler of a run, fresh; raises Misfit, with the number that it takes, for more or fewer steps than it can
    make: an index beyond its table, two timesteps in one place, or whatever its class asserts."""
    scheduler, fault = _tried(request, make)
    if fault is None:
        return scheduler
    takes = _numbers_near(request, make)
    if not takes and scheduler is None:
        raise fault  # whatever the number: it is the config that is told of
    if not takes and isinstance(fault, FloatingPointError):
        return scheduler  # what comes of a real network may be numbers, and is looked at
    told = request.scheduler == "published" and scheduler is not None
    name = repr(request.scheduler) + (f" ({type(scheduler).__name__})" if told else "")
    count = f"{request.steps} step{'' if request.steps == 1 else 's'}"
    advice = f"it takes {' or '.join(takes)}" if takes else "use another scheduler"
    raise Misfit(
        f"{name} cannot make {count} for {fitting.name_of(request.denoiser)}: {advice} "
        f"({str(fault) or type(fault).__name__})"
    ) from fault


def _tried(request: Request, make: Make) -> tuple[Any, Exception | None]:
    """(the scheduler where one could be made, what was raised by it or on its way)."""
    scheduler = None
    try:
        scheduler = make(request.steps)
        fitting.check_timesteps(request.denoiser, request.scheduler, scheduler)
        _rehearse(request, copy.deepcopy(scheduler))
    except GraphEngineError:
        raise
    except Exception as error:  # noqa: BLE001 - each of diffusers' schedulers says in a way of its own that it cannot
        return scheduler, error
    return scheduler, None


def _rehearse(request: Request, scheduler: Any) -> None:
    """Make the steps on a sample of one pixel, with a network that predicts nothing."""
    import torch

    from graph_nodes.science import sampling, schedules

    request = _small(request)
    generators = sampling.generators_for(0, 1)
    shape = shape_of(request.denoiser)
    noise = sampling.initial_noise((shape[0], *(1 for _ in shape[1:])), generators)
    learned = schedules.takes_learned_variance(scheduler)

    def predict(step: Step) -> Tensor:
        nothing = torch.zeros_like(step.x)
        return torch.cat([nothing, nothing], dim=1) if learned else nothing

    x, first, known = begin("cpu", request, scheduler, noise)
    end = end_of(request, scheduler)
    made = sampling.sample(predict, scheduler, x, generators, eta=request.eta, begin=first, end=end, known=known)
    if not made.isfinite().all():
        raise FloatingPointError("some of its timesteps lie in one place")


def _small(request: Request) -> Request:
    """The same steps from a start of one pixel."""
    import torch

    start = request.start
    if start is None or start.latents is None:
        return replace(request, start=None)
    samples = torch.zeros(1, shape_of(request.denoiser)[0], 1, 1)
    mask = Mask(torch.ones(1, 1, 1, 1)) if start.mask else None
    return replace(request, start=replace(start, latents=Latents(samples, start.latents.space), mask=mask, noise=None))


def _numbers_near(request: Request, make: Make) -> list[str]:
    """Which numbers of steps a scheduler takes below and above one that it does not, found by trying."""

    def works(steps: int) -> bool:
        return _tried(replace(request, steps=steps), make)[1] is None

    found = []
    least = next((steps for steps in range(1, min(FEW, request.steps)) if works(steps)), None)
    if least:
        most, fails = least, request.steps
        while fails - most > 1:
            middle = fails - 1 if fails == request.steps else (most + fails) // 2
            most, fails = (middle, fails) if works(middle) else (most, middle)
        found.append(f"{most} at most")
    if request.steps < FEW:
        found += [f"{steps} or more" for steps in range(request.steps + 1, FEW + 1) if works(steps)][:1]
    return found
