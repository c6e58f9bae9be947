"""Tiny Stable Diffusion models: 1, 2, XL, each with its inpainting sibling, the refiner, the upscalers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny import networks, text
from graph_nodes.checkpoints.tiny.index import write_index

__all__ = [
    "sd2_inpaint",
    "sd15",
    "sd15_inpaint",
    "sd21",
    "sdxl",
    "sdxl_inpaint",
    "sdxl_refiner",
    "upscaler_x2",
    "upscaler_x4",
]

NO_CHECKER = {"safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}


def sd15(folder: Path, pipeline: str = "StableDiffusionPipeline", channels: int = 4, **schedule: Any) -> None:
    """Stable Diffusion 1.5: CLIP, a U-Net over four channels, PNDM."""
    text.clip_tokenizer(folder / "tokenizer")
    text.clip_text(folder / "text_encoder")
    networks.latent_unet(folder / "unet", channels=channels)
    networks.autoencoder(folder / "vae")
    networks.schedule(folder / "scheduler", **schedule)
    write_index(folder, pipeline, **NO_CHECKER)


def sd15_inpaint(folder: Path) -> None:
    """Stable Diffusion 1.5 for inpainting: five more channels, for the mask and for the known part of the picture."""
    sd15(folder, "StableDiffusionInpaintPipeline", channels=9)


def sd21(folder: Path, pipeline: str = "StableDiffusionPipeline", channels: int = 4, **schedule: Any) -> None:
    """Stable Diffusion 2.1: OpenCLIP, and a U-Net that predicts the velocity."""
    text.clip_tokenizer(folder / "tokenizer", pad="!")
    text.clip_text(folder / "text_encoder", hidden_act="gelu")
    networks.latent_unet(folder / "unet", channels=channels, attention_head_dim=(2, 4), use_linear_projection=True)
    networks.autoencoder(folder / "vae")
    networks.schedule(folder / "scheduler", **{"kind": "DDIMScheduler", "prediction_type": "v_prediction"} | schedule)
    write_index(folder, pipeline, **NO_CHECKER)


def sd2_inpaint(folder: Path) -> None:
    """Stable Diffusion 2 for inpainting, which predicts the noise."""
    sd21(folder, "StableDiffusionInpaintPipeline", channels=9, kind="PNDMScheduler", prediction_type="epsilon")


def sdxl_inpaint(folder: Path) -> None:
    """Stable Diffusion XL for inpainting, with five more channels."""
    sdxl(folder, pipeline="StableDiffusionXLInpaintPipeline", channels=9)


def sdxl(folder: Path, second_width: int = 32, pipeline: str = "StableDiffusionXLPipeline", channels: int = 4) -> None:
    """Stable Diffusion XL: two text towers, and sizes as conditions."""
    text.clip_tokenizer(folder / "tokenizer")
    text.clip_tokenizer(folder / "tokenizer_2", pad="!")
    text.clip_text(folder / "text_encoder")
    text.clip_text(folder / "text_encoder_2", projection=True, hidden_act="gelu", hidden_size=second_width)
    _xl_unet(folder / "unet", text_width=32 + second_width, numbers=6, channels=channels)
    _xl_rest(folder, pipeline, force_zeros_for_empty_prompt=True)


def sdxl_refiner(folder: Path) -> None:
    """The refiner of Stable Diffusion XL: the second text tower alone, and a score in the target size's place."""
    text.clip_tokenizer(folder / "tokenizer_2", pad="!")
    text.clip_text(folder / "text_encoder_2", projection=True, hidden_act="gelu")
    _xl_unet(folder / "unet", text_width=32, numbers=5)
    _xl_rest(
        folder,
        "StableDiffusionXLImg2ImgPipeline",
        tokenizer=[None, None],
        text_encoder=[None, None],
        requires_aesthetics_score=True,
        force_zeros_for_empty_prompt=False,
    )


def _xl_unet(folder: Path, text_width: int, numbers: int, channels: int = 4) -> None:
    networks.latent_unet(
        folder,
        channels=channels,
        text_width=text_width,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        transformer_layers_per_block=(1, 2),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=32 + 8 * numbers,
    )


def _xl_rest(folder: Path, pipeline: str, **options: Any) -> None:
    networks.autoencoder(folder / "vae", scaling_factor=0.13025)
    networks.schedule(folder / "scheduler", "EulerDiscreteScheduler", timestep_spacing="leading")
    write_index(folder, pipeline, **options)


def upscaler_x4(folder: Path) -> None:
    """The x4 upscaler: latents beside the small picture, the level of its noise in the class's place."""
    text.clip_tokenizer(folder / "tokenizer", pad="!")
    text.clip_text(folder / "text_encoder", hidden_act="gelu")
    networks.latent_unet(
        folder / "unet",
        channels=7,
        attention_head_dim=4,
        num_class_embeds=1000,
        only_cross_attention=(True, False),
        use_linear_projection=True,
    )
    networks.autoencoder(folder / "vae", levels=3, scaling_factor=0.08333)
    networks.schedule(folder / "scheduler", "DDIMScheduler", prediction_type="v_prediction")
    networks.schedule(folder / "low_res_scheduler", "DDPMScheduler", beta_schedule="squaredcos_cap_v2")
    write_index(folder, "StableDiffusionUpscalePipeline", max_noise_level=350, **NO_CHECKER)


def upscaler_x2(folder: Path) -> None:
    """The x2 latent upscaler: blocks of k-diffusion, told the text's pooled vector with the time."""
    text.clip_tokenizer(folder / "tokenizer")
    text.clip_text(folder / "text_encoder")
    networks.latent_unet(
        folder / "unet",
        channels=8,
        out_channels=5,
        act_fn="gelu",
        attention_head_dim=8,
        norm_num_groups=None,
        layers_per_block=2,
        block_out_channels=(32, 32, 64, 64),
        time_cond_proj_dim=128 + 32,
        conv_in_kernel=1,
        conv_out_kernel=1,
        down_block_types=("KDownBlock2D",) + ("KCrossAttnDownBlock2D",) * 3,
        mid_block_type=None,
        up_block_types=("KCrossAttnUpBlock2D",) * 3 + ("KUpBlock2D",),
        resnet_time_scale_shift="scale_shift",
        time_embedding_type="fourier",
        timestep_post_act="gelu",
    )
    networks.autoencoder(folder / "vae")
    networks.schedule(folder / "scheduler", "EulerDiscreteScheduler", prediction_type="sample")
    write_index(folder, "StableDiffusionLatentUpscalePipeline")
