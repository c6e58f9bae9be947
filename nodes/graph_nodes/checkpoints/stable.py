"""Stable Diffusion 1 and 2, XL and its refiner, and the x4 and x2 upscalers, as parts with their facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graph_nodes.checkpoints.layout import Layout
from graph_nodes.checkpoints.spaces import latent_factor, latent_space, sides, text_space
from graph_nodes.errors import ModelRefused

__all__ = [
    "Parts",
    "autoencoder",
    "clip_encoder",
    "schedule",
    "stable_diffusion",
    "stable_diffusion_xl",
    "tower",
    "upscaler",
    "upscaler_x2",
]

Parts = dict[str, dict[str, Any]]
OF_OLD = {"steps_offset": 1, "clip_sample": False}
"""What Stable Diffusion's schedule has whatever its scheduler_config.json says: in old ones both are missing, and mean
something else then. Its pipelines set them too."""
X4_SCALE = 0.08333
"""What the x4 upscaler's latents are multiplied by: the config of its autoencoder was published without it, and means
another number then."""


def stable_diffusion(layout: Layout) -> Parts:
    """Rombach et al. 2022 (arXiv:2112.10752): CLIP, a U-Net over latents, their autoencoder."""
    encoder = clip_encoder(layout)
    _check_channels(layout)
    denoiser = latent_unet(layout, encoder["text_space"]) | {"scheduler_settings": OF_OLD}
    if _is_old(layout):
        denoiser["size"] = max(denoiser["size"], 64)
    return {"text_encoder": encoder, "denoiser": denoiser, "vae": autoencoder(layout)}


def _check_channels(layout: Layout) -> None:
    """Siblings that read a depth map, or another picture beside the latents, are published under the same classes."""
    if layout.setting("unet", "class_embed_type"):
        raise ModelRefused(
            f"the model {layout.name!r} ({layout.pipeline}): its U-Net reads one vector more (class_embed_type), "
            "such as the embedding of a picture, which no node here knows how to feed"
        )
    made = int(layout.setting("unet", "out_channels", 4))
    read = int(layout.setting("unet", "in_channels", 4))
    if read not in (made, 2 * made + 1):
        raise ModelRefused(
            f"the model {layout.name!r} ({layout.pipeline}): its U-Net reads {read} channels, which no node here knows "
            f"how to feed; known are {made}, and {2 * made + 1} for inpainting"
        )


def _is_old(layout: Layout) -> bool:
    """Whether a U-Net's config is of the months when Stable Diffusion was published with a sample_size of 32."""
    written = re.match(r"(\d+)\.(\d+)", str(layout.setting("unet", "_diffusers_version", "")))
    return written is not None and (int(written[1]), int(written[2])) < (0, 9)


def stable_diffusion_xl(layout: Layout) -> Parts:
    """Podell et al. 2023 (arXiv:2307.01952): two text encoders, sizes as conditions; a refiner has only the second."""
    encoder = xl_encoder(layout)
    _check_channels(layout)
    denoiser = latent_unet(layout, encoder["text_space"])
    scored = bool(layout.options.get("requires_aesthetics_score"))
    denoiser |= {"size_condition": "scored" if scored else "target", "pooled_text": True}
    return {"text_encoder": encoder, "denoiser": denoiser, "vae": autoencoder(layout)}


def upscaler(layout: Layout) -> Parts:
    """The x4 upscaler: latents beside the small picture itself, which is noised as far as a level says."""
    layout.config("vae")
    layout = layout.told("vae", scaling_factor=X4_SCALE)
    encoder = clip_encoder(layout)
    denoiser = latent_unet(layout, encoder["text_space"]) | {
        "conditions": ["text", "low_resolution"],
        "noise_augmentation": True,
        "augmentation_first": True,
        "augmentation_scheduler": "low_res_scheduler",
        "follows": "low_resolution",
        "noise_levels": int(layout.options.get("max_noise_level", 350)),
    }
    vae = autoencoder(layout) | {"scaling_factor": X4_SCALE}
    return {"text_encoder": encoder, "upsampler": denoiser, "vae": vae}


def upscaler_x2(layout: Layout) -> Parts:
    """The x2 latent upscaler: latents of Stable Diffusion to latents of twice the size."""
    encoder = clip_encoder(layout)
    encoder |= {"recipe": "x2", "text_space": f"{encoder['text_space']}+pooled"}
    unet = latent_unet(layout, encoder["text_space"])
    space = unet["space"]
    denoiser = unet | {
        "channels": int(layout.setting("vae", "latent_channels", 4)),
        "conditions": ["text", "low_resolution"],
        "low_resolution_space": space,
        "follows": "low_resolution",
        "times": 2,
        "enlarge": "nearest",
        "preconditioned": True,
        "prediction_type": "v_prediction",
    }
    return {"text_encoder": encoder, "upsampler": denoiser, "vae": autoencoder(layout)}


def clip_encoder(layout: Layout, component: str = "text_encoder", tokenizer: str = "tokenizer") -> dict[str, Any]:
    """One CLIP text tower whose last layer the U-Net reads."""
    config = layout.config(component)
    layout.config(tokenizer)
    return {
        "kind": "TextEncoder",
        "class": layout.class_of(component),
        "folder": component,
        "tokenizer": tokenizer,
        "text_space": text_space(int(config.get("hidden_size", 512))),
        "max_tokens": int(config.get("max_position_embeddings", 77)),
        "attention_mask": bool(config.get("use_attention_mask")),
        "recipe": "clip",
    }


def xl_encoder(layout: Layout) -> dict[str, Any]:
    """Both towers of XL side by side, or the second one alone."""
    second = layout.config("text_encoder_2")
    facts: dict[str, Any] = {
        "kind": "TextEncoder",
        "max_tokens": int(second.get("max_position_embeddings", 77)),
        "pooled": True,
        "recipe": "xl",
        "zero_negative": bool(layout.options.get("force_zeros_for_empty_prompt", True)),
    }
    both = "text_encoder" in layout
    facts |= tower(layout, "text_encoder", "tokenizer", "") if both else {}
    facts |= tower(layout, "text_encoder_2", "tokenizer_2", "_2" if both else "")
    widths = [
        int(layout.setting(name, "hidden_size", 512)) for name in ("text_encoder", "text_encoder_2") if name in layout
    ]
    return facts | {"text_space": text_space(*widths)}


def tower(layout: Layout, component: str, tokenizer: str, suffix: str) -> dict[str, Any]:
    """One of several towers: its class, its folder and its tokenizer's, under keys with a suffix."""
    layout.config(tokenizer)
    return {
        f"class{suffix}": layout.class_of(component),
        f"folder{suffix}": component,
        f"tokenizer{suffix}": tokenizer,
    }


def latent_unet(layout: Layout, space_of_text: str) -> dict[str, Any]:
    """A U-Net over latents; one of nine channels is shown the known part of a picture that it is to complete."""
    unet, vae = layout.config("unet"), layout.config("vae")
    channels = int(unet.get("out_channels", 4))
    inpaints = int(unet.get("in_channels", 4)) == 2 * channels + 1
    return {
        "kind": "Denoiser",
        "class": layout.class_of("unet"),
        "folder": "unet",
        **schedule(layout),
        "space": latent_space(vae),
        "channels": channels,
        "size": int(unet.get("sample_size") or 64),
        "factor": latent_factor(vae),
        "any_size": True,
        **sides(unet),
        "text_space": space_of_text,
        "conditions": ["text", "inpaint"] if inpaints else ["text"],
    }


def schedule(layout: Layout, component: str = "scheduler") -> Mapping[str, Any]:
    """Where the noise schedule is, and what the network predicts by it."""
    config = layout.config(component)
    flow = "FlowMatch" in layout.class_of(component)
    return {"scheduler": component, "prediction_type": "flow" if flow else config.get("prediction_type", "epsilon")}


def autoencoder(layout: Layout, component: str = "vae") -> dict[str, Any]:
    """The autoencoder of a latent space. force_upcast: in half precision its numbers overflow, so it runs in full."""
    config = layout.config(component)
    return {
        "kind": "VAE",
        "class": layout.class_of(component),
        "folder": component,
        "space": latent_space(config),
        "channels": int(config.get("latent_channels", 4)),
        "factor": latent_factor(config),
        "full_precision": bool(config.get("force_upcast", False)),
    }
