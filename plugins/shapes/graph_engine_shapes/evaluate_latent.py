"""The final figures of latent diffusion, from its shipped weights: the autoencoder alone, and prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import latent_task, networks
from graph_engine_shapes.alignment import fresh_prompts, mean, verdicts
from graph_engine_shapes.captions import random_captions, seeded
from graph_engine_shapes.drawing import render
from graph_engine_shapes.evaluate import ATTRIBUTES, write_rows
from graph_engine_shapes.evaluate_pixels import CASES, HELD_OUT, Row, load, parts
from graph_engine_shapes.scenes import random_scenes


def evaluate_latent(folder: Path, n: int, steps: int) -> Row:
    """shapes/latent on combinations that no training has seen, at guidance 4."""
    vae: Any = load(folder / "vae", AutoencoderKL)
    unet = load(folder / "unet", UNet2DConditionModel)
    text = load(folder.parent / "glide" / "text_encoder", CLIPTextModelWithProjection)
    rows: list[Row] = []
    for objects, seed in tqdm(CASES, desc="evaluating"):
        scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(objects == 2), held=HELD_OUT)
        shown = random_captions(scenes, seeded(seed), keep=1.0)
        pictures = render(scenes, networks.UPSAMPLED_SIZE) * 2 - 1
        with torch.no_grad():
            back = torch.cat([vae(pictures[p]).sample for p in parts(n)]) / 2 + 0.5
        rows.append(_row("autoencoder alone", objects, back, shown))
        prompts = fresh_prompts(n, objects == 2, seed, HELD_OUT)
        seeds = list(range(seed, seed + n))
        made = [latent_task.draw(unet, vae, text, prompts[p], seeds[p], steps, 4.0) for p in parts(n)]
        rows.append(_row("from prompts", objects, torch.cat(made), prompts))
    write_rows(folder, rows)
    headline = {
        "autoencoder_all_right": min(row["everything"] for row in rows[::2]),
        "one_object": rows[1]["obeyed"],
        "two_objects": rows[3]["objects"],
    }
    return {"steps": steps, "guidance": 4.0, "headline": headline, "rows": rows}


def _row(what: str, objects: int, pictures: Tensor, wanted: list[str]) -> Row:
    seen = verdicts(pictures, wanted)
    return {"what": what, "objects_asked": objects, "prompts": len(wanted)} | {a: mean(seen, a) for a in ATTRIBUTES}
