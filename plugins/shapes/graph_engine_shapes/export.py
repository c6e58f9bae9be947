"""Trainings to model folders: averaged weights in fp16 safetensors, standard configs, model.json and card.json."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graph_engine_shapes import checkpoint, networks, tokenizer
from graph_engine_shapes.clip_task import ClipReader
from graph_engine_shapes.picture_task import load_text, load_unet
from graph_engine_shapes.recipes import found
from graph_engine_shapes.training import folder_of

MODELS = Path(__file__).parent / "models"
TEXT_SPACE = "shapes-glide"
SCHEDULERS = {"unet": ("scheduler", "v_prediction"), "upsampler": ("upsampler_scheduler", "sample")}
"""U-Net's folder -> its schedule's folder, and what it predicts."""


def save_half(model: nn.Module, folder: Path) -> None:
    """Write a network's config and its weights in float16."""
    model.half().save_pretrained(folder)  # type: ignore[operator]


def card(title: str, trainings: dict[str, checkpoint.Counters]) -> dict[str, Any]:
    """What a model is made from; `evaluate` adds what it can do."""
    return {
        "title": title,
        "license": "Apache-2.0",
        "data": "Synthetic: captioned scenes of graph_engine_shapes.scenes, drawn fresh for every batch. A tenth of "
        "the (shape, colour, background) and of the pairs of coloured shapes never appears in training.",
        "recipe": "Muon for matrices and AdamW for the rest, bfloat16 autocast on one CPU thread, averaged weights.",
        "trainings": {
            name: {
                "command": _command(name, c),
                "minutes": round(c.minutes, 1),
                "steps": c.step,
                "pictures": c.pictures,
            }
            for name, c in trainings.items()
        },
    }


def _command(name: str, counters: checkpoint.Counters) -> str:
    compiled = " --compile" if counters.compiled else ""
    return f"python -m graph_engine_shapes.train {name} --minutes {round(counters.minutes, 1):g}{compiled}"


def copy_logs(target: Path, names: Iterable[str]) -> None:
    """Put each training's alignment over time, table and plot, beside the weights."""
    for name in names:
        for log in folder_of(name).glob("alignment.*"):
            (target / "training").mkdir(exist_ok=True)
            shutil.copyfile(log, target / "training" / f"{name}-{log.name}")


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write model.json or card.json."""
    path.write_text(json.dumps(content, indent=2) + "\n")


def denoiser(folder: str, size: int, unshuffle: int, conditions: list[str], steps: int, scale: float) -> dict[str, Any]:
    """The facts of one of GLIDE's denoisers; `folder` is one of SCHEDULERS."""
    return {
        "kind": "Denoiser",
        "class": "UNet2DConditionModel",
        "folder": folder,
        "scheduler": SCHEDULERS[folder][0],
        "prediction_type": SCHEDULERS[folder][1],
        "learned_variance": False,
        "space": "pixel",
        "channels": 3,
        "size": size,
        "pixel_unshuffle": unshuffle,
        "text_space": TEXT_SPACE,
        "conditions": conditions,
        "pooled_to_class": True,
        "default_steps": steps,
        "default_scale": scale,
    }


def glide_parts() -> dict[str, Any]:
    """The parts of shapes/glide, as the loader reads them."""
    upsampler = denoiser(
        "upsampler", networks.UPSAMPLED_SIZE, networks.UPSAMPLER_UNSHUFFLE, ["text", "low_resolution"], 10, 1.0
    )
    return {
        "text_encoder": {
            "kind": "TextEncoder",
            "class": "CLIPTextModelWithProjection",
            "folder": "text_encoder",
            "tokenizer": "tokenizer",
            "text_space": TEXT_SPACE,
            "max_tokens": tokenizer.MAX_TOKENS,
            "pooled": True,
            "attention_mask": False,
        },
        "denoiser": denoiser("unet", networks.BASE_SIZE, networks.BASE_UNSHUFFLE, ["text"], 20, 3.0),
        "upsampler": upsampler | {"low_resolution_size": networks.BASE_SIZE, "noise_augmentation": False},
    }


def export_glide(target: Path) -> None:
    """Write shapes/glide from the trainings glide-text, glide and glide-upsampler."""
    target.mkdir(parents=True, exist_ok=True)
    parts = glide_parts()
    unet, base = load_unet(folder_of("glide"))
    trainings = {"glide-text": checkpoint.averaged(folder_of("glide-text"))[1], "glide": base}
    save_half(unet, target / "unet")
    save_half(load_text(folder_of("glide-text")), target / "text_encoder")
    if (folder_of("glide-upsampler") / checkpoint.FILE).exists():
        upsampler, counters = load_unet(folder_of("glide-upsampler"), upsampler=True)
        save_half(upsampler, target / "upsampler")
        trainings["glide-upsampler"] = counters
    else:
        del parts["upsampler"]
    tokenizer.save(target / "tokenizer")
    for folder, prediction_type in SCHEDULERS.values():
        networks.scheduler(prediction_type).save_pretrained(target / folder)
    title = "GLIDE on the shapes world: text to 32x32, then to 64x64"
    write_json(target / "model.json", {"format": 1, "family": "glide", "title": title, "parts": parts})
    write_json(target / "card.json", card(title, trainings))
    copy_logs(target, trainings)


def export_clip(target: Path) -> None:
    """Write shapes/clip from the training clip."""
    target.mkdir(parents=True, exist_ok=True)
    weights, counters = checkpoint.averaged(folder_of("clip"))
    reader = ClipReader()
    reader.load_state_dict(weights)
    save_half(reader.clip, target / "clip")
    tokenizer.save(target / "tokenizer")
    part = {
        "kind": "CLIP",
        "class": "CLIPModel",
        "folder": "clip",
        "tokenizer": "tokenizer",
        "image_size": networks.BASE_SIZE,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "text_space": "shapes-clip",
        "embedding_space": "shapes-clip",
        "embedding_size": networks.TEXT_WIDTH,
        "normalized": True,
        "max_tokens": tokenizer.MAX_TOKENS,
        "attention_mask": False,
    }
    title = "CLIP on the shapes world, 32x32"
    write_json(target / "model.json", {"format": 1, "family": "clip", "title": title, "parts": {"clip": part}})
    write_json(target / "card.json", card(title, {"clip": counters}))
    copy_logs(target, ["clip"])


EXPORTS = {
    "glide": "export:export_glide",
    "clip": "export:export_clip",
    "glide-inpaint": "export_pixels:export_inpaint",
    "unclip": "export_pixels:export_unclip",
    "imagen": "export_pixels:export_imagen",
    "adm": "export_pixels:export_adm",
    "classifier": "export_embeddings:export_classifier",
    "noised-clip": "export_embeddings:export_noised_clip",
    "prior": "export_embeddings:export_prior",
    "ar-prior": "export_embeddings:export_ar_prior",
    "latent": "export_latent:export_latent",
    "dalle": "export_tokens:export_dalle",
    "parti": "export_tokens:export_parti",
}
"""Model -> `module:function` that writes it into the folder given."""


def main() -> int:
    """Export a model into the package, or into `--out`."""
    parser = argparse.ArgumentParser(prog="graph_engine_shapes.export", description=__doc__)
    parser.add_argument("name", choices=sorted(EXPORTS))
    parser.add_argument("--out", type=Path, default=MODELS, help="folder in which the model's folder is written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found(EXPORTS[options.name])(options.out / options.name)
    print(options.out / options.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
