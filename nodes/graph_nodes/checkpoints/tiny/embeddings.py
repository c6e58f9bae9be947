"""Tiny models that draw from CLIP's image embeddings: Karlo, for text and for variations, and Kandinsky 2.2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny import text
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.saving import save, save_configured, save_tensors

__all__ = ["kandinsky", "kandinsky_inpaint", "kandinsky_prior", "karlo", "karlo_variations"]

WIDTH = 32
"""Of CLIP's joint space."""
TIME = 32
"""Of the decoder's timestep embedding."""


def karlo(folder: Path) -> None:
    """Karlo, from text."""
    _prior(folder / "prior")
    _unclip_schedule(folder / "prior_scheduler", prediction_type="sample", clip_sample_range=5.0)
    _karlo(folder, "UnCLIPPipeline")


def karlo_variations(folder: Path) -> None:
    """Karlo's repository for variations of a picture."""
    _image_encoder(folder / "image_encoder")
    _karlo(folder, "UnCLIPImageVariationPipeline")


def _karlo(folder: Path, pipeline: str) -> None:
    import diffusers

    text.clip_tokenizer(folder / "tokenizer")
    text.clip_text(folder / "text_encoder", projection=True)
    _text_projection(folder / "text_proj")
    save(diffusers.UNet2DConditionModel, folder / "decoder", _decoder())
    for name in ("super_res_first", "super_res_last"):
        save(diffusers.UNet2DModel, folder / name, _super_resolution())
    _unclip_schedule(folder / "decoder_scheduler", variance_type="learned_range")
    _unclip_schedule(folder / "super_res_scheduler")
    write_index(folder, pipeline)


def _decoder() -> dict[str, Any]:
    return {
        "sample_size": 16,
        "in_channels": 3,
        "out_channels": 6,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 4,
        "resnet_time_scale_shift": "scale_shift",
        "class_embed_type": "identity",
        "norm_num_groups": 4,
    }


def _super_resolution() -> dict[str, Any]:
    return {
        "sample_size": 64,
        "layers_per_block": 1,
        "down_block_types": ("ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D"),
        "up_block_types": ("ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D"),
        "block_out_channels": (8, 16),
        "in_channels": 6,
        "out_channels": 3,
        "norm_num_groups": 4,
        "add_attention": False,
    }


def _text_projection(folder: Path) -> None:
    """The weights of UnCLIPTextProjModel by the names that Karlo publishes."""
    import torch

    def linear(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.randn(rows, WIDTH) * WIDTH**-0.5, torch.randn(rows) * 0.1

    tensors = {"learned_classifier_free_guidance_embeddings": torch.randn(WIDTH)}
    time = 4 * 8  # the timestep embedding of the decoder, four times its first width
    rows = {
        "embedding_proj": time,
        "clip_image_embeddings_project_to_time_embeddings": time,
        "clip_extra_context_tokens_proj": 4 * WIDTH,
        "encoder_hidden_states_proj": WIDTH,
    }
    for name, count in rows.items():
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = linear(count)
    tensors["text_encoder_hidden_states_norm.weight"] = 1 + torch.randn(WIDTH) * 0.1
    tensors["text_encoder_hidden_states_norm.bias"] = torch.randn(WIDTH) * 0.1
    config = {
        "_class_name": "UnCLIPTextProjModel",
        "clip_embeddings_dim": WIDTH,
        "clip_extra_context_tokens": 4,
        "cross_attention_dim": WIDTH,
        "time_embed_dim": time,
    }
    save_tensors(folder, tensors, config)


def _prior(folder: Path) -> None:
    import diffusers

    settings = {
        "num_attention_heads": 2,
        "attention_head_dim": 8,
        "embedding_dim": WIDTH,
        "num_layers": 1,
        "num_embeddings": text.LENGTH,
    }
    kind: Any = diffusers.PriorTransformer
    prior = kind(**settings).eval()
    prior.clip_std.data = prior.clip_std.data * 0 + 0.5  # else nothing would be left of what the prior makes
    prior.save_pretrained(folder)


def _image_encoder(folder: Path) -> None:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    settings = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "projection_dim": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
    }
    save_configured(CLIPVisionModelWithProjection, CLIPVisionConfig, folder, settings)


def _unclip_schedule(folder: Path, **settings: Any) -> None:
    import diffusers

    kind: Any = diffusers.UnCLIPScheduler
    kind(**{"num_train_timesteps": 1000, "variance_type": "fixed_small_log", **settings}).save_pretrained(folder)


def kandinsky_prior(folder: Path) -> None:
    """The prior of Kandinsky 2.2."""
    text.clip_tokenizer(folder / "tokenizer")
    text.clip_text(folder / "text_encoder", projection=True)
    _image_encoder(folder / "image_encoder")
    _prior(folder / "prior")
    _unclip_schedule(folder / "scheduler", prediction_type="sample", clip_sample_range=10.0)
    write_index(folder, "KandinskyV22PriorPipeline")


def kandinsky_inpaint(folder: Path) -> None:
    """The decoder of Kandinsky 2.2 for inpainting."""
    kandinsky(folder, "KandinskyV22InpaintPipeline", 9)


def kandinsky(folder: Path, pipeline: str = "KandinskyV22Pipeline", channels: int = 4) -> None:
    """The decoder of Kandinsky 2.2."""
    import diffusers

    unet = {
        "sample_size": 8,
        "in_channels": channels,
        "out_channels": 8,
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "encoder_hid_dim": WIDTH,
        "encoder_hid_dim_type": "image_proj",
        "cross_attention_dim": 16,
        "attention_head_dim": 4,
        "addition_embed_type": "image",
        "resnet_time_scale_shift": "scale_shift",
        "norm_num_groups": 4,
    }
    movq = {
        "block_out_channels": (32,) * 4,
        "down_block_types": ("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
        "up_block_types": ("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
        "latent_channels": 4,
        "vq_embed_dim": 4,
        "num_vq_embeddings": 32,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "norm_type": "spatial",
    }
    save(diffusers.UNet2DConditionModel, folder / "unet", unet)
    save(diffusers.VQModel, folder / "movq", movq)
    kind: Any = diffusers.DDPMScheduler
    schedule = kind(
        beta_schedule="linear",
        beta_start=0.00085,
        beta_end=0.012,
        variance_type="learned_range",
        clip_sample=False,
        num_train_timesteps=1000,
    )
    schedule.save_pretrained(folder / "scheduler")
    write_index(folder, pipeline)
