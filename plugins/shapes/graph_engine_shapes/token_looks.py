"""What the token models draw by now, by the judge: a first attempt, and the best of eight by CLIP (Ramesh et al.)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import VQModel
from torch import Tensor
from transformers import CLIPModel, GPT2LMHeadModel, T5EncoderModel

from graph_engine_shapes import alignment, checkpoint, networks, t5_text_task, tokenizer
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.token_task import START, TEXT_OFFSET, load_dalle, load_vq, load_writer, pictures_of
from graph_engine_shapes.unclip_task import embed_pictures, load_clip

SCALE, TEMPERATURE, TOP_P = 2.0, 1.0, 0.95
CANDIDATES = 8

Begin = Callable[[list[str]], dict[str, Tensor]]
"""Prompts -> what the transformer is called with before the first image token."""


def load_parti(folder: Path) -> tuple[GPT2LMHeadModel, checkpoint.Counters]:
    """The averaged decoder of the training `parti`, and how far it had come."""
    return load_writer(networks.parti_decoder(), folder)


def dalle_begin(prompts: list[str]) -> dict[str, Tensor]:
    """DALL-E reads the captions' ids in front of the image's."""
    return {"input_ids": tokenizer.encode(prompts) + TEXT_OFFSET}


def parti_begin(t5: T5EncoderModel) -> Begin:
    """Parti reads its start token, and looks at the states of the captions."""

    def begin(prompts: list[str]) -> dict[str, Tensor]:
        start = torch.full((len(prompts), 1), START)
        return {"input_ids": start, "encoder_hidden_states": t5_text_task.encode(t5, prompts)}

    return begin


@torch.no_grad()
def write(
    net: GPT2LMHeadModel,
    begin: Begin,
    prompts: list[str],
    seed: int,
    scale: float = SCALE,
    temperature: float = TEMPERATURE,
    top_p: float = TOP_P,
) -> Tensor:
    """Ids (B, 64) after prompts, by guidance on the logits; core.generate_tokens is the engine's own."""
    generator = torch.Generator().manual_seed(seed)
    given = begin([""] * len(prompts) + prompts)
    looked_at = {name: value for name, value in given.items() if name != "input_ids"}
    out = net(**given, use_cache=True)
    ids = torch.empty(len(prompts), 0, dtype=torch.long)
    for _ in range(networks.GRID**2):
        without, conditional = out.logits[:, -1, : networks.CODES].float().chunk(2)
        drawn = _draw((without + scale * (conditional - without)) / temperature, top_p, generator)
        ids = torch.cat([ids, drawn], dim=1)
        if ids.shape[1] < networks.GRID**2:
            out = net(input_ids=drawn.repeat(2, 1), past_key_values=out.past_key_values, use_cache=True, **looked_at)
    return ids


def _draw(logits: Tensor, top_p: float, generator: torch.Generator) -> Tensor:
    """One id (B, 1) of each row among the likeliest that hold `top_p` together (Holtzman et al. 2019)."""
    ranked, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    ranked = ranked * (ranked.cumsum(dim=-1) - ranked < top_p)
    return order.gather(1, torch.multinomial(ranked, 1, generator=generator))


def best_of(clip: CLIPModel, prompts: list[str], pictures: Tensor) -> Tensor:
    """(B, 3, 32, 32): for each prompt the one of its pictures (B, C, 3, 32, 32) in [0, 1] that CLIP finds closest."""
    text = clip.get_text_features(input_ids=tokenizer.encode(prompts)).pooler_output
    image = embed_pictures(clip, pictures.flatten(0, 1) * 2 - 1).view(*pictures.shape[:2], -1)
    return pictures[torch.arange(len(prompts)), torch.einsum("bcd,bd->bc", image, text).argmax(dim=1)]


def look(
    net: GPT2LMHeadModel, begin: Begin, counters: checkpoint.Counters, trainings: Path, n: int, **drawing: float
) -> Row:
    """A line of the log, from `n` fresh prompts of each kind; `drawing` are settings of `write`."""
    vq, clip = load_vq(trainings / "vq")[0], load_clip(trainings / "clip")
    first, best = {}, {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts = alignment.fresh_prompts(n, two, seed)
        pictures = candidates(net, begin, vq, prompts, seed, **drawing)
        first[two] = alignment.verdicts(pictures[:, 0], prompts)
        best[two] = alignment.verdicts(best_of(clip, prompts, pictures), prompts)
    row = alignment.picture_row(counters, first[False], first[True])
    row |= {"one_best_of_8": alignment.mean(best[False], "obeyed")}
    return row | {"two_best_of_8": alignment.mean(best[True], "objects")}


def candidates(
    net: GPT2LMHeadModel, begin: Begin, vq: VQModel, prompts: list[str], seed: int, **drawing: float
) -> Tensor:
    """(B, CANDIDATES, 3, 32, 32) in [0, 1]."""
    repeated = [prompt for prompt in prompts for _ in range(CANDIDATES)]
    made = pictures_of(vq, write(net, begin, repeated, seed, **drawing)) / 2 + 0.5
    return made.clamp(0, 1).unflatten(0, (len(prompts), CANDIDATES))


def look_dalle(folder: Path, n: int) -> Row:
    """What DALL-E's averaged weights write by now for fresh prompts."""
    return look(*_with(dalle_begin, load_dalle(folder)), folder.parent, n)


def look_parti(folder: Path, n: int) -> Row:
    """What Parti's averaged weights write by now for fresh prompts."""
    t5 = t5_text_task.load_t5(folder.parent / "imagen-text")
    return look(*_with(parti_begin(t5), load_parti(folder)), folder.parent, n)


def _with(
    begin: Begin, loaded: tuple[GPT2LMHeadModel, checkpoint.Counters]
) -> tuple[GPT2LMHeadModel, Begin, checkpoint.Counters]:
    return loaded[0], begin, loaded[1]
