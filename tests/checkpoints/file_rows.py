"""A checkpoint in one file gives what its folder gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from graph_nodes.autoencoding import decode
from graph_nodes.checkpoints.tiny import flows, stable
from graph_nodes.models import Model, load_model
from graph_nodes.text import encode_text
from graph_nodes.weights import module_of
from safetensors.torch import load_file, save_file

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


def sdxl_file(bench: Bench) -> Mapping[str, Pair]:
    """XL in one file beside a folder of the same widths and seed."""
    bench.path("sdxl-file")
    if not (bench.folder / "sdxl-wide").exists():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            stable.sdxl(bench.folder / "sdxl-wide", second_width=64)
    models = [load_model(bench.context, name) for name in ("sdxl-file/model.safetensors", "sdxl-wide")]
    texts = [encode_text(bench.context, model.text_encoder, PROMPT, "ugly") for model in models]
    latents = [sampled(bench, model) for model in models]
    pictures = [decode(bench.context, latents[0], model.vae).pixels for model in models]
    return {
        "text": (texts[0].tokens, texts[1].tokens),
        "pooled text": (texts[0].pooled, texts[1].pooled),
        "latents": (latents[0].samples, latents[1].samples),
        "picture": (pictures[0], pictures[1]),
    }


def sd21_file(bench: Bench) -> Mapping[str, Pair]:
    """Stable Diffusion 2: OpenCLIP's names, velocities."""
    bench.path("sd21-file")
    models = [load_model(bench.context, "sd21-file/model.safetensors"), bench.model("sd21")]
    return compared(bench, models) | weights_of(bench, models, ("denoiser", "text_encoder"))


def sd3_file(bench: Bench, make: Callable[[Path, int], None] = flows.sd3) -> Mapping[str, Pair]:
    """Stable Diffusion 3 beside a folder of the same widths and seed, whose first CLIP projects by the identity."""
    bench.path(f"{make.__name__}-file")
    folder = bench.folder / f"{make.__name__}-wide"
    if not folder.exists():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            make(folder, 64)
        tower = folder / "text_encoder" / "model.safetensors"
        save_file(load_file(tower) | {"text_projection.weight": torch.eye(32)}, tower, {"format": "pt"})
    models = [load_model(bench.context, name) for name in (f"{make.__name__}-file/model.safetensors", folder.name)]
    return compared(bench, models) | weights_of(bench, models, ("denoiser", "vae"))


def flux_file(kind: str) -> Row:
    """Flux's transformer in one file, with the other parts of its folder."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        bench.path(f"flux-{kind}-file")
        folder = bench.model(f"flux-{kind}")
        file = folder._replace(denoiser=load_model(bench.context, f"flux-{kind}-file/model.safetensors").denoiser)
        latents = [sampled(bench, model, scale=1).samples for model in (file, folder)]
        return {"latents": (latents[0], latents[1]), **weights_of(bench, [file, folder], ["denoiser"])}

    return Row(f"Flux {kind} in one file, beside its folder", stages, 1e-5, COPIED)


def compared(bench: Bench, models: Sequence[Model]) -> dict[str, Pair]:
    """Text, latents and picture of a file's model and of a folder's."""
    texts = [encode_text(bench.context, model.text_encoder, PROMPT, "ugly") for model in models]
    latents = [sampled(bench, model) for model in models]
    pictures = [decode(bench.context, latents[0], model.vae).pixels for model in models]
    pooled = {} if texts[1].pooled is None else {"pooled text": (texts[0].pooled, texts[1].pooled)}
    return {
        "text": (texts[0].tokens, texts[1].tokens),
        **pooled,
        "latents": (latents[0].samples, latents[1].samples),
        "picture": (pictures[0], pictures[1]),
    }


def weights_of(bench: Bench, models: Sequence[Model], parts: Iterable[str]) -> dict[str, Pair]:
    """Every weight of some parts, one after the other by their names."""
    found: dict[str, Pair] = {}
    for part in parts:
        file, folder = (dict(module_of(bench.context, getattr(model, part)).named_parameters()) for model in models)
        assert file.keys() == folder.keys()
        made, wanted = (torch.cat([each[name].flatten() for name in sorted(each)]) for each in (file, folder))
        found[f"weights, {part}"] = (made, wanted)
    return found


def second_tower(bench: Bench) -> Mapping[str, Pair]:
    """Every weight of the tower whose names and whose projection are OpenCLIP's."""
    sdxl_file(bench)
    towers = [
        module_of(
            bench.context,
            load_model(bench.context, name).text_encoder,
            folder="folder_2",
            component="CLIPTextModelWithProjection",
        )
        for name in ("sdxl-file/model.safetensors", "sdxl-wide")
    ]
    file, folder = (dict(tower.named_parameters()) for tower in towers)
    assert file.keys() == folder.keys()
    return {"weights": tuple(torch.cat([each[name].flatten() for name in sorted(each)]) for each in (file, folder))}


COPIED = "the same numbers, some copied where the folder's are mapped: they lie otherwise, and products differ in bits"

PARITY += [
    Row("SD 1.5 in one file, beside its folder", single_file),
    Row(
        "SDXL in one file, beside its folder",
        sdxl_file,
        1e-4,
        COPIED,
    ),
    Row("SDXL in one file, the second tower's weights", second_tower),
    Row("SD 2.1 in one file, beside its folder", sd21_file),
    Row("SD3 in one file, beside its folder", sd3_file, 1e-5, COPIED),
    Row("SD3.5 in one file, beside its folder", partial(sd3_file, make=flows.sd35), 1e-5, COPIED),
    flux_file("dev"),
    flux_file("schnell"),
]
