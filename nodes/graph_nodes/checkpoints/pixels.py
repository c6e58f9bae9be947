"""Models of pixel space, as parts with their facts: DeepFloyd IF's stages, guided-diffusion."""

from __future__ import annotations

from typing import Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.spaces import sides, text_space
from graph_nodes.checkpoints.stable import Parts, schedule

__all__ = ["deepfloyd", "guided_diffusion", "noised_classifier"]

LENGTH = 77
"""Tokens of T5 that IF was trained with."""
SMALL_BESIDE = 6
"""Channels of a picture with a small one, enlarged, beside it."""


def deepfloyd(layout: Layout) -> Parts:
    """Stage I draws from text, stage II enlarges (after Imagen: Saharia et al. 2022, arXiv:2205.11487)."""
    unet = layout.config("unet")
    space = text_space(int(unet.get("encoder_hid_dim") or unet.get("cross_attention_dim", 4096)), kind="t5")
    parts: Parts = {}
    if "text_encoder" in layout:
        parts["text_encoder"] = {
            "kind": "TextEncoder",
            "class": layout.class_of("text_encoder"),
            "folder": "text_encoder",
            "tokenizer": "tokenizer",
            "text_space": text_space(int(layout.setting("text_encoder", "d_model", 4096)), kind="t5"),
            "max_tokens": LENGTH,
            "attention_mask": True,
            "recipe": "t5",
        }
    enlarges = "image_noising_scheduler" in layout
    parts["upsampler" if enlarges else "denoiser"] = {
        "kind": "Denoiser",
        "class": layout.class_of("unet"),
        "folder": "unet",
        **schedule(layout),
        "space": "pixel",
        "channels": int(unet.get("out_channels", 6)) // 2,
        "size": int(unet.get("sample_size", 64)),
        **sides(unet),
        "text_space": space,
        "text_mask": False,
        "conditions": ["text", "low_resolution"] if enlarges else ["text"],
        **(_enlarging() if enlarges else {}),
    }
    return parts


def guided_diffusion(layout: Layout) -> Parts:
    """ADM (Dhariwal and Nichol 2021, arXiv:2105.05233): pictures of a class, by its number among ImageNet's; of twice
    a picture's channels it is one that enlarges four times."""
    unet = layout.config("unet")
    size, channels = int(unet.get("sample_size", 64)), int(unet.get("in_channels", 3))
    classes, enlarges = int(unet.get("num_class_embeds") or 0), channels == SMALL_BESIDE
    denoiser = {
        "kind": "Denoiser",
        "class": layout.class_of("unet"),
        "folder": "unet",
        **schedule(layout),
        "space": "pixel",
        "channels": channels // 2 if enlarges else channels,
        "size": size,
        "conditions": [*(["class_label"] if classes else []), *(["low_resolution"] if enlarges else [])],
        **({"classes": _numbers(classes)} if classes else {}),
        **({"low_resolution_size": size // 4} if enlarges else {}),
    }
    return {"upsampler" if enlarges else "denoiser": denoiser}


def noised_classifier(layout: Layout) -> Parts:
    """The classifier that guides ADM (section 4 there): it reads x_t and is told t, and its classes are ImageNet's."""
    config = layout.config("classifier")
    return {
        "classifier": {
            "kind": "Classifier",
            "class": layout.class_of("classifier"),
            "folder": "classifier",
            "classes": _numbers(int(config.get("out_channels", 1000))),
            "image_size": int(config.get("sample_size", 64)),
            "full_precision": True,
        }
    }


def _numbers(classes: int) -> list[str]:
    return [str(number) for number in range(classes)]


def _enlarging() -> dict[str, Any]:
    return {
        "noise_augmentation": True,
        "augmentation_scheduler": "image_noising_scheduler",
        "enlarge": "corners",
    }
