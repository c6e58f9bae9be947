"""The shapes world: a captioned world of simple shapes, a judge that reads its pictures, and models trained on it."""

import argparse
from pathlib import Path
from typing import Any

from graph_engine import Command, ModelSource, hookimpl
from graph_engine_shapes import training
from graph_engine_shapes.nodes import judge, judge_table, prompt_suite, random_prompts, render

__all__ = [
    "judge",
    "judge_table",
    "prompt_suite",
    "random_prompts",
    "register_commands",
    "register_models",
    "register_nodes",
    "render",
]

MODELS = {
    "glide": "GLIDE: text to 32x32 pixels, then to 64x64",
    "clip": "CLIP: pictures of 32x32 and captions in one space",
    "glide-inpaint": "GLIDE that draws what a mask covers, 32x32",
    "imagen": "Imagen: a text-only T5 to 32x32, 64x64 and 128x128",
    "adm": "ADM: a coloured shape, by its class, to 32x32",
    "unclip": "unCLIP's decoder: CLIP's image embedding and text to 32x32, 64x64 and 128x128",
    "latent": "Latent diffusion: text to 64x64 by way of 16x16x4 latents",
    "dalle": "DALL-E: text and image tokens in one decoder, 32x32",
    "parti": "Parti: a decoder of image tokens that looks at a T5's states, 32x32",
    "prior": "unCLIP's diffusion prior: text to CLIP's image embedding",
    "ar-prior": "unCLIP's autoregressive prior: text to CLIP's image embedding, number by number",
    "noised-clip": "CLIP's image tower for noised pictures of 32x32, to guide with",
    "classifier": "The class (a coloured shape) of noised pictures of 32x32, to guide with",
}


@hookimpl
def register_nodes() -> list[Any]:
    """The pack's nodes, as `shapes.<name>`."""
    return [render, judge, random_prompts, prompt_suite, judge_table]


@hookimpl
def register_models() -> list[ModelSource]:
    """The models that lie in the package, as `shapes/<name>`."""
    folder = Path(__file__).parent / "models"
    return [ModelSource(name, folder / name, text) for name, text in MODELS.items()]


@hookimpl
def register_commands() -> list[Command]:
    """`graph-engine train-shapes NAME`: the recorded command behind every model here."""
    return [Command("train-shapes", "train a model of the shapes world", training.add_arguments, _train)]


def _train(options: argparse.Namespace) -> int:
    return training.start(options)
