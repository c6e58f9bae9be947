"""DeepFloyd IF: stage I from text, stage II that enlarges, and inpainting by both."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from graph_nodes.autoencoding import encode
from graph_nodes.binding import low_resolution
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.starts import repaint
from graph_nodes.text import encode_text

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, picture, right_half

__all__: list[str] = []


def stage_one(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("IFPipeline", "if-1"), bench.model("if-1")
    with torch.no_grad():
        tokens, null_tokens = pipeline.encode_prompt(f" {PROMPT.upper()}")
    text = encode_text(bench.context, model.text_encoder, f" {PROMPT.upper()}")
    made = denoise(bench.context, model.denoiser, text, classifier_free_guidance(7.0), None, 5, "published", count=2)
    options = {"num_inference_steps": 5, "guidance_scale": 7.0, "output_type": "pt"}
    wanted = pipeline(PROMPT, num_images_per_prompt=2, generator=generators(2), **options).images
    return {
        "text": (text.tokens, tokens),
        "negative text": (text.null_tokens, null_tokens),
        "pixels": (made.samples, wanted),
    }


def stage_two(bench: Bench) -> Mapping[str, Pair]:
    pipeline, model = bench.pipeline("IFSuperResolutionPipeline", "if-2"), bench.model("if-2")
    small = picture(16, 16)
    text = encode_text(bench.context, model.text_encoder, PROMPT)
    upsampler = low_resolution(model.upsampler, small, 250)
    made = denoise(bench.context, upsampler, text, classifier_free_guidance(4.0), None, 4, "published")
    options = {"num_inference_steps": 4, "guidance_scale": 4.0, "noise_level": 250, "output_type": "pt"}
    wanted = pipeline(
        PROMPT, height=64, width=64, image=small.pixels * 2 - 1, generator=generators(1), **options
    ).images
    return {"pixels": (made.samples, wanted)}


def inpaint_one(strength: float) -> Row:
    """What is kept stands in the picture without noise at every step, and where the steps begin."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline("IFInpaintingPipeline", "if-1"), bench.model("if-1")
        shown, mask = picture(16, 16), right_half(16, 16)
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        start = repaint(encode(bench.context, shown), mask, strength, held="clean")
        guide = classifier_free_guidance(7.0)
        made = denoise(bench.context, model.denoiser, text, guide, start, 5, "published", count=2)
        wanted = pipeline(
            PROMPT,
            image=shown.pixels * 2 - 1,
            mask_image=mask.values.clone(),
            strength=strength,
            num_images_per_prompt=2,
            num_inference_steps=5,
            guidance_scale=7.0,
            generator=generators(2),
            output_type="pt",
        ).images
        return {"pixels": (made.samples, wanted)}

    return Row(f"DeepFloyd IF, stage I, inpaint, strength {strength}", stages)


def inpaint_two(name: str, height: int, width: int) -> Row:
    """The small picture is enlarged to the size of the large one, whatever that is."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        pipeline, model = bench.pipeline("IFInpaintingSuperResolutionPipeline", "if-2"), bench.model("if-2")
        small, large, mask = picture(16, 16, seed=6), picture(height, width), right_half(height, width)
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        start = repaint(encode(bench.context, large), mask, 0.8, held="clean")
        upsampler = low_resolution(model.upsampler, small, 100)
        made = denoise(bench.context, upsampler, text, classifier_free_guidance(4.0), start, 5, "published")
        wanted = pipeline(
            small.pixels * 2 - 1,
            original_image=large.pixels * 2 - 1,
            mask_image=mask.values.clone(),
            strength=0.8,
            prompt=PROMPT,
            num_inference_steps=5,
            guidance_scale=4.0,
            noise_level=100,
            generator=generators(1),
            output_type="pt",
        ).images
        return {"pixels": (made.samples, wanted)}

    return Row(f"DeepFloyd IF, stage II, inpaint, strength 0.8{name}", stages)


PARITY += [
    Row("DeepFloyd IF, stage I", stage_one),
    Row("DeepFloyd IF, stage II, noise level 250", stage_two),
    inpaint_one(1.0),
    inpaint_one(0.6),
    inpaint_two("", 64, 64),
    inpaint_two(", a picture of 96 x 128", 128, 96),
]
