"""The models that read or write CLIP's embeddings, as model folders: what guides, and the two priors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from graph_engine_shapes import checkpoint, networks, noised_task, prior_task, tokenizer
from graph_engine_shapes.export import card, copy_logs, save_half, write_json
from graph_engine_shapes.training import folder_of
from graph_engine_shapes.unclip_task import load_clip

SPACE = "shapes-clip"


def _text_encoder() -> dict[str, Any]:
    """CLIP's own text tower, out of its folder."""
    return {
        "kind": "TextEncoder",
        "class": "CLIPTextModelWithProjection",
        "folder": "../clip/clip",
        "tokenizer": "../clip/tokenizer",
        "text_space": SPACE,
        "max_tokens": tokenizer.MAX_TOKENS,
        "pooled": True,
        "attention_mask": False,
    }


def _write(
    target: Path, family: str, title: str, parts: dict[str, Any], training: str, counters: checkpoint.Counters
) -> None:
    write_json(target / "model.json", {"format": 1, "family": family, "title": title, "parts": parts})
    write_json(target / "card.json", card(title, {training: counters}))
    copy_logs(target, [training])


def export_classifier(target: Path) -> None:
    """Write shapes/classifier from the training classifier."""
    target.mkdir(parents=True, exist_ok=True)
    model, counters = noised_task.load_classifier(folder_of("classifier"))
    save_half(model, target / "classifier")
    part = {
        "kind": "Classifier",
        "class": "CLIPForImageClassification",
        "folder": "classifier",
        "classes": noised_task.class_names(),
        "space": "pixel",
        "image_size": networks.BASE_SIZE,
    }
    title = "A classifier of noised 32x32 pictures: 64 coloured shapes"
    _write(target, "adm", title, {"classifier": part}, "classifier", counters)


def export_noised_clip(target: Path) -> None:
    """Write shapes/noised-clip from the training noised-clip; the text tower is that of shapes/clip."""
    target.mkdir(parents=True, exist_ok=True)
    model, counters = noised_task.load_noised_tower(folder_of("noised-clip"))
    save_half(model, target / "image_tower")
    scale = float(load_clip(folder_of("clip")).logit_scale.exp().clamp(max=100))
    part = {
        "kind": "CLIP",
        "class": "CLIPVisionModelWithProjection",
        "folder": "image_tower",
        "text_folder": "../clip/clip",
        "tokenizer": "../clip/tokenizer",
        "max_tokens": tokenizer.MAX_TOKENS,
        "noised": True,
        "image_size": networks.BASE_SIZE,
        "embedding_space": SPACE,
        "normalized": True,
        "logit_scale": round(scale, 4),
    }
    title = "CLIP's image tower for noised 32x32 pictures, to guide sampling"
    _write(target, "clip", title, {"clip": part}, "noised-clip", counters)


def export_prior(target: Path) -> None:
    """Write shapes/prior from the training prior."""
    target.mkdir(parents=True, exist_ok=True)
    model, counters = prior_task.load_prior(folder_of("prior"))
    save_half(model, target / "prior")
    networks.scheduler("sample").save_pretrained(target / "scheduler")
    part = {
        "kind": "Denoiser",
        "class": "PriorTransformer",
        "folder": "prior",
        "scheduler": "scheduler",
        "prediction_type": "sample",
        "learned_variance": False,
        "space": SPACE,
        "shape": [networks.TEXT_WIDTH],
        "text_space": SPACE,
        "conditions": ["text"],
        "normalized": True,
        "default_steps": 20,
        "default_scale": 2.0,
    }
    title = "unCLIP's diffusion prior: a caption to CLIP's image embedding"
    _write(target, "unclip", title, {"text_encoder": _text_encoder(), "denoiser": part}, "prior", counters)


def export_ar_prior(target: Path) -> None:
    """Write shapes/ar-prior from the training ar-prior."""
    target.mkdir(parents=True, exist_ok=True)
    model, counters = prior_task.load_ar_prior(folder_of("ar-prior"))
    save_half(model, target / "transformer")
    (target / "quantizer").mkdir(exist_ok=True)
    halves = {name: values.half() for name, values in prior_task.ArPriorTask(folder_of("clip")).quantizer.items()}
    save_file(halves, target / "quantizer" / "quantizer.safetensors")
    part = {
        "kind": "TokenModel",
        "class": "GPT2LMHeadModel",
        "folder": "transformer",
        "quantizer": "quantizer",
        "architecture": "decoder_only",
        "text_space": SPACE,
        "pooled_position": True,
        "codebook": "shapes-clip-components",
        "vocabulary": networks.PRIOR_LEVELS,
        "grid": [networks.PRIOR_TOKENS],
        "embedding_space": SPACE,
    }
    title = "unCLIP's autoregressive prior: a caption to the quantised components of CLIP's image embedding"
    _write(target, "unclip", title, {"text_encoder": _text_encoder(), "token_model": part}, "ar-prior", counters)
