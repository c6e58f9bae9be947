"""The final figures of the models derived from GLIDE, from their shipped weights.

They are asked only for combinations of attributes that no training has seen; GLIDE's own figures show how little
harder those are than the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel, UNet2DModel
from torch import Tensor, nn
from tqdm import tqdm
from transformers import CLIPModel, CLIPTextModelWithProjection, T5EncoderModel

from graph_engine_shapes import adm_task, edits, imagen_task, judging, looks, networks, t5_text_task
from graph_engine_shapes.alignment import fresh_prompts, mean, verdicts
from graph_engine_shapes.drawing import render
from graph_engine_shapes.edits import Edits
from graph_engine_shapes.evaluate import ATTRIBUTES, BATCH, SEED, write_rows
from graph_engine_shapes.sampling import upsample
from graph_engine_shapes.scenes import HeldOut, random_scenes
from graph_engine_shapes.unclip_task import embed_pictures
from graph_engine_shapes.upsampling_task import LOOK_LEVEL, enlarge

Row = dict[str, Any]
CASES = [(objects, SEED + 1000 * objects + 100_000) for objects in (1, 2)]
"""(objects asked for, seed) of each set of prompts."""
HELD_OUT: HeldOut = "only"


def load(folder: Path, kind: Any) -> Any:
    """A shipped network in fp32."""
    diffusers = issubclass(kind, UNet2DConditionModel | UNet2DModel)
    dtype = {"torch_dtype" if diffusers else "dtype": torch.float32}
    return kind.from_pretrained(folder, **dtype).eval()


def parts(n: int) -> list[slice]:
    """Batches of n rows."""
    return [slice(start, min(start + BATCH, n)) for start in range(0, n, BATCH)]


def _row(facts: Row, pictures: Tensor, wanted: list[str]) -> Row:
    seen = verdicts(pictures, wanted)
    return facts | {"resolution": pictures.shape[-1], "prompts": len(wanted)} | {a: mean(seen, a) for a in ATTRIBUTES}


def _summary(folder: Path, rows: list[Row], headline: dict[str, float], **facts: Any) -> Row:
    write_rows(folder, rows)
    return facts | {"headline": headline, "rows": rows}


def evaluate_unclip(folder: Path, n: int, steps: int) -> Row:
    """shapes/unclip on embeddings of true pictures: alone, and with the caption."""
    glide = folder.parent / "glide"
    unet, text = load(folder / "unet", UNet2DConditionModel), load(glide / "text_encoder", CLIPTextModelWithProjection)
    clip = load(folder.parent / "clip" / "clip", CLIPModel)
    first, second = load(glide / "upsampler", UNet2DConditionModel), load(folder / "second_upsampler", UNet2DModel)
    rows, headline = [], {}
    for objects, seed in tqdm(CASES, desc="evaluating"):
        prompts, pictures = _true(n, objects, seed)
        z = embed_pictures(clip, pictures) * networks.EMBEDDING_SCALE
        for told in ("embedding", "embedding and caption"):
            asked = [""] * n if told == "embedding" else prompts
            seeds = list(range(seed, seed + n))
            low = torch.cat([looks.decode(unet, text, asked[p], z[p], seeds[p], steps, 3.0) for p in parts(n)])
            made = {32: low}
            if told == "embedding and caption":
                made[64] = torch.cat([upsample(first, text, prompts[p], seeds[p], low[p]) for p in parts(n)])
                made[128] = _enlarged(second, made[64], seeds, networks.SECOND_UNSHUFFLE)
            facts = {"objects_asked": objects, "combinations": "held_out", "told": told, "guidance": 3.0}
            rows += [_row(facts, some, prompts) for some in made.values()]
            key = f"{_count(objects)}_{told.replace(' and ', '_')}"
            headline[key] = _figure(rows[-len(made)], objects)
    return _summary(folder, rows, headline, steps=steps, prompts_each=n)


def evaluate_imagen(folder: Path, n: int, steps: int) -> Row:
    """shapes/imagen, every stage of its cascade, with guidance 1 and 3."""
    unet, t5 = load(folder / "unet", UNet2DConditionModel), load(folder / "text_encoder", T5EncoderModel)
    first = load(folder / "upsampler", UNet2DConditionModel)
    second = load(folder.parent / "unclip" / "second_upsampler", UNet2DModel)
    rows, headline = [], {}
    for objects, seed in tqdm(CASES, desc="evaluating"):
        prompts, seeds = fresh_prompts(n, objects == 2, seed, HELD_OUT), list(range(seed, seed + n))
        for scale in (1.0, 3.0):
            low = [imagen_task.draw(unet, t5, prompts[p], seeds[p], steps, scale) for p in parts(n)]
            made = {32: torch.cat(low)}
            if scale > 1:
                made[64] = _enlarged(first, made[32], seeds, networks.UPSAMPLER_UNSHUFFLE, (t5, prompts))
                made[128] = _enlarged(second, made[64], seeds, networks.SECOND_UNSHUFFLE)
            facts = {"objects_asked": objects, "combinations": "held_out", "guidance": scale}
            rows += [_row(facts, some, prompts) for some in made.values()]
            headline[f"{_count(objects)}_guidance_{scale:g}"] = _figure(rows[-len(made)], objects)
    return _summary(folder, rows, headline, steps=steps, prompts_each=n)


def evaluate_inpaint(folder: Path, n: int, steps: int) -> Row:
    """shapes/glide-inpaint on edits as people make them; the headline is how often the object is inside the mask."""
    unet = load(folder / "unet", UNet2DConditionModel)
    text = load(folder.parent / "glide" / "text_encoder", CLIPTextModelWithProjection)
    seed = SEED + 100_000
    cases = {
        "replace": edits.replacements(n, seed, HELD_OUT),
        "insert": edits.insertions(n, seed + 1000, held=HELD_OUT),
        "insert_named_alone": edits.insertions(n, seed + 2000, whole=False, held=HELD_OUT),
    }
    rows, headline = [], {}
    for name, case in tqdm(cases.items(), desc="evaluating"):
        seeds = list(range(seed, seed + n))
        made = torch.cat([edits.edit(unet, text, _some(case, p), seeds[p], steps) for p in parts(n)])
        seen = [judging.judge(s, w) for s, w in zip(judging.see(made), case.wanted, strict=True)]
        inside = edits.inside(made, case)
        facts = {"edit": name, "combinations": "held_out", "guidance": 3.0, "prompts": n, "inside": inside}
        rows.append(facts | {attribute: mean(seen, attribute) for attribute in ATTRIBUTES})
        headline[f"inside_{name}"] = inside
    return _summary(folder, rows, headline, steps=steps, prompts_each=n)


def evaluate_adm(folder: Path, n: int, steps: int) -> Row:
    """shapes/adm: the right class, without guidance and with classifier-free guidance."""
    unet = load(folder / "unet", UNet2DModel)
    labels = torch.arange(n) % adm_task.NULL_CLASS
    seeds = list(range(SEED, SEED + n))
    rows = []
    for scale in (1.0, 2.0):
        made = torch.cat([adm_task.draw(unet, labels[p], seeds[p], steps, scale) for p in parts(n)])
        rows.append({"guidance": scale, "pictures": n, "right_class": adm_task.right(made, labels)})
    headline = {f"right_class_guidance_{row['guidance']:g}": row["right_class"] for row in rows}
    return _summary(folder, rows, headline, steps=steps, pictures_each=n)


def _enlarged(
    unet: nn.Module, low: Tensor, seeds: list[int], unshuffle: int, read: tuple[T5EncoderModel, list[str]] | None = None
) -> Tensor:
    made = []
    for p in parts(len(low)):
        text = {} if read is None else {"encoder_hidden_states": t5_text_task.encode(read[0], read[1][p])}
        made.append(enlarge(unet, low[p], seeds[p], LOOK_LEVEL, unshuffle, **text))
    return torch.cat(made)


def _true(n: int, objects: int, seed: int) -> tuple[list[str], Tensor]:
    """The prompts of `fresh_prompts`, and a true picture (n, 3, 32, 32) in [-1, 1] of each."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(objects == 2), held=HELD_OUT)
    return fresh_prompts(n, objects == 2, seed, HELD_OUT), render(scenes, networks.BASE_SIZE) * 2 - 1


def _some(case: Edits, p: slice) -> Edits:
    return Edits(case.pictures[p], case.masks[p], case.prompts[p], case.wanted[p])


def _count(objects: int) -> str:
    return "one_object" if objects == 1 else "two_objects"


def _figure(row: Row, objects: int) -> float:
    return float(row["obeyed" if objects == 1 else "objects"])
