"""A checkpoint in one file gives what its folder gives."""

from __future__ import annotations

from collections.abc import Mapping

from graph_nodes.autoencoding import decode
from graph_nodes.models import load_model
from graph_nodes.text import encode_text

from .bench import PARITY, PROMPT, Bench, Pair, Row
from .stable_rows import sampled

__all__: list[str] = []


def single_file(bench: Bench) -> Mapping[str, Pair]:
    """The same seed makes the same weights, once in a folder and once under the names of the first publication."""
    folder = bench.model("sd15")
    bench.path("sd15-file")
    file = load_model(bench.context, "sd15-file/model.safetensors")
    texts = [encode_text(bench.context, model.text_encoder, PROMPT).tokens for model in (file, folder)]
    latents = [sampled(bench, model) for model in (file, folder)]
    pictures = [decode(bench.context, latents[0], model.vae).pixels for model in (file, folder)]
    return {
        "text": (texts[0], texts[1]),
        "latents": (latents[0].samples, latents[1].samples),
        "picture": (pictures[0], pictures[1]),
    }


PARITY += [Row("SD 1.5 in one file, beside its folder", single_file)]
