"""Models of flows: Stable Diffusion 3 and Flux."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from graph_nodes.autoencoding import decode
from graph_nodes.binding import guidance_embedding, picture_size
from graph_nodes.diffusion import denoise
from graph_nodes.starts import start_from_image
from graph_nodes.text import encode_text

from graph_engine import Mask

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, right_half
from .stable_rows import image_to_image, inpaint, latents_of, sampled

__all__: list[str] = []


def sd3(bench: Bench, family: str = "sd3") -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusion3Pipeline", family), bench.model(family)
    told = {"negative_prompt": "ugly"}
    text = encode_text(bench.context, model.text_encoder, PROMPT, **told)
    with torch.no_grad():
        tokens, null_tokens, pooled, null_pooled = pipeline.encode_prompt(
            PROMPT, PROMPT, PROMPT, negative_prompt="ugly", device="cpu"
        )
        options = {"num_inference_steps": 6, "guidance_scale": 7.5, "output_type": "pt", **told}
        image = pipeline(PROMPT, generator=generators(1), **options).images
    made = sampled(bench, model, text=told)
    both = sampled(bench, model, text=told, count=2)
    return {
        "text": (text.tokens, tokens),
        "pooled text": (text.pooled, pooled),
        "negative text": (text.null_tokens, null_tokens),
        "negative pooled": (text.null_pooled, null_pooled),
        "latents": (both.samples, latents_of(pipeline, generator=generators(2), num_images_per_prompt=2, **told)),
        "picture": (decode(bench.context, made, model.vae).pixels, image),
    }


def flux(family: str, steps: int, length: int) -> Row:
    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline("FluxPipeline", family), bench.model(family)
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        with torch.no_grad():
            tokens, pooled, _ = pipeline.encode_prompt(PROMPT, PROMPT, "cpu", max_sequence_length=length)
            options = {"num_inference_steps": steps, "guidance_scale": 2.5, "height": 96, "width": 64}
            options |= {"max_sequence_length": length, "output_type": "pt"}
            image = pipeline(PROMPT, generator=generators(1), **options).images
            wanted = pipeline(
                PROMPT, generator=generators(2), num_images_per_prompt=2, **options | {"output_type": "latent"}
            ).images
        denoiser = picture_size(model.denoiser, 64, 96)
        if family == "flux-dev":
            denoiser = guidance_embedding(denoiser, 2.5)
        made = denoise(bench.context, denoiser, text, steps=steps, scheduler="published")
        both = denoise(bench.context, denoiser, text, steps=steps, scheduler="published", count=2).samples
        return {
            "text": (text.tokens, tokens),
            "pooled text": (text.pooled, pooled),
            "latents": (pipeline._pack_latents(both, 2, 16, 12, 8), wanted),
            "picture": (decode(bench.context, made, model.vae).pixels, image),
        }

    return Row(f"Flux txt2img, {family}", stages)


def flux_from_a_picture(kind: str, told: str, mask: Mask | None = None) -> Row:
    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline(kind, "flux-dev"), bench.model("flux-dev")
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        start = start_from_image(bench.context, bench.cat, model.vae, mask, strength=0.6)
        made = denoise(bench.context, model.denoiser, text, None, start, 6, "published").samples
        options: dict[str, Any] = {"image": bench.cat.pixels, "strength": 0.6, "height": 64, "width": 64}
        options |= {"mask_image": mask.values} if mask else {}
        wanted = latents_of(pipeline, generator=generators(1), **options, guidance_scale=3.5)
        return {"latents": (pipeline._pack_latents(made, 1, 16, 8, 8), wanted)}

    return Row(f"Flux {told}, strength 0.6", stages)


PARITY += [
    Row("SD3 txt2img", sd3),
    Row("SD3.5 txt2img, with its second attention", partial(sd3, family="sd35")),
    image_to_image("SD3", "StableDiffusion3Img2ImgPipeline", "sd3", 1, height=64, width=64),
    inpaint("SD3", "StableDiffusion3InpaintPipeline", "sd3", 0.7),
    inpaint("SD3", "StableDiffusion3InpaintPipeline", "sd3", 1.0),
    flux("flux-dev", 6, 512),
    flux("flux-schnell", 4, 256),
    flux_from_a_picture("FluxImg2ImgPipeline", "img2img"),
    flux_from_a_picture("FluxInpaintPipeline", "inpaint, the known part held", right_half(64, 64)),
]
