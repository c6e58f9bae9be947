"""The token models as model folders: DALL-E with the discrete autoencoder, and Parti, which shares it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_engine_shapes import networks, token_looks, token_task
from graph_engine_shapes.export import card, copy_logs, glide_parts, save_half, write_json
from graph_engine_shapes.export_pixels import T5_SPACE
from graph_engine_shapes.training import folder_of

CODEBOOK = "shapes-vq"
_GRID = [networks.GRID, networks.GRID]


def _image_tokenizer(folder: str) -> dict[str, Any]:
    return {
        "kind": "ImageTokenizer",
        "class": "VQModel",
        "folder": folder,
        "codebook": CODEBOOK,
        "vocabulary": networks.CODES,
        "grid": _GRID,
        "image_size": networks.BASE_SIZE,
    }


def _token_model(folder: str, text_space: str, architecture: str) -> dict[str, Any]:
    return {
        "kind": "TokenModel",
        "class": "GPT2LMHeadModel",
        "folder": folder,
        "codebook": CODEBOOK,
        "vocabulary": networks.CODES,
        "grid": _GRID,
        "text_space": text_space,
        "architecture": architecture,
    }


def dalle_parts() -> dict[str, Any]:
    """The parts of shapes/dalle. What it reads of its text are rows of its own table, so that is its text encoder."""
    text = {"class": "GPT2LMHeadModel", "folder": "transformer", "tokenizer": "../glide/tokenizer", "pooled": False}
    text |= {"text_space": "shapes-dalle", "states": "input_embeddings", "text_offset": token_task.TEXT_OFFSET}
    return {
        "text_encoder": glide_parts()["text_encoder"] | text,
        "token_model": _token_model("transformer", "shapes-dalle", "decoder_only"),
        "image_tokenizer": _image_tokenizer("image_tokenizer"),
    }


def parti_parts() -> dict[str, Any]:
    """The parts of shapes/parti; it was trained with the states of padding, so no mask hides them."""
    text = {"class": "T5EncoderModel", "folder": "../imagen/text_encoder", "tokenizer": "../glide/tokenizer"}
    text |= {"text_space": T5_SPACE, "pooled": False, "attention_mask": True}
    decoder = _token_model("decoder", T5_SPACE, "encoder_decoder")
    return {
        "text_encoder": glide_parts()["text_encoder"] | text,
        "token_model": decoder | {"start_token": token_task.START, "text_mask": False},
        "image_tokenizer": _image_tokenizer("../dalle/image_tokenizer"),
    }


def export_dalle(target: Path) -> None:
    """Write shapes/dalle from the trainings vq and dalle."""
    target.mkdir(parents=True, exist_ok=True)
    transformer, counters = token_looks.load_dalle(folder_of("dalle"))
    vq, vq_counters = token_task.load_vq(folder_of("vq"))
    save_half(transformer, target / "transformer")
    save_half(vq, target / "image_tokenizer")
    title = "DALL-E on the shapes world: a decoder over caption and 8x8 image tokens, 32x32 pixels"
    write_json(target / "model.json", {"format": 1, "family": "dalle", "title": title, "parts": dalle_parts()})
    write_json(target / "card.json", card(title, {"vq": vq_counters, "dalle": counters}))
    copy_logs(target, ["vq", "dalle"])


def export_parti(target: Path) -> None:
    """Write shapes/parti from the training parti."""
    target.mkdir(parents=True, exist_ok=True)
    decoder, counters = token_looks.load_parti(folder_of("parti"))
    save_half(decoder, target / "decoder")
    title = "Parti on the shapes world: a decoder of 8x8 image tokens that looks at the states of a frozen T5"
    write_json(target / "model.json", {"format": 1, "family": "parti", "title": title, "parts": parti_parts()})
    write_json(target / "card.json", card(title, {"parti": counters}))
    copy_logs(target, ["parti"])
