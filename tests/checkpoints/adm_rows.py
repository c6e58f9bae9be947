"""guided-diffusion in single files: beside a loop over diffusers' class, and beside OpenAI's sampler written anew."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from graph_nodes.binding import class_label, low_resolution
from graph_nodes.checkpoints.openai import OpenAIUNet, convert
from graph_nodes.checkpoints.tiny.openai import CLASSIFIER, UNET, UPSAMPLE
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_guidance
from graph_nodes.models import Model, load_model
from graph_nodes.weights import module_of
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from graph_engine import Latents

from . import adm_sampler
from .adm_forward import classify, predict
from .bench import PARITY, Bench, Pair, Row, generators

__all__: list[str] = []

LABEL, SCALE = 207, 20.0


def _open(bench: Bench, name: str) -> Model:
    bench.path("adm-file")
    return load_model(bench.context, f"adm-file/{name}.safetensors")


def _tensors(bench: Bench, name: str) -> dict[str, Tensor]:
    return load_file(bench.path("adm-file") / f"{name}.safetensors")


def guided_diffusion(bench: Bench) -> Mapping[str, Pair]:
    """The file under OpenAI's names beside the loop written by hand over the class of diffusers."""
    from diffusers import DDPMScheduler, UNet2DModel

    folder = bench.path("adm-file")
    made = denoise(
        bench.context,
        class_label(_open(bench, "model").denoiser, str(LABEL)),
        steps=5,
        scheduler="published",
        count=2,
    )
    unet = UNet2DModel.from_config(UNet2DModel.load_config(folder / "model.configs" / "unet")).eval()
    unet.load_state_dict(convert(OpenAIUNet.of(unet.config), load_file(folder / "model.safetensors")))
    scheduler = DDPMScheduler.from_pretrained(folder / "model.configs" / "scheduler")
    scheduler.set_timesteps(5)
    noise = generators(2)
    x = torch.cat([torch.randn(1, 3, 16, 16, generator=each) for each in noise])
    with torch.no_grad():
        for t in scheduler.timesteps:
            output = unet(x, t, class_labels=torch.tensor([LABEL, LABEL])).sample
            x = scheduler.step(output, t, x, generator=noise).prev_sample
    return {"pixels": (made.samples, x)}


def logits(bench: Bench) -> Mapping[str, Pair]:
    """The classifier and its gradient, on noise."""
    module = module_of(bench.context, _open(bench, "classifier").classifier)
    t = _tensors(bench, "classifier")
    x = torch.randn(2, 3, 16, 16, generator=generators(1)[0]).requires_grad_()
    steps = torch.tensor([3, 700])
    made, wanted = module(x, steps, return_dict=False)[0], classify(CLASSIFIER, t, x, steps)
    slopes = [torch.autograd.grad(each.log_softmax(-1)[:, LABEL].sum(), x)[0] for each in (made, wanted)]
    return {"logits": (made.detach(), wanted.detach()), "gradient": (slopes[0], slopes[1])}


def _guided(bench: Bench, scheduler: str, scale: float, steps: int) -> Tensor:
    guide = classifier_guidance(_open(bench, "classifier").classifier, str(LABEL), scale=scale)
    told = class_label(_open(bench, "model").denoiser, str(LABEL))
    return denoise(bench.context, told, guidance=guide, steps=steps, scheduler=scheduler, count=2).samples


def _network(unet: OpenAIUNet, t: dict[str, Tensor], small: Tensor | None = None) -> adm_sampler.Network:
    extra = t["label_emb.weight"][[LABEL, LABEL]]
    beside = [] if small is None else [functional.interpolate(small, (unet.size, unet.size), mode="bilinear")]
    return lambda x, t_: predict(unet, t, torch.cat([x, *beside], dim=1), t_, None, extra)


def _slope(bench: Bench, scale: float) -> adm_sampler.Network:
    t = _tensors(bench, "classifier")

    def slope(x: Tensor, steps: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            chosen = classify(CLASSIFIER, t, x, steps).log_softmax(dim=-1)[:, LABEL]
            return scale * torch.autograd.grad(chosen.sum(), x)[0]

    return slope


def ancestral(bench: Bench) -> Mapping[str, Pair]:
    sampler = adm_sampler.Spaced(adm_sampler.evenly(5))
    network = _network(UNET, _tensors(bench, "model"))
    wanted = sampler.ancestral(network, (3, 16, 16), generators(2), _slope(bench, SCALE))
    plain = sampler.ancestral(network, (3, 16, 16), generators(2), None)
    assert float((wanted - plain).abs().max()) > 0.01, "the classifier has no say"
    return {name: (_guided(bench, name, SCALE, 5), wanted) for name in ("ddpm", "published")}


def ddim(bench: Bench) -> Mapping[str, Pair]:
    """As many steps as the flag ddim25 asks for: its first is at t = 960, where the score has a say already."""
    network = _network(UNET, _tensors(bench, "model"))
    sampler = adm_sampler.Spaced(adm_sampler.by_stride(25))
    wanted = sampler.ddim(network, (3, 16, 16), generators(2), _slope(bench, SCALE))
    plain = sampler.ddim(network, (3, 16, 16), generators(2), lambda x, t: torch.zeros_like(x))
    assert float((wanted - plain).abs().max()) > 0.01, "the classifier has no say"
    return {"pixels": (_guided(bench, "ddim", SCALE, 25), wanted)}


def upsampler(bench: Bench) -> Mapping[str, Pair]:
    """A small picture beside x_t, and heads that are as many at each level."""
    small = torch.rand(2, 3, 16, 16, generator=generators(1)[0]) * 2 - 1
    told = low_resolution(class_label(_open(bench, "upsample").upsampler, str(LABEL)), Latents(small, "pixel"))
    made = denoise(bench.context, told, steps=3, scheduler="ddpm", count=2)
    sampler = adm_sampler.Spaced(adm_sampler.evenly(3))
    wanted = sampler.ancestral(_network(UPSAMPLE, _tensors(bench, "upsample"), small), (3, 64, 64), generators(2), None)
    return {"pixels": (made.samples, wanted)}


ORDER = "another order of the same products, and tables of 64 bits"

PARITY += [
    Row("guided-diffusion in one file, beside a loop by hand", guided_diffusion),
    Row("guided-diffusion's classifier, beside the original's", logits, 2e-5, "another order of the same products"),
    Row("guided-diffusion with its classifier, as p_sample", ancestral, 2e-4, ORDER),
    Row("guided-diffusion with its classifier, as ddim_sample", ddim, 1e-3, ORDER),
    Row("guided-diffusion's upsampler, as p_sample", upsampler, 1e-3, f"{ORDER}; x_T / sqrt(abar) is x_T times 157"),
]
