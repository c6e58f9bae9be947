"""The final figures of the token models, from their shipped weights: a first attempt, and CLIP's best of eight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import VQModel
from tqdm import tqdm
from transformers import CLIPModel, GPT2LMHeadModel, T5EncoderModel

from graph_engine_shapes import looks, networks, token_looks
from graph_engine_shapes.alignment import fresh_prompts, mean, verdicts
from graph_engine_shapes.evaluate import ATTRIBUTES, BATCH, HELD, SEED, write_rows
from graph_engine_shapes.token_looks import Begin

Row = dict[str, Any]
CASES = [(objects, held, SEED + 1000 * objects + 100_000 * (held == "held_out")) for objects in (1, 2) for held in HELD]
"""(objects asked for, combinations of attributes, seed) of each set of prompts."""
KEPT = {"first": "the first", "best_of_8": "CLIP's best of 8"}


def evaluate_dalle(folder: Path, n: int, steps: int) -> Row:
    """shapes/dalle, and how many pictures are still read right after its discrete autoencoder. `steps`: unused."""
    vq = VQModel.from_pretrained(folder / "image_tokenizer", torch_dtype=torch.float32).eval()
    net = GPT2LMHeadModel.from_pretrained(folder / "transformer", dtype=torch.float32).eval()
    found = _evaluate(folder, net, token_looks.dalle_begin, vq, n)
    one, two = looks.reconstructed(vq, n, networks.BASE_SIZE, SEED)
    return found | {"reconstructed": {"one_object": mean(one, "obeyed"), "two_objects": mean(two, "objects")}}


def evaluate_parti(folder: Path, n: int, steps: int) -> Row:
    """shapes/parti at 32x32. `steps`: unused."""
    shared = folder.parent
    vq = VQModel.from_pretrained(shared / "dalle" / "image_tokenizer", torch_dtype=torch.float32).eval()
    t5 = T5EncoderModel.from_pretrained(shared / "imagen" / "text_encoder", dtype=torch.float32).eval()
    net = GPT2LMHeadModel.from_pretrained(folder / "decoder", dtype=torch.float32).eval()
    return _evaluate(folder, net, token_looks.parti_begin(t5), vq, n)


def _evaluate(folder: Path, net: GPT2LMHeadModel, begin: Begin, vq: VQModel, n: int) -> Row:
    clip = CLIPModel.from_pretrained(folder.parent / "clip" / "clip", dtype=torch.float32).eval()
    rows, headline = [], {}
    for objects, held, seed in tqdm(CASES, desc="evaluating"):
        prompts = fresh_prompts(n, objects == 2, seed, HELD[held])
        for scale in (1.0, token_looks.SCALE):
            drawn: dict[str, list[torch.Tensor]] = {kept: [] for kept in KEPT}
            for start in range(0, n, BATCH):
                some = prompts[start : start + BATCH]
                pictures = token_looks.candidates(net, begin, vq, some, seed + start, scale=scale)
                drawn["first"].append(pictures[:, 0])
                drawn["best_of_8"].append(token_looks.best_of(clip, some, pictures))
            for kept, made in drawn.items():
                seen = verdicts(torch.cat(made), prompts)
                facts = {"objects_asked": objects, "combinations": held, "guidance": scale, "kept": KEPT[kept]}
                rows.append(facts | {"prompts": n} | {name: mean(seen, name) for name in ATTRIBUTES})
                key = f"{'one_object' if objects == 1 else 'two_objects'}_{held}_guidance_{scale:g}_{kept}"
                headline[key] = rows[-1]["obeyed" if objects == 1 else "objects"]
    write_rows(folder, rows)
    drawing = {"temperature": token_looks.TEMPERATURE, "top_p": token_looks.TOP_P}
    return drawing | {"prompts_each": n, "headline": headline, "rows": rows}
