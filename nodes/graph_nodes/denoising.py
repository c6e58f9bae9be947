"""What core.denoise does: check that everything fits, gather the conditions, call the sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_engine import Context, Denoiser, Guidance, Image, Latents, TextEmbedding
from graph_nodes import fitting
from graph_nodes.weights import module_of, scheduler_config, torch_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

__all__ = ["Request", "run"]


@dataclass(frozen=True)
class Request:
    """The inputs of core.denoise."""

    denoiser: Denoiser
    text: TextEmbedding | None
    guidance: Guidance | None
    steps: int
    scheduler: str
    eta: float
    count: int
    seed: int


def run(context: Context, request: Request) -> Latents:
    """Sample as the request says; raises Misfit before any weights are read."""
    denoiser, facts = request.denoiser, request.denoiser.facts
    chain = _chain(request.guidance)
    fitting.check_conditions(denoiser, request.text)
    fitting.check_text(denoiser, request.text)
    fitting.check_guidance(denoiser, request.text, chain, request.steps)
    n = fitting.batch_size(request.count, _batches(request))
    config = scheduler_config(context, denoiser)
    fitting.check_scheduler(denoiser, request.scheduler, config.get("prediction_type", "epsilon"))

    import torch

    from graph_nodes.science import sampling, schedules

    module = module_of(context, denoiser)
    generators = sampling.generators_for(request.seed, n)
    with torch.inference_mode():
        x = sampling.initial_noise((facts["channels"], facts["size"], facts["size"]), generators)
        scheduler = schedules.make_scheduler(request.scheduler, config, request.steps)
        samples = _sample(context, request, scheduler, chain, module, x, generators)
    # A clone made out here is an ordinary tensor: what later nodes do with it is their own matter.
    return Latents(samples.clone(memory_format=torch.contiguous_format), facts["space"])


def _sample(
    context: Context,
    request: Request,
    scheduler: Any,
    chain: list[Guidance],
    module: Any,
    x: Tensor,
    generators: list[Generator],
) -> Tensor:
    from graph_nodes.science import guidance, networks, sampling, schedules

    facts = request.denoiser.facts
    dtype = torch_dtype(context)
    network = networks.unet(
        module,
        pixel_unshuffle=facts.get("pixel_unshuffle", 1),
        pooled_to_class=facts.get("pooled_to_class", False),
        dtype=dtype,
    )
    given = _low_resolution(request, scheduler, generators)
    conditional = _placed(context, {**given, **_text(request.text, null=False)}, len(x))
    unconditional = _placed(context, {**given, **_text(request.text, null=True)}, len(x))
    predict = sampling.guided(
        network,
        guidance.make_guide([(item.rule, item.settings) for item in chain]),
        conditional,
        unconditional if unconditional.keys() == conditional.keys() else None,
        channels=facts["channels"],
        keep_variance=schedules.takes_learned_variance(scheduler),
    )
    watch = _watcher(context, facts["space"])
    return sampling.sample(predict, scheduler, x.to(context.device), generators, eta=request.eta, on_step=watch).cpu()


def _chain(guidance: Guidance | None) -> list[Guidance]:
    """The stacked guidances, the innermost first."""
    chain: list[Guidance] = []
    while guidance is not None:
        chain.insert(0, guidance)
        guidance = guidance.base
    return chain


def _batches(request: Request) -> dict[str, int]:
    sizes = {"text": len(request.text.prompts)} if request.text else {}
    low = request.denoiser.conditions.get("low_resolution")
    return sizes | ({"low_resolution": len(_tensor(low))} if low is not None else {})


def _tensor(picture: Image | Latents) -> Tensor:
    return picture.samples if isinstance(picture, Latents) else picture.pixels


def _text(text: TextEmbedding | None, *, null: bool) -> dict[str, Tensor]:
    if text is None:
        return {}
    if null:
        parts = {"tokens": text.null_tokens, "pooled": text.null_pooled, "mask": text.null_mask}
    else:
        parts = {"tokens": text.tokens, "pooled": text.pooled, "mask": text.mask}
    return {name: tensor for name, tensor in parts.items() if tensor is not None}


def _low_resolution(request: Request, scheduler: Any, generators: list[Generator]) -> dict[str, Tensor]:
    """The small picture in -1..1 at the network's size, with the noise that its augmentation level asks for."""
    import torch

    from graph_nodes.science import networks, sampling

    conditions = request.denoiser.conditions
    if "low_resolution" not in conditions:
        return {}
    picture = conditions["low_resolution"]
    low = picture.samples.clamp(-1, 1) if isinstance(picture, Latents) else picture.pixels * 2 - 1
    low = networks.enlarge(low.float(), request.denoiser.facts["size"])
    if "noise_level" not in conditions:
        return {"low_resolution": low}
    n = len(generators)
    level = torch.full((n,), conditions["noise_level"], dtype=torch.long)
    noise = sampling.initial_noise(low.shape[1:], generators)
    return {"low_resolution": sampling.noised(low, noise, scheduler.alphas_cumprod[level]), "noise_level": level}


def _placed(context: Context, conditions: Mapping[str, Tensor], n: int) -> dict[str, Tensor]:
    """Conditions on the run's device and in its dtype, one row per picture."""
    dtype = torch_dtype(context)
    placed = {}
    for name, tensor in conditions.items():
        rows = tensor if len(tensor) == n else tensor.repeat_interleave(n, dim=0)
        keep = name in ("low_resolution", "noise_level", "mask")
        placed[name] = rows.to(context.device) if keep else rows.to(context.device, dtype)
    return placed


def _watcher(context: Context, space: str) -> Callable[[int, int, Callable[[], Tensor]], None]:
    """Progress with a preview of the estimated picture, where the space can be looked at."""

    def watch(step: int, total: int, estimate: Callable[[], Tensor]) -> None:
        def preview() -> Image:
            return Image(((estimate().float() + 1) / 2).clamp(0, 1).cpu().clone())

        context.progress(step, total, preview if space == "pixel" else None)

    return watch
