"""What the trainings beyond GLIDE's can do by now, for their logs: on fresh prompts and pictures, by the judge."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModelWithProjection

from graph_engine_shapes import alignment, captions, checkpoint, generation, networks, tokenizer
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.drawing import render
from graph_engine_shapes.judging import Verdict
from graph_engine_shapes.picture_task import load_text
from graph_engine_shapes.scenes import random_scenes
from graph_engine_shapes.unclip_task import embed_pictures, load_clip


def _fresh(n: int, two: bool, seed: int) -> tuple[list[str], Tensor]:
    """Prompts that say every attribute, and a true picture (n, 3, 32, 32) in [-1, 1] of each."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=float(two), held="any")
    prompts = captions.random_captions(scenes, captions.seeded(seed), keep=1.0)
    return prompts, render(scenes, networks.BASE_SIZE) * 2 - 1


def look_decoder(folder: Path, n: int, steps: int = 12, scale: float = 3.0) -> Row:
    """unCLIP's decoder on the embedding of a true picture: with its caption, and with the embedding alone."""
    weights, counters = checkpoint.averaged(folder)
    unet = networks.unclip_unet()
    unet.load_state_dict(weights)
    unet.eval().to(memory_format=torch.channels_last)
    text, clip = load_text(folder.parent / "glide-text"), load_clip(folder.parent / "clip")
    seen, alone = {}, {}
    for two in (False, True):
        seed = 1000 * counters.step + two
        prompts, pictures = _fresh(n, two, seed)
        embeddings = embed_pictures(clip, pictures) * networks.EMBEDDING_SCALE
        seeds = list(range(seed, seed + n))
        for told, verdicts in ((prompts, seen), ([""] * n, alone)):
            made = decode(unet, text, told, embeddings, seeds, steps, scale)
            verdicts[two] = alignment.verdicts(made, prompts)
    row = alignment.picture_row(counters, seen[False], seen[True])
    row |= {"one_by_embedding": alignment.mean(alone[False], "obeyed")}
    return row | {"two_by_embedding": alignment.mean(alone[True], "objects")}


@torch.no_grad()
def decode(
    unet: UNet2DConditionModel,
    text: CLIPTextModelWithProjection,
    prompts: list[str],
    embeddings: Tensor,
    seeds: list[int],
    steps: int,
    scale: float,
) -> Tensor:
    """(B, 3, 32, 32) pictures in [0, 1]; guidance pushes away from no caption and no embedding at once."""
    guided = scale != 1
    out = text(input_ids=tokenizer.encode([""] * len(prompts) * guided + prompts))
    predict = generation.told(
        unet,
        encoder_hidden_states=out.last_hidden_state,
        class_labels=out.text_embeds,
        added_cond_kwargs={"image_embeds": torch.cat([embeddings * 0, embeddings]) if guided else embeddings},
    )
    return generation.generate(predict, seeds, networks.BASE_SIZE, networks.BASE_UNSHUFFLE, steps, scale)


def look_vae(folder: Path, n: int) -> Row:
    """How many pictures the judge still reads right after the continuous autoencoder."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.vae()
    model.load_state_dict(weights)
    seen = reconstructed(model.eval(), n, networks.UPSAMPLED_SIZE, 1000 * counters.step)
    return alignment.picture_row(counters, *seen)


def look_vq(folder: Path, n: int) -> Row:
    """How many pictures the judge still reads right after the discrete autoencoder."""
    weights, counters = checkpoint.averaged(folder)
    model = networks.vq()
    model.load_state_dict(weights)
    seen = reconstructed(model.eval(), n, networks.BASE_SIZE, 1000 * counters.step)
    return alignment.picture_row(counters, *seen)


@torch.no_grad()
def reconstructed(model: nn.Module, n: int, size: int, seed: int) -> tuple[list[Verdict], list[Verdict]]:
    """The judge's word on what an autoencoder makes of `n` pictures with one object, and of `n` with two."""
    seen = []
    for two in (0, 1):
        scenes = random_scenes(n, torch.Generator().manual_seed(seed + two), two=float(two), held="any")
        prompts = captions.random_captions(scenes, captions.seeded(seed + two), keep=1.0)
        made = model(render(scenes, size) * 2 - 1).sample
        seen.append(alignment.verdicts(made.float() / 2 + 0.5, prompts))
    return seen[0], seen[1]
