"""The final figures of what reads noised pictures and of what makes CLIP's embeddings, from the shipped weights."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from diffusers import PriorTransformer
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPForImageClassification, CLIPModel, CLIPVisionModelWithProjection, GPT2LMHeadModel

from graph_engine_shapes import networks, prior_looks
from graph_engine_shapes.alignment import fresh_prompts
from graph_engine_shapes.drawing import render
from graph_engine_shapes.evaluate import HELD, SEED, write_rows
from graph_engine_shapes.evaluate_pixels import load
from graph_engine_shapes.noised_task import TIMES, class_of, noised
from graph_engine_shapes.prior_looks import Asked
from graph_engine_shapes.prior_task import read_text
from graph_engine_shapes.scenes import random_scenes
from graph_engine_shapes.training import folder_of

Row = dict[str, Any]
SCALES = (1.0, 2.0, 4.0)
STEP = 0.5
"""Length of the step along the gradient, pictures being in [-1, 1]: 0.009 a value."""


def evaluate_classifier(folder: Path, n: int, steps: int) -> Row:
    """shapes/classifier by timestep: the class found, and what a step along the gradient does. `steps`: unused."""
    model = load(folder / "classifier", CLIPForImageClassification)
    rows = []
    for held in HELD:
        scenes = random_scenes(n, torch.Generator().manual_seed(SEED), two=0.0, held=HELD[held])
        pictures, wanted = render(scenes, networks.BASE_SIZE) * 2 - 1, class_of(scenes)
        other = (wanted + 1) % model.config.num_labels
        for t in TIMES:
            x = noised(pictures, torch.full((n,), t), torch.Generator().manual_seed(t))
            with torch.no_grad():
                found = model(pixel_values=x).logits.argmax(dim=1) == wanted
            row = {"combinations": held, "timestep": t, "pictures": n, "right": _share(found)}
            rows.append(row | {"towards_another_class": _share(climbs(model, x, other))})
    return _summary(folder, rows, {f"right_{r['combinations']}_at_{r['timestep']}": r["right"] for r in rows})


def climbs(model: nn.Module, x: Tensor, wanted: Tensor) -> Tensor:
    """(B,) whether a step along its gradient raises log p(wanted | x_t)."""

    def log_p(x: Tensor) -> Tensor:
        return model(pixel_values=x).logits.log_softmax(dim=-1).gather(1, wanted[:, None])[:, 0]

    x = x.detach().requires_grad_()
    before = log_p(x)
    (gradient,) = torch.autograd.grad(before.sum(), x)
    gradient[:, 3] = 0
    with torch.no_grad():
        return log_p(x + STEP * functional.normalize(gradient.flatten(1), dim=1).view(x.shape)) > before


@torch.no_grad()
def evaluate_noised_clip(folder: Path, n: int, steps: int) -> Row:
    """shapes/noised-clip by timestep: the right one of n captions. `steps`: unused."""
    model = load(folder / "image_tower", CLIPVisionModelWithProjection)
    clip = load(folder.parent / "clip" / "clip", CLIPModel)
    rows = []
    for held in HELD:
        scenes = random_scenes(n, torch.Generator().manual_seed(SEED), two=1.0, held=HELD[held])
        _, points = read_text(clip, fresh_prompts(n, True, SEED, HELD[held]))
        pictures, text = render(scenes, networks.BASE_SIZE) * 2 - 1, functional.normalize(points, dim=-1)
        for t in TIMES:
            x = noised(pictures, torch.full((n,), t), torch.Generator().manual_seed(t))
            found = (model(pixel_values=x).image_embeds @ text.T).argmax(dim=1) == torch.arange(n)
            rows.append({"combinations": held, "timestep": t, "captions": n, "top1": _share(found)})
    return _summary(folder, rows, {f"top1_{r['combinations']}_at_{r['timestep']}": r["top1"] for r in rows})


def evaluate_prior(folder: Path, n: int, steps: int) -> Row:
    """shapes/prior by guidance, beside the text's own point, the true embedding and that of another true picture."""
    model = load(folder / "prior", PriorTransformer)
    model.clip_mean.data, model.clip_std.data = model.clip_mean.data.float(), model.clip_std.data.float()

    def made(clip: CLIPModel, of: Asked, scale: float) -> Tensor:
        return prior_looks.sample(model, clip, of.texts, SEED, steps, scale)

    return _evaluate(folder, n, "diffusion prior", model, made) | {"steps": steps}


def evaluate_ar_prior(folder: Path, n: int, steps: int) -> Row:
    """shapes/ar-prior likewise. `steps`: unused."""
    model = load(folder / "transformer", GPT2LMHeadModel)
    stored = load_file(folder / "quantizer" / "quantizer.safetensors")
    quantizer = {name: values.float() for name, values in stored.items()}

    def made(clip: CLIPModel, of: Asked, scale: float) -> Tensor:
        return prior_looks.write(model, quantizer, clip, of.texts, SEED, scale)

    return _evaluate(folder, n, "autoregressive prior", model, made)


def _evaluate(folder: Path, n: int, title: str, model: nn.Module, made: Any) -> Row:
    clip = load(folder.parent / "clip" / "clip", CLIPModel)
    reader = prior_looks.load_reader(folder_of("clip"))
    rows, seconds = [], 0.0
    for held in HELD:
        of = prior_looks.asked(clip, n, SEED, HELD[held])
        text = functional.normalize(read_text(clip, of.texts)[1], dim=-1)
        given = {"the true embedding": of.true, "another picture's": of.another, "the text's own": text}
        for scale in SCALES:
            began = time.process_time()
            given[f"{title}, guidance {scale:g}"] = made(clip, of, scale)
            seconds += (time.process_time() - began) / n / len(SCALES) / len(HELD)
        for name, embeddings in given.items():
            rows.append({"combinations": held, "embedding": name, "captions": n})
            rows[-1] |= prior_looks.worth(reader, embeddings, of)
    figures = ("cosine", "everything")
    headline = {f"{r['combinations']}, {r['embedding']}, {name}": r[name] for r in rows for name in figures}
    cost = {"parameters": sum(p.numel() for p in model.parameters()), "processor_seconds_each": round(seconds, 5)}
    return cost | _summary(folder, rows, headline)


def _share(right: Tensor) -> float:
    return round(float(right.float().mean()), 4)


def _summary(folder: Path, rows: list[Row], headline: Row) -> Row:
    write_rows(folder, rows)
    return {"headline": headline, "rows": rows}
