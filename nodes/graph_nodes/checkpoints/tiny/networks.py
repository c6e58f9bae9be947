"""Tiny U-Nets, autoencoders and schedules with the configs of published ones, smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny.saving import save

__all__ = ["ancestral", "autoencoder", "flow", "latent_unet", "schedule"]


def latent_unet(folder: Path, *, channels: int = 4, text_width: int = 32, sample_size: int = 8, **changes: Any) -> None:
    """Stable Diffusion's U-Net: two levels, attention to the text in one of them."""
    import diffusers

    settings: dict[str, Any] = {
        "sample_size": sample_size,
        "in_channels": channels,
        "out_channels": 4,
        "layers_per_block": 1,
        "block_out_channels": (8, 16),
        "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": text_width,
        "attention_head_dim": 2,
    }
    save(diffusers.UNet2DConditionModel, folder, settings | changes)


def autoencoder(folder: Path, *, levels: int = 4, **changes: Any) -> None:
    """AutoencoderKL: it shrinks by 2 to the power of `levels` - 1."""
    import diffusers

    settings: dict[str, Any] = {
        "block_out_channels": (4,) * levels,
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "latent_channels": 4,
        "norm_num_groups": 2,
        "layers_per_block": 1,
        "sample_size": 64,
    }
    save(diffusers.AutoencoderKL, folder, settings | changes)


def schedule(folder: Path, kind: str = "PNDMScheduler", **changes: Any) -> None:
    """Stable Diffusion's noise schedule (Rombach et al. 2022), under a scheduler of diffusers."""
    import diffusers

    settings: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "steps_offset": 1,
        "clip_sample": False,
        "set_alpha_to_one": False,
    }
    settings |= {"skip_prk_steps": True} if kind == "PNDMScheduler" else {}
    getattr(diffusers, kind).from_config(settings | changes).save_pretrained(folder)


def flow(folder: Path, **settings: Any) -> None:
    """The schedule of a model of flows."""
    import diffusers

    kind: Any = diffusers.FlowMatchEulerDiscreteScheduler
    kind(num_train_timesteps=1000, **settings).save_pretrained(folder)


def ancestral(folder: Path, betas: str, **settings: Any) -> None:
    """The schedule of a model that learned its variance (Nichol and Dhariwal 2021, arXiv:2102.09672)."""
    import diffusers

    kind: Any = diffusers.DDPMScheduler
    kind(beta_schedule=betas, variance_type="learned_range", clip_sample=True, **settings).save_pretrained(folder)
