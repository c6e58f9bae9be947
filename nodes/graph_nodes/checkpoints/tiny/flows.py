"""Tiny models of flows: Stable Diffusion 3, and Flux in both of its kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny import networks, text
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.saving import save

__all__ = ["flux_dev", "flux_schnell", "sd3", "sd35"]


def sd35(folder: Path, second_width: int = 32) -> None:
    """Stable Diffusion 3.5 medium: norms on queries and keys, and a second attention in its first layers."""
    sd3(folder, second_width, qk_norm="rms_norm", dual_attention_layers=(0,))


def sd3(folder: Path, second_width: int = 32, **changes: Any) -> None:
    """Stable Diffusion 3: two CLIPs and T5, as wide as both."""
    import diffusers

    width = 32 + second_width

    text.clip_tokenizer(folder / "tokenizer")
    text.clip_tokenizer(folder / "tokenizer_2", pad="!")
    text.t5_tokenizer(folder / "tokenizer_3", 512)
    text.clip_text(folder / "text_encoder", projection=True)
    text.clip_text(folder / "text_encoder_2", projection=True, hidden_act="gelu", hidden_size=second_width)
    text.t5(folder / "text_encoder_3", width=width)
    transformer = {
        "sample_size": 8,
        "patch_size": 2,
        "in_channels": 16,
        "num_layers": 2,
        "attention_head_dim": 8,
        "num_attention_heads": 4,
        "joint_attention_dim": width,
        "caption_projection_dim": 32,
        "pooled_projection_dim": 64,
        "out_channels": 16,
        "pos_embed_max_size": 64,  # for pictures of 1024 pixels, as the workflows have them
    }
    save(diffusers.SD3Transformer2DModel, folder / "transformer", transformer | changes)
    _autoencoder(folder / "vae", 1.5305, 0.0609)
    networks.flow(folder / "scheduler", shift=3.0)
    write_index(folder, "StableDiffusion3Pipeline")


def flux_dev(folder: Path) -> None:
    """Flux that was taught guidance, its schedule shifted by the picture's size."""
    _flux(folder, taught=True, use_dynamic_shifting=True, shift=3.0)


def flux_schnell(folder: Path) -> None:
    """Flux for few steps, without guidance."""
    _flux(folder, taught=False, shift=1.0)


def _flux(folder: Path, *, taught: bool, shift: float, use_dynamic_shifting: bool = False) -> None:
    import diffusers

    text.clip_tokenizer(folder / "tokenizer")
    text.t5_tokenizer(folder / "tokenizer_2", 512)
    text.clip_text(folder / "text_encoder")
    text.t5(folder / "text_encoder_2")
    transformer = {
        "patch_size": 1,
        "in_channels": 64,
        "num_layers": 1,
        "num_single_layers": 1,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 32,
        "pooled_projection_dim": 32,
        "axes_dims_rope": (4, 4, 8),
        "guidance_embeds": taught,
    }
    save(diffusers.FluxTransformer2DModel, folder / "transformer", transformer)
    _autoencoder(folder / "vae", 0.3611, 0.1159)
    networks.flow(
        folder / "scheduler",
        shift=shift,
        use_dynamic_shifting=use_dynamic_shifting,
        base_shift=0.5,
        max_shift=1.15,
        base_image_seq_len=256,
        max_image_seq_len=4096,
    )
    write_index(folder, "FluxPipeline")


def _autoencoder(folder: Path, scale: float, shift: float) -> None:
    networks.autoencoder(
        folder,
        latent_channels=16,
        scaling_factor=scale,
        shift_factor=shift,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
