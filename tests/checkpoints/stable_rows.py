"""Stable Diffusion 1, 2, XL, their inpainting, and the x4 and x2 upscalers."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from graph_nodes.autoencoding import decode, encode
from graph_nodes.binding import inpaint_condition, low_resolution
from graph_nodes.checkpoints.tiny.families import make_tiny
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.models import Model, load_model
from graph_nodes.science.schedules import SCHEDULERS, make_scheduler
from graph_nodes.starts import start_from_image
from graph_nodes.text import encode_text

from graph_engine import Denoiser, Latents, Start

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, picture, right_half

__all__: list[str] = []


def sampled(
    bench: Bench,
    model: Model,
    *,
    denoiser: Denoiser | None = None,
    start: Start | None = None,
    rescale: float = 0.0,
    count: int = 1,
    text: Mapping[str, Any] | None = None,
    scale: float = 7.5,
    **options: Any,
) -> Latents:
    """The graph of every latent diffusion model: encode the text, guide, denoise."""
    assert model.text_encoder is not None
    embedding = encode_text(bench.context, model.text_encoder, PROMPT, **(text or {}))
    guide = classifier_free_guidance(scale, rescale)
    target = denoiser or model.denoiser
    assert target is not None
    return denoise(
        bench.context, target, embedding, guide, start, count=count, **{"steps": 6, "scheduler": "published", **options}
    )


def latents_of(pipeline: Any, **options: Any) -> torch.Tensor:
    """The latents that a pipeline makes, before they are decoded."""
    with torch.no_grad():
        made = pipeline(
            prompt=PROMPT, output_type="latent", **{"num_inference_steps": 6, "guidance_scale": 7.5, **options}
        )
    return made.images


def scheduled(name: str) -> Row:
    """Two pictures by one scheduler."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline = bench.pipeline("StableDiffusionPipeline", "sd15")
        pipeline.scheduler = make_scheduler(name, dict(pipeline.scheduler.config), 6)
        eta = 0.3 if name == "ddim" else 0.0
        made = sampled(bench, bench.model("sd15"), scheduler=name, eta=eta, count=2)
        wanted = latents_of(pipeline, generator=generators(2), num_images_per_prompt=2, eta=eta)
        return {"latents": (made.samples, wanted)}

    return Row(f"SD 1.5 txt2img, {name}", stages)


def text_to_image(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionPipeline", "sd15"), bench.model("sd15")
    text = encode_text(bench.context, model.text_encoder, PROMPT, "ugly")
    with torch.no_grad():
        positive, negative = pipeline.encode_prompt(PROMPT, "cpu", 1, True, "ugly")
        image = pipeline(
            PROMPT, negative_prompt="ugly", num_inference_steps=6, generator=generators(1), output_type="pt"
        ).images
    latents = sampled(bench, model, text={"negative_prompt": "ugly"})
    wanted = latents_of(pipeline, negative_prompt="ugly", generator=generators(1))
    return {
        "text": (text.tokens, positive),
        "negative text": (text.null_tokens, negative),
        "latents": (latents.samples, wanted),
        "picture": (decode(bench.context, latents, model.vae).pixels, image),
    }


def vae(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionPipeline", "sd15"), bench.model("sd15")
    with torch.no_grad():
        posterior = pipeline.vae.encode(bench.cat.pixels * 2 - 1).latent_dist
        drawn = posterior.sample(generators(1)[0]) * pipeline.vae.config.scaling_factor
        shown = pipeline.vae.decode(drawn / pipeline.vae.config.scaling_factor).sample
    made = encode(bench.context, bench.cat, model.vae, sample=True)
    return {
        "encoded": (made.samples, drawn),
        "decoded": (decode(bench.context, made, model.vae).pixels, (shown / 2 + 0.5).clamp(0, 1)),
    }


def swapped(bench: Bench) -> Mapping[str, Pair]:
    """Another autoencoder of the same latents, loaded alone, beside the pipeline with that one put in."""
    import diffusers

    if not (bench.folder / "other").exists():
        make_tiny("sd15", bench.folder / "other", seed=9)
    other = bench.folder / "other" / "vae"
    pipeline = bench.pipeline("StableDiffusionPipeline", "sd15", vae=diffusers.AutoencoderKL.from_pretrained(other))
    with torch.no_grad():
        image = pipeline(PROMPT, num_inference_steps=6, generator=generators(1), output_type="pt").images
    alone = load_model(bench.context, "other/vae").vae
    return {"picture": (decode(bench.context, sampled(bench, bench.model("sd15")), alone).pixels, image)}


def image_to_image(
    name: str, kind: str, family: str, count: int = 2, sides: tuple[int, int] = (64, 64), **told: Any
) -> Row:
    """count: of pictures; sides: height and width of the picture; told: what this pipeline wants to be told besides."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline(kind, family), bench.model(family)
        shown = picture(*sides)
        start = start_from_image(bench.context, shown, model.vae, strength=0.6, count=count)
        made = sampled(bench, model, start=start, count=count)
        options = {"image": shown.pixels, "strength": 0.6, **told}
        wanted = latents_of(pipeline, generator=generators(count), num_images_per_prompt=count, **options)
        return {"latents": (made.samples, wanted)}

    size = "" if sides == (64, 64) else f", a picture of {sides[1]} x {sides[0]}"
    return Row(f"{name} img2img, strength 0.6{size}", stages)


def inpaint(name: str, kind: str, family: str, strength: float) -> Row:
    """Nine channels are shown the known part, four hold it at every step."""
    shown = family.endswith("inpaint")

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline(kind, family), bench.model(family)
        mask = right_half(64, 64)
        denoiser = inpaint_condition(model.denoiser, bench.cat, mask, model.vae) if shown else model.denoiser
        start = start_from_image(bench.context, bench.cat, model.vae, None if shown else mask, strength)
        if shown and strength == 1:
            start = None
        made = sampled(bench, model, denoiser=denoiser, start=start)
        options = {"image": bench.cat.pixels, "mask_image": mask.values, "strength": strength}
        wanted = latents_of(pipeline, height=64, width=64, generator=generators(1), **options)
        return {"latents": (made.samples, wanted)}

    held = "shown" if shown else "held"
    return Row(f"{name} inpaint, the known part {held}, strength {strength}", stages)


def velocity(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionPipeline", "sd21"), bench.model("sd21")
    made = sampled(bench, model, rescale=0.7, count=2)
    wanted = latents_of(pipeline, generator=generators(2), num_images_per_prompt=2, guidance_rescale=0.7)
    return {"latents": (made.samples, wanted)}


def clip_skip(skip: int) -> Row:
    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline("StableDiffusionPipeline", "sd15"), bench.model("sd15")
        encoder = pipeline.text_encoder  # the pipeline asks for an inner model that transformers 5 has no more
        encoder.__dict__["text_model"] = SimpleNamespace(final_layer_norm=encoder.final_layer_norm)
        text = encode_text(bench.context, model.text_encoder, PROMPT, clip_skip=skip)
        with torch.no_grad():
            positive, negative = pipeline.encode_prompt(PROMPT, "cpu", 1, True, clip_skip=skip)
        return {"text": (text.tokens, positive), "negative text": (text.null_tokens, negative)}

    return Row(f"SD 1.5 text, clip skip {skip}", stages)


def upscale(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionUpscalePipeline", "sd-x4-upscaler"), bench.model("sd-x4-upscaler")
    small = picture(16, 16)
    denoiser = low_resolution(model.upsampler, small, 20)
    made = sampled(bench, model, denoiser=denoiser)
    wanted = latents_of(pipeline, image=small.pixels * 2 - 1, noise_level=20, generator=generators(1))
    with torch.no_grad():
        image = pipeline(
            PROMPT,
            image=small.pixels * 2 - 1,
            noise_level=20,
            num_inference_steps=6,
            guidance_scale=7.5,
            generator=generators(1),
            output_type="pt",
        ).images
    return {"latents": (made.samples, wanted), "picture": (decode(bench.context, made, model.vae).pixels, image)}


def upscale_latents(scale: float) -> Row:
    """Two small latents as another model made them, straight into the x2 upscaler."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline = bench.pipeline("StableDiffusionLatentUpscalePipeline", "sd-x2-upscaler")
        model = bench.model("sd-x2-upscaler")
        small = sampled(bench, bench.model("sd15"))
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        made = sampled(bench, model, denoiser=low_resolution(model.upsampler, small), scale=scale)
        options = {"image": small.samples, "guidance_scale": scale}
        wanted = latents_of(pipeline, generator=generators(1), **options)
        with torch.no_grad():
            tokens, null_tokens, pooled, null_pooled = pipeline.encode_prompt(PROMPT, "cpu", True)
            told = {"num_inference_steps": 6, "output_type": "pt", **options}
            image = pipeline(PROMPT, generator=generators(1), **told).images
        return {
            "text": (text.tokens, tokens),
            "negative text": (text.null_tokens, null_tokens),
            "pooled text": (text.pooled, pooled),
            "negative pooled": (text.null_pooled, null_pooled),
            "latents": (made.samples, wanted),
            "picture": (decode(bench.context, made, model.vae).pixels, image),
        }

    reason = "the pipeline guides clean samples, the nodes velocities: the same number, rounded otherwise"
    return Row(f"SD x2 latent upscaler, guidance {scale:g}", stages, 1e-5, reason)


PARITY += [
    Row("SD 1.5 autoencoder", vae),
    Row("SD 1.5 txt2img, negative prompt", text_to_image),
    Row("SD 1.5 txt2img, another autoencoder", swapped),
    *(scheduled(name) for name in SCHEDULERS),
    clip_skip(1),
    clip_skip(2),
    image_to_image("SD 1.5", "StableDiffusionImg2ImgPipeline", "sd15"),
    *(
        inpaint("SD 1.5", "StableDiffusionInpaintPipeline", family, strength)
        for family in ("sd15", "sd15-inpaint")
        for strength in (0.7, 1.0)
    ),
    Row("SD 2.1 txt2img, v-prediction, guidance rescale 0.7", velocity),
    image_to_image("SD 2.1", "StableDiffusionImg2ImgPipeline", "sd21"),
    inpaint("SD 2", "StableDiffusionInpaintPipeline", "sd2-inpaint", 0.7),
    Row("SD x4 upscaler, noise level 20", upscale),
    upscale_latents(1.0),
    upscale_latents(4.0),
]
