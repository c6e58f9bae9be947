"""What core.denoise does: check that everything fits, gather the conditions, call the sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_engine import Context, Denoiser, Guidance, Image, Latents, Start, TextEmbedding
from graph_nodes import conditions, fitting, guiding, stepping
from graph_nodes.finite import check_finite
from graph_nodes.network_of import network_of
from graph_nodes.shapes import shape_of
from graph_nodes.weights import scheduler_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Generator, Tensor

    from graph_nodes.science.guidance import Guide
    from graph_nodes.science.sampling import OnStep, Predict
    from graph_nodes.science.schedules import FlowSteps

__all__ = ["Request", "invert", "run"]


@dataclass(frozen=True)
class Request:
    """The inputs of core.denoise."""

    denoiser: Denoiser
    text: TextEmbedding | None
    guidance: Guidance | None
    start: Start | None
    steps: int
    scheduler: str
    eta: float
    count: int
    seed: int
    stop: float = 1.0


def run(context: Context, request: Request) -> Latents:
    """Sample as the request says; raises Misfit before any weights are read."""
    denoiser = request.denoiser
    chain = guiding.chain_of(request.guidance)
    n = fitting.check(denoiser, request.text, chain, request.start, request.steps, request.count)
    config = scheduler_config(context, denoiser)
    predicts = denoiser.facts.get("prediction_type", config.get("prediction_type", "epsilon"))
    fitting.check_scheduler(denoiser, request.scheduler, predicts, request.start)

    import torch

    from graph_nodes.science import sampling, schedules

    generators = sampling.generators_for(request.seed, n)
    with torch.inference_mode():
        flow = _flow_steps(request)
        scheduler = stepping.scheduler_for(
            request, lambda steps: schedules.make_scheduler(request.scheduler, config, steps, flow)
        )
        told, noise = _draws(context, request, scheduler, generators)
        guide = guiding.guide_of(context, chain, scheduler)
        predict = _predict(context, denoiser, guide, scheduler, told)
        x, begin, known = stepping.begin(context.device, request, scheduler, noise)
        samples = sampling.sample(
            predict,
            scheduler,
            x,
            generators,
            eta=request.eta,
            begin=begin,
            end=stepping.end_of(request, scheduler),
            known=known,
            resample=request.start.resample if request.start else 1,
            mean_shift=guide.mean_shift,
            on_step=_watcher(context, denoiser),
        )
    return _latents(context, request, samples)


def invert(context: Context, request: Request, latents: Latents) -> Latents:
    """The noise from which DDIM makes `latents` under the same request (Song et al. 2020, section 4.3)."""
    denoiser = request.denoiser
    chain = guiding.chain_of(request.guidance)
    n = fitting.check(denoiser, request.text, chain, Start(latents), request.steps, 1)

    import torch

    from graph_nodes.science import sampling, schedules

    config = scheduler_config(context, denoiser)
    generators = sampling.generators_for(request.seed, n)
    with torch.inference_mode():
        scheduler = stepping.scheduler_for(request, lambda steps: schedules.make_inverse(config, steps))
        guide = guiding.guide_of(context, chain, scheduler)
        told = conditions.gather(context, denoiser, request.text, scheduler, generators, latents.samples.shape[1:])
        predict = _predict(context, denoiser, guide, scheduler, told)
        x = stepping.rows(latents.samples, n).to(context.device)
        samples = sampling.sample(predict, scheduler, x, generators, on_step=_watcher(context, denoiser))
    return _latents(context, request, samples)


def _latents(context: Context, request: Request, samples: Tensor) -> Latents:
    """What was drawn, once it is known to be numbers; those that the models of guidance had a say in are named too."""
    import torch

    # A clone made out of inference mode is an ordinary tensor: what later nodes do with it is their own matter.
    made = samples.cpu().clone(memory_format=torch.contiguous_format)
    critics = [it.settings[it.rule] for it in guiding.chain_of(request.guidance) if it.rule in guiding.ASKING]
    check_finite(context, request.denoiser, made, *critics)
    return Latents(made, request.denoiser.facts["space"])


def _draws(
    context: Context, request: Request, scheduler: Any, generators: Sequence[Generator]
) -> tuple[conditions.Conditions, Tensor]:
    """(what the network is told, x_T). Both draw from the generators: x_T first, but for models published otherwise."""
    denoiser, text = request.denoiser, request.text

    def gathered() -> conditions.Conditions:
        return conditions.gather(context, denoiser, text, scheduler, generators, _shape(request))

    if denoiser.facts.get("augmentation_first"):
        return gathered(), _noise(request, generators)
    noise = _noise(request, generators)
    return gathered(), noise


def _predict(
    context: Context, denoiser: Denoiser, guide: Guide, scheduler: Any, told: conditions.Conditions
) -> Predict:
    """The denoiser under guidance, with all that it is told."""
    from graph_nodes.science import sampling, schedules

    return sampling.guided(
        network_of(context, denoiser, scheduler),
        _held(denoiser, guide, told),
        told.conditional,
        told.unconditional,
        channels=shape_of(denoiser)[0],
        keep_variance=schedules.takes_learned_variance(scheduler),
    )


def _held(denoiser: Denoiser, guide: Guide, told: conditions.Conditions) -> Guide:
    """The guide, and for a model that was published so a last rule that keeps what is known of a picture."""
    from graph_nodes.science.guidance import Guide, KeepKnown

    if not denoiser.facts.get("keeps_known"):
        return guide
    return Guide((*guide.rules, KeepKnown(told.conditional["masked_image"], told.conditional["known"])))


def _shape(request: Request) -> tuple[int, ...]:
    """The shape of one sample: that of what it starts from, or the model's own."""
    start = request.start
    given = (start.noise or start.latents) if start else None
    return tuple(given.samples.shape[1:]) if given else shape_of(request.denoiser)


def _noise(request: Request, generators: Sequence[Generator]) -> Tensor:
    """x_T: what the start brings, else drawn, in the shape of what it starts from or else in the model's own."""
    from graph_nodes.science import sampling

    start = request.start
    if start and start.noise:
        return stepping.rows(start.noise.samples, len(generators))
    shape = _shape(request)
    for _ in range(start.drawn if start else 0):
        sampling.initial_noise(shape, generators)
    return sampling.initial_noise(shape, generators)


def _flow_steps(request: Request) -> FlowSteps | None:
    """How a model of flows spaces its steps; None for one of diffusion."""
    from graph_nodes.science.schedules import FlowSteps

    facts = request.denoiser.facts
    if facts.get("prediction_type") != "flow":
        return None
    shape = _shape(request)
    patch = facts.get("patch", 1)
    return FlowSteps((shape[1] // patch) * (shape[2] // patch), facts["class"] == "FluxTransformer2DModel")


def _watcher(context: Context, denoiser: Denoiser) -> OnStep:
    """Progress with a preview of the estimated picture, where the space can be looked at."""
    to_image = _to_image(denoiser)

    def watch(step: int, total: int, estimate: Callable[[], Tensor]) -> None:
        context.progress(step, total, (lambda: to_image(estimate().float().cpu())) if to_image else None)

    return watch


def _to_image(denoiser: Denoiser) -> Callable[[Tensor], Image] | None:
    """How an estimate of x_0 is shown: pixels as they are, latents by the model's linear map, embeddings not at all."""
    if denoiser.facts["space"] == "pixel":
        return lambda x_0: Image(((x_0 + 1) / 2).clamp(0, 1).clone())
    if "preview" not in denoiser.facts:
        return None

    def show(x_0: Tensor) -> Image:
        import torch

        linear = denoiser.facts["preview"]
        rgb = torch.einsum("oc,nchw->nohw", torch.tensor(linear["matrix"]), x_0)
        return Image((rgb + torch.tensor(linear["bias"]).view(1, 3, 1, 1)).clamp(0, 1))

    return show
