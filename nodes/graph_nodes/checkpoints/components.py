"""A folder of one component alone: an autoencoder to swap in, a CLIP to judge with, a discrete autoencoder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.layout import read_json
from graph_nodes.checkpoints.spaces import latent_factor, latent_space
from graph_nodes.checkpoints.weight_files import find_weights
from graph_nodes.errors import ModelRefused

__all__ = ["CONFIG", "describe_component"]

CONFIG = "config.json"
HERE = "."
AUTOENCODERS = ("AutoencoderKL", "VQModel")


def describe_component(name: str, folder: Path) -> dict[str, Any]:
    """What a model.json would say of a folder with a config.json of its own; no weights are read."""
    config = read_json(name, folder / CONFIG)
    architectures = config.get("architectures") or [config.get("_class_name")]
    kind = str(architectures[0])
    find_weights(folder)
    if kind in AUTOENCODERS:
        return _described(kind, {"vae": _autoencoder(kind, config), **_tokenizer(name, kind, config)})
    if kind == "CLIPModel":
        return _described(kind, {"clip": _clip(name, config)})
    raise ModelRefused(
        f"the model {name!r} is a {kind} alone, which no node uses; wanted is a whole model, or one of "
        f"{', '.join((*AUTOENCODERS, 'CLIPModel'))}"
    )


def _described(kind: str, parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": 1, "family": "component", "title": f"{kind} alone", "parts": dict(parts)}


def _autoencoder(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "VAE",
        "class": kind,
        "folder": HERE,
        "space": latent_space(config),
        "channels": int(config.get("latent_channels", 4)),
        "factor": latent_factor(config),
        "full_precision": bool(config.get("force_upcast", False)),
    }


def _tokenizer(name: str, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A VQModel is an image tokenizer too (Esser et al. 2021, arXiv:2012.09841), where its config says its size."""
    if kind != "VQModel" or not config.get("sample_size"):
        return {}
    size, factor = int(config["sample_size"]), latent_factor(config)
    return {
        "image_tokenizer": {
            "kind": "ImageTokenizer",
            "class": kind,
            "folder": HERE,
            "codebook": name,
            "vocabulary": int(config.get("num_vq_embeddings", 256)),
            "grid": [size // factor, size // factor],
            "image_size": size,
        }
    }


def _clip(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    vision, text = config.get("vision_config") or {}, config.get("text_config") or {}
    return {
        "kind": "CLIP",
        "class": "CLIPModel",
        "folder": HERE,
        "tokenizer": HERE,
        "embedding_space": name,
        "image_size": int(vision.get("image_size", 224)),
        "max_tokens": int(text.get("max_position_embeddings", 77)),
    }
