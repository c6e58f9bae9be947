"""DeepFloyd IF: stage I from text, stage II that enlarges."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from graph_nodes.binding import low_resolution
from graph_nodes.diffusion import denoise
from graph_nodes.guidance import classifier_free_guidance
from graph_nodes.text import encode_text

from .bench import PARITY, PROMPT, Bench, Pair, Row, generators, picture

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


PARITY += [Row("DeepFloyd IF, stage I", stage_one), Row("DeepFloyd IF, stage II, noise level 250", stage_two)]
