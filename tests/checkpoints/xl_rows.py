"""Stable Diffusion XL: both text towers, sizes as conditions, the refiner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from graph_nodes.autoencoding import decode
from graph_nodes.binding import size_condition
from graph_nodes.starts import hand_over
from graph_nodes.text import encode_text

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators
from .stable_rows import image_to_image, inpaint, latents_of, sampled

__all__: list[str] = []


def text(bench: Bench, **options: Any) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionXLPipeline", "sdxl"), bench.model("sdxl")
    found = encode_text(bench.context, model.text_encoder, PROMPT, **options)
    told = {"negative_prompt": options.get("negative_prompt"), "clip_skip": options.get("clip_skip")}
    with torch.no_grad():
        tokens, null_tokens, pooled, null_pooled = pipeline.encode_prompt(PROMPT, device="cpu", **told)
    return {
        "text": (found.tokens, tokens),
        "pooled text": (found.pooled, pooled),
        **({"negative text": (found.null_tokens, null_tokens)} if told["negative_prompt"] else {}),
        **({"negative pooled": (found.null_pooled, null_pooled)} if told["negative_prompt"] else {}),
    }


def pictures(name: str, told: Mapping[str, Any], wanted: Mapping[str, Any], rescale: float = 0.0) -> Row:
    """Two pictures under one set of options; told to core.encode_text, wanted of the pipeline."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline("StableDiffusionXLPipeline", "sdxl"), bench.model("sdxl")
        made = sampled(bench, model, text=told, rescale=rescale, count=2)
        image = latents_of(
            pipeline, generator=generators(2), num_images_per_prompt=2, guidance_rescale=rescale, **wanted
        )
        return {"latents": (made.samples, image)}

    return Row(f"SDXL txt2img, {name}", stages)


def sizes(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("StableDiffusionXLPipeline", "sdxl"), bench.model("sdxl")
    denoiser = size_condition(model.denoiser, 512, 768, 24, 8, 96, 128)
    made = sampled(bench, model, denoiser=denoiser)
    told = {"original_size": (768, 512), "crops_coords_top_left": (8, 24), "target_size": (128, 96)}
    with torch.no_grad():
        options = {"num_inference_steps": 6, "guidance_scale": 7.5, "output_type": "pt", **told}
        image = pipeline(PROMPT, generator=generators(1), **options).images
    wanted = latents_of(pipeline, generator=generators(1), **told)
    return {"latents": (made.samples, wanted), "picture": (decode(bench.context, made, model.vae).pixels, image)}


def refined(bench: Bench) -> Mapping[str, Pair]:
    base, model = bench.pipeline("StableDiffusionXLPipeline", "sdxl"), bench.model("sdxl")
    refiner, second = bench.pipeline("StableDiffusionXLImg2ImgPipeline", "sdxl-refiner"), bench.model("sdxl-refiner")
    told = {"negative_prompt": "ugly"}
    first = sampled(bench, model, text=told, stop=0.8, steps=10)
    made = sampled(bench, second, text=told, start=hand_over(first, 0.8), steps=10)
    options = {"num_inference_steps": 10, **told}
    halfway = latents_of(base, generator=generators(1), denoising_end=0.8, **options)
    wanted = latents_of(refiner, image=halfway, generator=generators(1), denoising_start=0.8, **options)
    return {"base": (first.samples, halfway), "refined": (made.samples, wanted)}


PARITY += [
    Row("SDXL text, negative prompt", lambda bench: text(bench, negative_prompt="ugly")),
    Row("SDXL text, clip skip 1", lambda bench: text(bench, clip_skip=1)),
    pictures("no negative prompt", {}, {}),
    pictures("negative prompt", {"negative_prompt": "ugly"}, {"negative_prompt": "ugly"}),
    pictures("clip skip 1", {"clip_skip": 1}, {"clip_skip": 1}),
    pictures("guidance rescale 0.7", {}, {}, 0.7),
    Row("SDXL txt2img, sizes and crop as conditions", sizes),
    Row("SDXL base, handed over to the refiner at 0.8", refined),
    image_to_image("SDXL", "StableDiffusionXLImg2ImgPipeline", "sdxl"),
    image_to_image("SDXL", "StableDiffusionXLImg2ImgPipeline", "sdxl", count=1, sides=(96, 72)),
    *(
        inpaint("SDXL", "StableDiffusionXLInpaintPipeline", family, strength)
        for family in ("sdxl", "sdxl-inpaint")
        for strength in (0.7, 1.0)
    ),
]
