"""Models that draw from CLIP's image embeddings: Karlo's unCLIP, and Kandinsky 2.2 in its two repositories."""

from __future__ import annotations

from typing import Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.spaces import latent_factor, latent_space, sides, text_space
from graph_nodes.checkpoints.stable import Parts, autoencoder, schedule

__all__ = ["kandinsky", "kandinsky_prior", "karlo"]


def karlo(layout: Layout) -> Parts:
    """unCLIP (Ramesh et al. 2022, arXiv:2204.06125): prior, decoder, and super resolution by two networks.

    The repository for image variations has an image tower in the prior's place.
    """
    decoder, text = layout.config("decoder"), layout.config("text_encoder")
    encoder = _text(layout)
    width = int(text.get("projection_dim", 768))
    upsampler = layout.config("super_res_first")
    parts: Parts = {
        "text_encoder": encoder,
        "denoiser": {
            "kind": "Denoiser",
            "class": layout.class_of("decoder"),
            "folder": "decoder",
            "projection": "text_proj",
            **schedule(layout, "decoder_scheduler"),
            "space": "pixel",
            "channels": int(decoder.get("in_channels", 3)),
            "size": int(decoder.get("sample_size", 64)),
            "text_space": encoder["text_space"],
            "embedding_space": _space(width),
            "conditions": ["text", "image_embedding"],
        },
        "upsampler": {
            "kind": "Denoiser",
            "class": layout.class_of("super_res_first"),
            "folder": "super_res_first",
            "last_folder": "super_res_last",
            **schedule(layout, "super_res_scheduler"),
            "space": "pixel",
            "channels": int(upsampler.get("in_channels", 6)) // 2,
            "size": int(upsampler.get("sample_size", 256)),
            "low_resolution_size": int(decoder.get("sample_size", 64)),
            "conditions": ["low_resolution"],
            "enlarge": "bicubic",
        },
    }
    return parts | _prior(layout, encoder, "prior_scheduler") | _clip(layout)


def kandinsky_prior(layout: Layout) -> Parts:
    """The prior of Kandinsky 2.2, with both towers of its CLIP."""
    encoder = _text(layout)
    return {"text_encoder": encoder} | _prior(layout, encoder, "scheduler") | _clip(layout)


def kandinsky(layout: Layout) -> Parts:
    """The decoder of Kandinsky 2.2: from an image embedding alone to latents of a MoVQ (Zheng et al. 2022)."""
    unet, vae = layout.config("unet"), layout.config("movq")
    channels = int(unet.get("out_channels", 8)) // 2
    inpaints = int(unet.get("in_channels", 4)) == 2 * channels + 1
    denoiser = {
        "kind": "Denoiser",
        "class": layout.class_of("unet"),
        "folder": "unet",
        **schedule(layout),
        "space": latent_space(vae),
        "channels": channels,
        "size": int(unet.get("sample_size", 64)),
        "factor": latent_factor(vae),
        "any_size": True,
        **sides(unet),
        "embedding_space": _space(int(unet.get("encoder_hid_dim", 1280))),
        "conditions": ["image_embedding", "inpaint"] if inpaints else ["image_embedding"],
        **({"inpaint_shows": "known"} if inpaints else {}),
    }
    return {"denoiser": denoiser, "vae": autoencoder(layout, "movq")}


def _space(width: int) -> str:
    return f"clip-image-{width}"


def _text(layout: Layout) -> dict[str, Any]:
    config = layout.config("text_encoder")
    return {
        "kind": "TextEncoder",
        "class": layout.class_of("text_encoder"),
        "folder": "text_encoder",
        "tokenizer": "tokenizer",
        "text_space": text_space(int(config.get("hidden_size", 768)), kind="unclip"),
        "max_tokens": int(config.get("max_position_embeddings", 77)),
        "recipe": "unclip",
    }


def _prior(layout: Layout, encoder: dict[str, Any], scheduler: str) -> Parts:
    if "prior" not in layout:
        return {}
    width = int(layout.setting("prior", "embedding_dim", 768))
    return {
        "prior": {
            "kind": "Denoiser",
            "class": layout.class_of("prior"),
            "folder": "prior",
            **schedule(layout, scheduler),
            "space": _space(width),
            "shape": [width],
            "text_space": encoder["text_space"],
            "conditions": ["text"],
        }
    }


def _clip(layout: Layout) -> Parts:
    if "image_encoder" not in layout:
        return {}
    config = layout.config("image_encoder")
    return {
        "clip": {
            "kind": "CLIP",
            "class": layout.class_of("image_encoder"),
            "folder": "image_encoder",
            "text_folder": "text_encoder",
            "text_class": layout.class_of("text_encoder"),
            "tokenizer": "tokenizer",
            "max_tokens": int(layout.setting("text_encoder", "max_position_embeddings", 77)),
            "embedding_space": _space(int(config.get("projection_dim", 768))),
            "image_size": int(config.get("image_size", 224)),
        }
    }
