"""What the priors' embeddings are worth: how near they come to true ones, and what CLIP's own heads read from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import PriorTransformer
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, GPT2LMHeadModel

from graph_engine_shapes import checkpoint, diffusion, networks
from graph_engine_shapes.alignment import Row
from graph_engine_shapes.captions import caption, describe, seeded
from graph_engine_shapes.clip_task import ClipReader
from graph_engine_shapes.drawing import render
from graph_engine_shapes.prior_task import ArPriorTask, load_ar_prior, load_prior, read_text
from graph_engine_shapes.sampling import noise
from graph_engine_shapes.scenes import HeldOut, Scenes, random_scenes, scenes_of
from graph_engine_shapes.text_task import CLASSES, targets
from graph_engine_shapes.unclip_task import embed_pictures

READ = {"shape": (0, 3), "colour": (1, 4), "size": (2, 5), "axis": (6,), "background": (7,)}
"""Attribute -> its heads among CLASSES. Objects are ordered by place: a wrong order is a wrong shape or colour."""
LOOK_SCALE, LOOK_STEPS = 2.0, 12


@dataclass(frozen=True)
class Asked:
    """Captions that say everything, and what an embedding of each should be."""

    texts: list[str]
    meant: Tensor
    """(B, 8) the classes of CLASSES that each means."""
    true: Tensor
    """(B, 128) the unit embedding of a picture of each."""
    another: Tensor
    """(B, 128) the same for another picture of each: as near as a sample can come."""


def load_reader(folder: Path) -> ClipReader:
    """CLIP with its heads, out of the training `clip`."""
    weights, _ = checkpoint.averaged(folder)
    reader = ClipReader()
    reader.load_state_dict(weights)
    return reader.eval().requires_grad_(False)


def asked(clip: CLIPModel, n: int, seed: int, held: HeldOut = "any") -> Asked:
    """`n` fresh captions, half of them of two objects."""
    scenes = random_scenes(n, torch.Generator().manual_seed(seed), two=0.5, held=held)
    wanted = [describe(scenes, i) for i in range(n)]
    again = Scenes.join([scenes_of(w, 1, torch.Generator().manual_seed(seed + i)) for i, w in enumerate(wanted)])
    true, another = (embed_pictures(clip, render(each, networks.BASE_SIZE) * 2 - 1) for each in (scenes, again))
    texts = [caption(w, seeded(seed + i)) for i, w in enumerate(wanted)]
    return Asked(texts, torch.tensor([targets(w) for w in wanted]), true, another)


@torch.no_grad()
def sample(model: PriorTransformer, clip: CLIPModel, texts: list[str], seed: int, steps: int, scale: float) -> Tensor:
    """(B, 128) unit embeddings by the diffusion prior; embedding k starts from the noise of seed + k."""
    states, pooled = read_text(clip, [""] * len(texts) + texts)

    def predict(x: Tensor, t: Tensor) -> Tensor:
        told = {"proj_embedding": pooled, "encoder_hidden_states": states}
        return model(x.flatten(1), timestep=t, **told, return_dict=False)[0].view(x.shape)

    x = noise(list(range(seed, seed + len(texts))), networks.TEXT_WIDTH, 1, 1)
    bars = networks.scheduler().alphas_cumprod
    x0 = diffusion.ddim(diffusion.guided(predict, scale), x, bars, steps, clip=False)
    return functional.normalize(model.post_process_latents(x0.flatten(1)), dim=-1)


@torch.no_grad()
def write(
    model: GPT2LMHeadModel, quantizer: dict[str, Tensor], clip: CLIPModel, texts: list[str], seed: int, scale: float
) -> Tensor:
    """(B, 128) unit embeddings by the autoregressive prior, guided on the logits."""
    states, pooled = read_text(clip, [""] * len(texts) + texts)
    generator = torch.Generator().manual_seed(seed)
    given, cache, ids = torch.cat([states, pooled[:, None]], dim=1), None, []
    for _ in range(networks.PRIOR_TOKENS):
        out = model(inputs_embeds=given, past_key_values=cache, use_cache=True)
        without, told = out.logits[:, -1].chunk(2)
        chosen = torch.multinomial((without + scale * (told - without)).softmax(-1), 1, generator=generator)
        ids.append(chosen)
        given, cache = model.get_input_embeddings()(chosen).repeat(2, 1, 1), out.past_key_values
    levels = quantizer["levels"][torch.arange(networks.PRIOR_TOKENS), torch.cat(ids, dim=1)]
    return functional.normalize(quantizer["mean"] + levels @ quantizer["components"], dim=-1)


@torch.no_grad()
def worth(reader: ClipReader, made: Tensor, of: Asked) -> Row:
    """Cosine to the true embedding, top-1 among all true ones, and the shares read right, everything last."""
    parts = reader.heads["image"](10 * made).split(CLASSES, dim=-1)
    right = torch.stack([part.argmax(dim=-1) for part in parts], dim=1) == of.meant
    row = {
        "cosine": (made * of.true).sum(dim=1),
        "top1": (made @ of.true.T).argmax(dim=1) == torch.arange(len(made)),
        **{name: right[:, heads].all(dim=1) for name, heads in READ.items()},
        "everything": right.all(dim=1),
    }
    return {name: round(float(values.float().mean()), 4) for name, values in row.items()}


def look_prior(folder: Path, n: int) -> Row:
    """How near the diffusion prior's embeddings come to true ones, and what is read from them."""
    model, counters = load_prior(folder)
    reader = load_reader(folder.parent / "clip")
    of = asked(reader.clip, 4 * n, 1000 * counters.step)
    made = sample(model, reader.clip, of.texts, 1, LOOK_STEPS, LOOK_SCALE)
    return _so_far(counters) | worth(reader, made, of)


def look_ar_prior(folder: Path, n: int) -> Row:
    """How near the autoregressive prior's embeddings come to true ones, and what is read from them."""
    model, counters = load_ar_prior(folder)
    reader = load_reader(folder.parent / "clip")
    of = asked(reader.clip, 4 * n, 1000 * counters.step)
    quantizer = ArPriorTask(folder.parent / "clip").quantizer
    return _so_far(counters) | worth(reader, write(model, quantizer, reader.clip, of.texts, 1, LOOK_SCALE), of)


def _so_far(counters: checkpoint.Counters) -> Row:
    return {"minutes": round(counters.minutes, 2), "pictures": counters.pictures}
