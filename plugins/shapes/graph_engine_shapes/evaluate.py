"""The final figures of the shipped weights, such as how many prompts shapes/glide obeys.

`python -m graph_engine_shapes.evaluate` draws 256 one-object and 256 two-object prompts, once from the combinations of
attributes that training saw and once from the tenth that it never saw, with guidance 1 and 3, and writes the figures
into the model's folder: evaluation.csv, and card.json with the recipe. The other models are measured likewise, each
on what it is for: see EVALUATIONS.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPModel, CLIPTextModelWithProjection

from graph_engine_shapes import sampling
from graph_engine_shapes.alignment import clip_figures, fresh_prompts, mean, verdicts
from graph_engine_shapes.clip_task import ClipReader
from graph_engine_shapes.export import MODELS
from graph_engine_shapes.recipes import found
from graph_engine_shapes.scenes import HeldOut

ATTRIBUTES = ("obeyed", "objects", "everything", "count", "colour", "shape", "size", "relation", "background")
HELD: dict[str, HeldOut] = {"rest": "exclude", "held_out": "only"}
BATCH = 64
SEED = 20_000_000
"""Far above every seed that watching a training uses."""


class Shipped:
    """The exported model, in fp32."""

    def __init__(self, folder: Path) -> None:
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval()
        self.text = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
        self.upsampler = None
        if (folder / "upsampler").exists():
            self.upsampler = UNet2DConditionModel.from_pretrained(
                folder / "upsampler", torch_dtype=torch.float32
            ).eval()

    def pictures(self, prompts: list[str], seed: int, steps: int, scale: float) -> tuple[Tensor, Tensor | None]:
        """The base's pictures (B, 3, 32, 32) in [0, 1], and the upsampler's (B, 3, 64, 64)."""
        low, high = [], []
        for start in range(0, len(prompts), BATCH):
            some = prompts[start : start + BATCH]
            seeds = list(range(seed + start, seed + start + len(some)))
            low.append(sampling.generate(self.unet, self.text, some, seeds, steps, scale))
            if self.upsampler is not None and scale > 1:
                high.append(sampling.upsample(self.upsampler, self.text, some, seeds, low[-1]))
        return torch.cat(low), torch.cat(high) if high else None


def figures(model: Shipped, n: int, steps: int) -> list[dict[str, Any]]:
    """One row for each kind of prompt, guidance scale and size."""
    rows: list[dict[str, Any]] = []
    cases = [(objects, held, scale) for objects in (1, 2) for held in HELD for scale in (1.0, 3.0)]
    for objects, held, scale in tqdm(cases, desc="evaluating"):
        seed = SEED + 1000 * objects + 100_000 * (held == "held_out")
        prompts = fresh_prompts(n, objects == 2, seed, HELD[held])
        for pictures in model.pictures(prompts, seed, steps, scale):
            if pictures is not None:
                facts = {"objects_asked": objects, "combinations": held, "guidance": scale}
                facts["resolution"] = pictures.shape[-1]
                seen = verdicts(pictures, prompts)
                rows.append(facts | {"prompts": n} | {name: mean(seen, name) for name in ATTRIBUTES})
    return rows


def headline(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The figures that the project promises, at 32x32: one object obeyed, two objects right; scale 3 and 1."""
    out = {}
    for row in rows:
        if row["resolution"] == 32:
            name = "one_object" if row["objects_asked"] == 1 else "two_objects"
            key = f"{name}_{row['combinations']}_guidance_{row['guidance']:g}"
            out[key] = row["obeyed" if row["objects_asked"] == 1 else "objects"]
    return out


def evaluate_glide(folder: Path, n: int, steps: int) -> dict[str, Any]:
    """The figures of shapes/glide; every one of them also goes into evaluation.csv."""
    rows = figures(Shipped(folder), n, steps)
    write_rows(folder, rows)
    return {"steps": steps, "prompts_each": n, "headline": headline(rows), "rows": rows}


def evaluate_clip(folder: Path, n: int, steps: int) -> dict[str, Any]:
    """The figures of shapes/clip: top-1 among n captions, and each kind of false caption refused."""
    reader = ClipReader()
    reader.clip = CLIPModel.from_pretrained(folder / "clip", dtype=torch.float32)
    rows = [{"combinations": held} | clip_figures(reader.eval(), n, SEED, HELD[held]) for held in HELD]
    write_rows(folder, rows)
    return {"pictures_each": n, "rows": rows}


def write_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write a model's evaluation.csv."""
    with (folder / "evaluation.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


EVALUATIONS = {
    "glide": "evaluate:evaluate_glide",
    "clip": "evaluate:evaluate_clip",
    "glide-inpaint": "evaluate_pixels:evaluate_inpaint",
    "unclip": "evaluate_pixels:evaluate_unclip",
    "imagen": "evaluate_pixels:evaluate_imagen",
    "adm": "evaluate_pixels:evaluate_adm",
    "classifier": "evaluate_embeddings:evaluate_classifier",
    "noised-clip": "evaluate_embeddings:evaluate_noised_clip",
    "prior": "evaluate_embeddings:evaluate_prior",
    "ar-prior": "evaluate_embeddings:evaluate_ar_prior",
    "latent": "evaluate_latent:evaluate_latent",
    "dalle": "evaluate_tokens:evaluate_dalle",
    "parti": "evaluate_tokens:evaluate_parti",
}
"""Model -> `module:function` that measures it: of its folder, the prompts of each kind, and the DDIM steps."""


def main() -> int:
    """Evaluate a model of the package, or of `--models`."""
    parser = argparse.ArgumentParser(prog="graph_engine_shapes.evaluate", description=__doc__)
    parser.add_argument("name", choices=sorted(EVALUATIONS), nargs="?", default="glide")
    parser.add_argument("--models", type=Path, default=MODELS, help="the folder that the model's folder lies in")
    parser.add_argument("--prompts", type=int, default=256, help="prompts of each kind")
    parser.add_argument("--steps", type=int, default=20, help="DDIM steps of the base")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.models / options.name
    measured = found(EVALUATIONS[options.name])(folder, options.prompts, options.steps)
    path = folder / "card.json"
    card = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(card | {"evaluation": measured}, indent=2) + "\n")
    print(json.dumps(measured.get("headline", measured["rows"]), indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
