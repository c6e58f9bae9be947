"""Models of DALL-E's kind beside transformers' own generate, and a CLIP beside its own forward pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

import torch
from graph_nodes.clip import clip_score
from graph_nodes.clip_towers import logit_scale
from graph_nodes.models import Model, load_model
from graph_nodes.science import clip_pictures
from graph_nodes.text import encode_text
from graph_nodes.tokens import decode_tokens, encode_tokens, generate_tokens
from torch import Tensor

from graph_engine import Image, TextEmbedding

from .bench import PARITY, PROMPT, Bench, Pair, Row, picture

__all__: list[str] = []

CODES, LENGTH = 64, 64
DRAWN = {"temperature": 0.7, "top_k": 20, "top_p": 0.9}


def published(bench: Bench, family: str, kind: str, name: str = "transformer") -> Any:
    """One network of a tiny model, as its library opens it."""
    import diffusers
    import transformers

    library = diffusers if hasattr(diffusers, kind) else transformers
    return getattr(library, kind).from_pretrained(bench.path(family) / name).eval()


class Inverse:
    """A processor behind transformers' own for temperature, top-k and top-p: of what they leave it keeps the one token
    that the cumulative distribution gives for a number of the seed's, as core.generate_tokens draws."""

    def __init__(self, first: int, seed: int) -> None:
        self.first = first
        self.uniform = torch.rand(LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        self.step = 0

    def __call__(self, ids: Tensor, scores: Tensor) -> Tensor:
        ends = scores[:, self.first : self.first + CODES].double().softmax(-1).cumsum(-1)
        token = self.first + int(torch.searchsorted(ends[0] / ends[0, -1], self.uniform[self.step], right=True))
        self.step += 1
        only = torch.full_like(scores, -torch.inf)
        only[:, token] = 0
        return only


def generated(network: Any, first: int, seed: int | None, **told: Any) -> Tensor:
    """Codes by transformers' loop: the likeliest, or drawn with a seed's numbers."""
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    warpers = [TemperatureLogitsWarper(0.7), TopKLogitsWarper(20), TopPLogitsWarper(0.9)]
    words = [k for k in range(network.config.vocab_size) if not first <= k < first + CODES]
    drawn = {} if seed is None else {"logits_processor": LogitsProcessorList([*warpers, Inverse(first, seed)])}
    with torch.no_grad():
        ids = network.generate(
            **told,
            do_sample=False,
            suppress_tokens=words,
            eos_token_id=None,
            forced_eos_token_id=None,
            min_new_tokens=LENGTH,
            max_new_tokens=LENGTH,
            **drawn,
        )
    return ids[:, -LENGTH:] - first


def tokens(
    bench: Bench, model: Model, text: TextEmbedding, network: Any, told: Mapping[str, Any]
) -> Mapping[str, Pair]:
    """Greedy and drawn codes, the latter of two pictures in a batch."""
    first = model.token_model.facts["first_token"]
    likely = generate_tokens(bench.context, model.token_model, text, temperature=0.0).ids
    drawn = generate_tokens(bench.context, model.token_model, text, **DRAWN, count=2, seed=3).ids
    wanted = torch.cat([generated(network, first, seed, **told) for seed in (3, 4)])
    return {
        "greedy": (likely.float(), generated(network, first, None, **told).float()),
        "drawn": (drawn.float(), wanted.float()),
    }


def alone(kind: str, side: str) -> Row:
    """A decoder alone, with padding behind its text as DALL-E reads it, or in front of it, masked."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        name = f"{kind}-{side}"
        if not bench.path("dalle").with_name(name).exists():
            _edited(bench, name, kind, side)
        model, network = load_model(bench.context, name), published(bench, name, kind)
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        read = _read(bench, name, 24)
        begin = torch.full((1, 1), network.config.boi_token_id)
        ids = torch.cat([read["input_ids"], begin], dim=1)
        mask = torch.cat([read["attention_mask"], torch.ones_like(begin)], dim=1)
        told = {"input_ids": ids, "attention_mask": mask if side == "left" else torch.ones_like(mask)}
        return tokens(bench, model, text, network, told)

    return Row(f"DALL-E's kind, {kind}, padded on the {side}", stages)


def _edited(bench: Bench, name: str, kind: str, side: str) -> None:
    """A copy of the tiny model with another side of padding or another transformer."""
    folder = bench.folder / name
    shutil.copytree(bench.path("dalle"), folder)
    changed: dict[str, dict[str, Any]] = {"tokenizer/tokenizer_config.json": {"padding_side": side}}
    if kind != "LlamaForCausalLM":
        told = json.loads((folder / "transformer/config.json").read_text())
        shutil.rmtree(folder / "transformer")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            _transformer(kind, told).save_pretrained(folder / "transformer")
        changed["model_index.json"] = {"transformer": ["transformers", kind]}
    for file, values in changed.items():
        (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | values))


def _transformer(kind: str, told: Mapping[str, Any]) -> Any:
    """Another transformer with the vocabulary of the tiny one."""
    from transformers import GPT2Config, GPT2LMHeadModel, T5Config, T5ForConditionalGeneration

    same = {key: told[key] for key in ("vocab_size", "max_text_length", "bos_token_id", "eos_token_id")}
    if kind == "GPT2LMHeadModel":
        sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": told["max_position_embeddings"]}
        return GPT2LMHeadModel(GPT2Config(**sizes, **same, initializer_range=0.5, boi_token_id=told["boi_token_id"]))
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4, "initializer_factor": 3.0}
    begin = {"decoder_start_token_id": told["boi_token_id"], "pad_token_id": told["eos_token_id"]}
    return T5ForConditionalGeneration(T5Config(**sizes, **same, **begin))


def _read(bench: Bench, name: str, length: int) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bench.folder / name / "tokenizer")
    return tokenizer(PROMPT, padding="max_length", max_length=length, truncation=True, return_tensors="pt")


def whole(kind: str) -> Row:
    """An encoder and a decoder in one network."""

    def stages(bench: Bench) -> Mapping[str, Pair]:
        name = "dalle-bart" if kind.startswith("Bart") else f"{kind}-right"
        if kind.startswith("Bart"):
            bench.path(name)
        elif not bench.path("dalle").with_name(name).exists():
            _edited(bench, name, kind, "right")
        model, network = load_model(bench.context, name), published(bench, name, kind)
        text = encode_text(bench.context, model.text_encoder, PROMPT)
        read = _read(bench, name, 24)
        told = {"input_ids": read["input_ids"], "attention_mask": read["attention_mask"]}
        with torch.no_grad():
            states = network.get_encoder()(**told).last_hidden_state
        return {"text": (text.tokens, states), **tokens(bench, model, text, network, told)}

    return Row(f"DALL-E's kind, {kind}", stages)


def looking(bench: Bench) -> Mapping[str, Pair]:
    """generate knows no decoder beside another encoder: its loop by hand, without a cache."""
    model, network = bench.model("dalle-t5"), published(bench, "dalle-t5", "BartForCausalLM")
    text = encode_text(bench.context, model.text_encoder, PROMPT)
    read = _read(bench, "dalle-t5", 24)
    encoder = published(bench, "dalle-t5", "T5EncoderModel", "text_encoder")
    ids = torch.full((1, 1), CODES)
    with torch.no_grad():
        states = encoder(read["input_ids"], attention_mask=read["attention_mask"]).last_hidden_state
        for _ in range(LENGTH):
            told = {"encoder_hidden_states": states, "encoder_attention_mask": read["attention_mask"]}
            likely = network(ids, **told).logits[:, -1, :CODES].argmax(-1)
            ids = torch.cat([ids, likely[:, None]], dim=1)
    made = generate_tokens(bench.context, model.token_model, text, temperature=0.0)
    return {"text": (text.tokens, states), "greedy": (made.ids.float(), ids[:, 1:].float())}


def codes(bench: Bench) -> Mapping[str, Pair]:
    """A picture as codes and back, by the discrete autoencoder's own methods."""
    model, network = bench.model("dalle"), published(bench, "dalle", "VQModel", "vqvae")
    shown = picture(32, 32)
    made = encode_tokens(bench.context, model.image_tokenizer, shown)
    with torch.no_grad():
        ids = network.quantize(network.encode(shown.pixels * 2 - 1).latents)[2][2].view(1, -1)
        drawn = network.decode(ids, force_not_quantize=True, shape=(1, 8, 8, 4)).sample
    back = decode_tokens(bench.context, model.image_tokenizer, made)
    return {"codes": (made.ids.float(), ids.float()), "picture": (back.pixels, (drawn / 2 + 0.5).clamp(0, 1))}


def score(bench: Bench) -> Mapping[str, Pair]:
    """What CLIPModel says of two pictures that its own processor has prepared."""
    from transformers import AutoTokenizer, CLIPImageProcessor

    model, network = bench.model("clip"), published(bench, "clip", "CLIPModel", ".")
    processor = CLIPImageProcessor.from_pretrained(bench.path("clip"))
    eights = [(picture(48, 32, seed).pixels * 255).round() for seed in (1, 2)]
    shown = Image(torch.cat(eights) / 255)
    seen = processor([each[0].byte().permute(1, 2, 0).numpy() for each in eights], return_tensors="pt").pixel_values
    ids = AutoTokenizer.from_pretrained(bench.path("clip"))(PROMPT, padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        logits = network(input_ids=ids, pixel_values=seen).logits_per_image[:, 0]
    made = torch.tensor(clip_score(bench.context, model.clip, shown, PROMPT).cosines)
    prepared = clip_pictures.prepare(shown.pixels, 32, clip_pictures.OPENAI_MEAN, clip_pictures.OPENAI_STD)
    return {"prepared": (prepared, seen), "logits": (made * logit_scale(bench.context, model.clip), logits)}


PARITY += [
    alone("LlamaForCausalLM", "right"),
    alone("LlamaForCausalLM", "left"),
    alone("GPT2LMHeadModel", "right"),
    alone("GPT2LMHeadModel", "left"),
    whole("BartForConditionalGeneration"),
    whole("T5ForConditionalGeneration"),
    Row("DALL-E's kind, a decoder beside a T5", looking),
    Row("VQModel, a picture as codes and back", codes),
    Row("CLIP score, logits_per_image", score, 1e-5, "cosines in float64 here, a product of float32 there"),
]
