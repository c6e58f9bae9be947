"""Names for the spaces that parts of published models share, told from their configs: what fits what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["latent_factor", "latent_space", "sides", "text_space"]

_KNOWN = {
    (4, 0.18215): "sd",
    (4, 0.13025): "sdxl",
    (4, 0.08333): "sd-x4",
    (16, 1.5305): "sd3",
    (16, 0.3611): "flux",
}
"""(channels, scaling factor) -> the latent space; a model trained in it can use any autoencoder of it."""


def latent_space(vae: Mapping[str, Any]) -> str:
    """The name of an autoencoder's latent space, from its config."""
    channels, scale = int(vae.get("latent_channels", 4)), float(vae.get("scaling_factor", 0.18215))
    if "num_vq_embeddings" in vae:
        return f"vq-{vae.get('vq_embed_dim') or channels}"
    return _KNOWN.get((channels, scale), f"latent-{channels}-{scale:g}")


def latent_factor(vae: Mapping[str, Any]) -> int:
    """How many pixels one latent stands for along a side."""
    return 1 << (len(vae.get("block_out_channels", (1, 1, 1, 1))) - 1)


def text_space(*widths: int, kind: str = "clip") -> str:
    """The name of what text encoders of these widths say together, such as `clip-768` or `clip-768+1280`."""
    return f"{kind}-" + "+".join(str(width) for width in widths)


_FITTING = ("CrossAttnUpBlock2D", "UpBlock2D")
"""Blocks of diffusers that enlarge to the size of what comes from the other half of a U-Net. Others double, so that
what was halved must have been even; those of k-diffusion mirror one column more, which takes two."""


def sides(unet: Mapping[str, Any]) -> dict[str, int]:
    """What divides the sides of what a U-Net works on, and the smallest of them, from its config, as facts."""
    halvings = 0
    for block in reversed((unet.get("up_block_types") or _FITTING)[:-1]):
        if block in _FITTING:  # it fits whatever the coarser ones made
            break
        halvings += 1
    multiple = 1 << halvings
    mirrors = any(block.startswith("K") for block in unet.get("up_block_types", ()))
    return {"multiple": multiple, **({"smallest": 2 * multiple} if mirrors else {})}
