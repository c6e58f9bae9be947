"""Tiny DeepFloyd IF: stage I from text, stage II that enlarges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny import text
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.saving import save

__all__ = ["if_one", "if_two"]


def if_one(folder: Path) -> None:
    """Stage I: 16 x 16 in place of 64 x 64."""
    _stage(folder, "IFPipeline", sample_size=16, in_channels=3)


def if_two(folder: Path) -> None:
    """Stage II: 64 x 64 in place of 256 x 256, with attention at an eighth of that, so that 256 x 256 are quick too."""
    import diffusers

    noising: Any = diffusers.DDPMScheduler
    noising(beta_schedule="squaredcos_cap_v2").save_pretrained(folder / "image_noising_scheduler")
    _stage(
        folder,
        "IFSuperResolutionPipeline",
        sample_size=64,
        in_channels=6,
        class_embed_type="timestep",
        block_out_channels=(8, 8, 8, 16),
        down_block_types=("ResnetDownsampleBlock2D",) * 3 + ("SimpleCrossAttnDownBlock2D",),
        up_block_types=("SimpleCrossAttnUpBlock2D",) + ("ResnetUpsampleBlock2D",) * 3,
    )


def _stage(folder: Path, pipeline: str, **changes: Any) -> None:
    import diffusers

    text.t5_pieces(folder / "tokenizer", 77)
    text.t5(folder / "text_encoder")
    unet = {
        "out_channels": 6,
        "layers_per_block": 1,
        "block_out_channels": (8, 16),
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        "cross_attention_dim": 32,
        "encoder_hid_dim": 32,
        "attention_head_dim": 4,
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": 2,
        "cross_attention_norm": "group_norm",
        "resnet_time_scale_shift": "scale_shift",
        "act_fn": "gelu",
        "norm_num_groups": 4,
    }
    save(diffusers.UNet2DConditionModel, folder / "unet", unet | changes)
    kind: Any = diffusers.DDPMScheduler
    schedule = kind(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        variance_type="learned_range",
        thresholding=True,
        dynamic_thresholding_ratio=0.95,
        sample_max_value=1.5,
    )
    schedule.save_pretrained(folder / "scheduler")
    write_index(folder, pipeline, safety_checker=[None, None], feature_extractor=[None, None], watermarker=[None, None])
