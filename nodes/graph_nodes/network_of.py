"""A denoiser's network as the sampler calls it, its weights read when it is first asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graph_engine import Context, Denoiser
from graph_nodes.weights import module_of, tensors_of, torch_dtype

if TYPE_CHECKING:
    from graph_nodes.science.sampling import Network

__all__ = ["network_of"]


def network_of(context: Context, denoiser: Denoiser, scheduler: Any) -> Network:
    """The network behind a denoiser, whatever its class; scheduler: its timesteps set, the last of which some models
    leave to another network."""
    from graph_nodes.science import networks, schedules

    if denoiser.facts.get("preconditioned"):
        module, dtype = module_of(context, denoiser), torch_dtype(context, denoiser)
        return networks.x2_upscaler(module, partial(schedules.sigma_at, scheduler), dtype=dtype)
    first = _network(context, denoiser, "folder")
    if "last_folder" not in denoiser.facts:
        return first
    return networks.last_by(first, _network(context, denoiser, "last_folder"), float(scheduler.timesteps[-1]))


def _network(context: Context, denoiser: Denoiser, folder: str) -> Network:
    from graph_nodes.science import networks

    facts, dtype = denoiser.facts, torch_dtype(context, denoiser)
    component = facts["class"] if folder != "folder" else ""
    module = module_of(context, denoiser, folder=folder, component=component)
    if "projection" in facts:
        return networks.unclip_decoder(module, tensors_of(context, denoiser, "projection"), dtype=dtype)
    makers = {
        "PriorTransformer": networks.prior,
        "SD3Transformer2DModel": networks.sd3,
        "FluxTransformer2DModel": networks.flux,
    }
    if facts["class"] in makers:
        return makers[facts["class"]](module, dtype=dtype)
    return networks.unet(
        module,
        pixel_unshuffle=facts.get("pixel_unshuffle", 1),
        pooled_to_class=facts.get("pooled_to_class", False),
        beside=facts.get("beside", networks.BESIDE),
        dtype=dtype,
    )
