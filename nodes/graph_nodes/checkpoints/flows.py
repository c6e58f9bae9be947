"""Models of flows: Stable Diffusion 3 and Flux, transformers over latents, as parts with their facts."""

from __future__ import annotations

from typing import Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.spaces import latent_factor, latent_space, text_space
from graph_nodes.checkpoints.stable import Parts, autoencoder, schedule, tower
from graph_nodes.errors import ModelRefused

__all__ = ["flux", "sd3"]

LONG, SHORT = 512, 256
"""How many tokens T5 reads: of Flux dev the former, of the others the latter."""


def sd3(layout: Layout) -> Parts:
    """Esser et al. 2024 (arXiv:2403.03206): two CLIPs and, where it is there, T5."""
    transformer = layout.config("transformer")
    width = int(transformer.get("joint_attention_dim", 4096))
    encoder = {
        "kind": "TextEncoder",
        "recipe": "sd3",
        "max_tokens": int(layout.setting("text_encoder", "max_position_embeddings", 77)),
        "max_tokens_3": SHORT,
        "width": width,
        "text_space": text_space(width, kind="sd3"),
        **tower(layout, "text_encoder", "tokenizer", ""),
        **tower(layout, "text_encoder_2", "tokenizer_2", "_2"),
        **(tower(layout, "text_encoder_3", "tokenizer_3", "_3") if "text_encoder_3" in layout else {}),
    }
    patch = int(transformer.get("patch_size", 2))
    denoiser = _transformer(layout, encoder["text_space"]) | {
        "channels": int(transformer.get("in_channels", 16)),
        "size": int(transformer.get("sample_size", 128)),
        "patch": patch,
        "largest": patch * int(transformer.get("pos_embed_max_size", 96)),
    }
    return {"text_encoder": encoder, "denoiser": denoiser, "vae": autoencoder(layout)}


def flux(layout: Layout) -> Parts:
    """Flux.1 of Black Forest Labs: T5 and a pooled CLIP; `dev` was taught guidance, `schnell` needs none."""
    transformer = layout.config("transformer")
    read = int(transformer.get("in_channels", 64))
    if read != int(transformer.get("out_channels") or read):
        raise ModelRefused(
            f"the model {layout.name!r} ({layout.pipeline}): its transformer reads {read} channels, those of another "
            "picture or a mask among them, which no node here knows how to feed"
        )
    taught = bool(transformer.get("guidance_embeds"))
    width = int(transformer.get("joint_attention_dim", 4096))
    encoder = {
        "kind": "TextEncoder",
        "recipe": "flux",
        "max_tokens": int(layout.setting("text_encoder", "max_position_embeddings", 77)),
        "max_tokens_2": LONG if taught else SHORT,
        "text_space": text_space(width, kind="flux"),
        "guidance_embedded": True,
        **tower(layout, "text_encoder", "tokenizer", ""),
        **tower(layout, "text_encoder_2", "tokenizer_2", "_2"),
    }
    denoiser = _transformer(layout, encoder["text_space"]) | {
        "channels": read // 4,
        "size": 128,
        "patch": 2,
        "guidance_embedded": taught,
    }
    return {"text_encoder": encoder, "denoiser": denoiser, "vae": autoencoder(layout)}


def _transformer(layout: Layout, space_of_text: str) -> dict[str, Any]:
    vae = layout.config("vae")
    return {
        "kind": "Denoiser",
        "class": layout.class_of("transformer"),
        "folder": "transformer",
        **schedule(layout),
        "space": latent_space(vae),
        "factor": latent_factor(vae),
        "any_size": True,
        "text_space": space_of_text,
        "conditions": ["text"],
    }
