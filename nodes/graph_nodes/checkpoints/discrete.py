"""Models of DALL-E's kind: a VQModel of diffusers, and a transformer that writes its codes after a text.

There is no one published pipeline of these in diffusers; the layout is the common one, with the folders `vqvae`,
`transformer` (a class of transformers), `tokenizer` and, where the text is read by another network, `text_encoder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.spaces import latent_factor
from graph_nodes.checkpoints.stable import Parts
from graph_nodes.errors import ModelRefused

__all__ = ["ALONE", "LOOKING", "WHOLE", "dalle"]

ALONE = ("GPT2LMHeadModel", "LlamaForCausalLM")
"""Decoders that read the text in front of the codes (Ramesh et al. 2021, arXiv:2102.12092)."""
LOOKING = ("BartForCausalLM", "GPT2LMHeadModel")
"""Decoders that look at the states of a text encoder (Yu et al. 2022, arXiv:2206.10789)."""
WHOLE = ("BartForConditionalGeneration", "T5ForConditionalGeneration")
"""Encoder and decoder in one network."""
LENGTH, ENDLESS = 256, 1 << 20
"""Tokens of text that DALL-E reads, where a model says nothing; a limit above the latter says nothing."""


def dalle(layout: Layout) -> Parts:
    """The parts of a model of one of the three kinds; raises ModelRefused when their vocabularies do not fit."""
    tokenizer = _image_tokenizer(layout)
    rows, columns = tokenizer["grid"]
    written = _written(layout, tokenizer["vocabulary"])
    model = {
        "kind": "TokenModel",
        "class": layout.class_of("transformer"),
        "folder": "transformer",
        "codebook": layout.name,
        "vocabulary": tokenizer["vocabulary"],
        "grid": tokenizer["grid"],
        "text_space": layout.name,
        **written,
    }
    return {
        "text_encoder": _text_encoder(layout, written, rows * columns),
        "token_model": model,
        "image_tokenizer": tokenizer,
    }


def _image_tokenizer(layout: Layout) -> dict[str, Any]:
    config = layout.config("vqvae")
    if layout.class_of("vqvae") != "VQModel" or not config.get("lookup_from_codebook"):
        raise ModelRefused(
            f"the model {layout.name!r}: its vqvae, of the class {layout.class_of('vqvae')}, decodes no codes; wanted "
            "is a VQModel with lookup_from_codebook in its config"
        )
    factor = latent_factor(config)
    side = int(layout.setting("transformer", "sample_size", 0)) or int(config.get("sample_size") or 0) // factor
    if side < 1:
        raise ModelRefused(
            f"the model {layout.name!r} does not say how many codes a picture has; wanted is sample_size, in codes "
            "along a side in the transformer's config or in pixels in that of the vqvae"
        )
    return {
        "kind": "ImageTokenizer",
        "class": "VQModel",
        "folder": "vqvae",
        "codebook": layout.name,
        "vocabulary": int(config.get("num_vq_embeddings", 256)),
        "grid": [side, side],
        "image_size": side * factor,
        "signed": bool(layout.options.get("do_normalize", True)),
    }


def _written(layout: Layout, codes: int) -> dict[str, Any]:
    """Which kind of transformer it is, and where among its tokens the codes are: the last ones where they share a
    vocabulary with text, the first ones where they do not, or where image_token_offset of the index says."""
    kind, config = layout.class_of("transformer"), layout.config("transformer")
    own_text = "text_encoder" not in layout
    known = ALONE + WHOLE if own_text else LOOKING
    if kind not in known or (not own_text and kind == "GPT2LMHeadModel" and not config.get("add_cross_attention")):
        beside = "without a text_encoder" if own_text else "beside a text_encoder"
        raise ModelRefused(
            f"the model {layout.name!r}: its transformer is a {kind}, which writes no codes one after the other "
            f"{beside}; wanted is one of {', '.join(known)}{'' if own_text else ' with cross-attention'}"
        )
    words = int(config.get("vocab_size", 0))
    first = int(layout.options.get("image_token_offset", words - codes if own_text else 0))
    if first < 0 or first + codes > words:
        raise ModelRefused(
            f"the model {layout.name!r}: its transformer knows {words} tokens, which do not hold the {codes} codes of "
            f"its vqvae from token {max(first, 0)} on; one of the two is of another model"
        )
    start = "boi_token_id" if kind in ALONE and own_text else "decoder_start_token_id"
    found = config.get(start)
    if found is None and start == "decoder_start_token_id":
        raise ModelRefused(f"the model {layout.name!r}: the transformer's config does not say its {start}")
    return {
        "architecture": "decoder_only" if kind in ALONE and own_text else "encoder_decoder",
        "first_token": first,
        **({} if found is None else {"start_token": int(found)}),
        **({"own_encoder": True} if kind in WHOLE else {}),
        **({"positions": "counted"} if kind in ALONE and own_text and _pads_left(layout) else {}),
    }


def _text_encoder(layout: Layout, written: Mapping[str, Any], length: int) -> dict[str, Any]:
    """Who reads the text, and how much of it. A decoder alone reads padding behind its text too, as DALL-E does, but
    none in front of it."""
    alone, own = written["architecture"] == "decoder_only", "text_encoder" not in layout
    component = "transformer" if own else "text_encoder"
    positions = _positions(layout, "transformer")
    room = positions - length - ("start_token" in written) if alone else positions - length
    if positions and room < int(alone):
        raise ModelRefused(
            f"the model {layout.name!r}: its transformer has {positions} places, too few for the {length} codes of a "
            f"picture{' and a text' if alone else ''}"
        )
    said = (layout.setting("transformer", "max_text_length"), layout.setting("tokenizer", "model_max_length"))
    limits = [int(value) for value in said if value and value < ENDLESS] or [LENGTH]
    places = room if alone and positions else _positions(layout, component)
    if not own:
        _check_width(layout)
    return {
        "kind": "TextEncoder",
        "class": layout.class_of(component),
        "folder": component,
        "tokenizer": "tokenizer",
        "text_space": layout.name,
        "max_tokens": min([*limits, *([places] if places else [])]),
        "attention_mask": not alone or _pads_left(layout),
        "text_vocabulary": written["first_token"] if own else int(layout.setting(component, "vocab_size", 0)),
        **({"weights_of": "token_model", "states": "input_embeddings" if alone else "encoder"} if own else {}),
    }


def _pads_left(layout: Layout) -> bool:
    return layout.config("tokenizer").get("padding_side") == "left"


def _positions(layout: Layout, component: str) -> int:
    """How many tokens a network has places for; 0 for one without a limit, such as T5."""
    config = layout.config(component)
    return int(config.get("max_position_embeddings") or config.get("n_positions") or 0)


def _check_width(layout: Layout) -> None:
    widths = [
        next((int(config[key]) for key in ("d_model", "hidden_size", "n_embd") if config.get(key)), 0)
        for config in (layout.config("text_encoder"), layout.config("transformer"))
    ]
    if widths[0] != widths[1]:
        raise ModelRefused(
            f"the model {layout.name!r}: its text_encoder gives {widths[0]} numbers for each token and its transformer "
            f"reads {widths[1]}; one of the two is of another model"
        )
