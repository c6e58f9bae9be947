"""Which tiny models can be made, by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from graph_nodes.checkpoints.tiny import discrete, embeddings, flows, glide, openai, pixels, single_file, stable

__all__ = ["TINY", "make_tiny"]

TINY: Mapping[str, Callable[[Path], None]] = {
    "sd15": stable.sd15,
    "sd15-inpaint": stable.sd15_inpaint,
    "sd15-file": single_file.sd15_file,
    "sd21": stable.sd21,
    "sd2-inpaint": stable.sd2_inpaint,
    "sd21-file": single_file.sd21_file,
    "sdxl": stable.sdxl,
    "sdxl-inpaint": stable.sdxl_inpaint,
    "sdxl-refiner": stable.sdxl_refiner,
    "sdxl-file": single_file.sdxl_file,
    "sd-x4-upscaler": stable.upscaler_x4,
    "sd-x2-upscaler": stable.upscaler_x2,
    "sd3": flows.sd3,
    "sd3-file": single_file.sd3_file,
    "sd35": flows.sd35,
    "sd35-file": single_file.sd35_file,
    "flux-dev": flows.flux_dev,
    "flux-dev-file": single_file.flux_file,
    "flux-schnell": flows.flux_schnell,
    "flux-schnell-file": single_file.flux_schnell_file,
    "karlo": embeddings.karlo,
    "karlo-variations": embeddings.karlo_variations,
    "kandinsky-prior": embeddings.kandinsky_prior,
    "kandinsky": embeddings.kandinsky,
    "kandinsky-inpaint": embeddings.kandinsky_inpaint,
    "adm-file": openai.adm_file,
    "glide": glide.glide,
    "dalle": discrete.dalle,
    "dalle-bart": discrete.dalle_bart,
    "dalle-t5": discrete.dalle_t5,
    "clip": discrete.clip,
    "if-1": pixels.if_one,
    "if-2": pixels.if_two,
}


def make_tiny(family: str, folder: Path, seed: int = 0) -> None:
    """Write a tiny model of a family into a new folder; the same seed gives the same weights."""
    import torch

    folder.parent.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
        try:
            TINY[family](unfinished)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
