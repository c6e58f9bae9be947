"""Latent diffusion as a model folder: the autoencoder with its measured scaling factor, and the U-Net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from graph_engine_shapes import checkpoint, latent_task, networks
from graph_engine_shapes.drawing import render
from graph_engine_shapes.export import card, copy_logs, denoiser, glide_parts, save_half, write_json
from graph_engine_shapes.training import folder_of

SPACE = "shapes-vae"


def preview_map(latents: Tensor, pictures: Tensor) -> dict[str, Any]:
    """The linear map from latents (B, 4, h, w) that comes nearest to pictures (B, 3, h, w) in [0, 1]."""
    z, x = (tensor.permute(0, 2, 3, 1).flatten(0, 2) for tensor in (latents, pictures))
    fitted = torch.linalg.lstsq(torch.cat([z, torch.ones(len(z), 1)], dim=1), x).solution
    rounded = [[round(float(value), 4) for value in row] for row in fitted.T]
    return {"matrix": [row[:-1] for row in rounded], "bias": [row[-1] for row in rounded]}


def export_latent(target: Path) -> None:
    """Write shapes/latent from the trainings vae and latent."""
    target.mkdir(parents=True, exist_ok=True)
    weights, counters = checkpoint.averaged(folder_of("latent"))
    unet = networks.latent_unet()
    unet.load_state_dict(weights)
    vae = latent_task.load_vae(folder_of("vae"))
    scenes, latents = latent_task.pool(vae, folder_of("vae"))
    some = torch.arange(500)
    small = functional.avg_pool2d(render(scenes.take(some), networks.UPSAMPLED_SIZE), 4)
    save_half(unet, target / "unet")
    save_half(vae, target / "vae")
    autoencoder = {
        "kind": "VAE",
        "class": "AutoencoderKL",
        "folder": "vae",
        "space": SPACE,
        "channels": networks.LATENT_CHANNELS,
        "factor": 4,
    }
    ours = {"channels": networks.LATENT_CHANNELS, "space": SPACE, "scheduler": "../glide/scheduler"}
    parts = {
        "text_encoder": glide_parts()["text_encoder"]
        | {"folder": "../glide/text_encoder", "tokenizer": "../glide/tokenizer"},
        "denoiser": denoiser("unet", 16, 1, ["text"], 25, 4.0) | ours | {"preview": preview_map(latents[some], small)},
        "vae": autoencoder,
    }
    title = "Latent diffusion on the shapes world: 64x64 by way of 16x16x4"
    write_json(target / "model.json", {"format": 1, "family": "latent", "title": title, "parts": parts})
    trainings = {"vae": checkpoint.averaged(folder_of("vae"))[1], "latent": counters}
    write_json(target / "card.json", card(title, trainings))
    copy_logs(target, trainings)
