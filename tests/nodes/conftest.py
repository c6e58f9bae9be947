"""Tiny models with random weights, in the layout of published ones, and a context that knows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graph_engine import Context, Folders

WORDS = ["<pad>", "<bos>", "<unk>", "a", "red", "blue", "green", "circle", "square", "<eos>"]
TEXT_WIDTH = 16


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


def _save_tokenizer(folder: Path, length: int) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {word: i for i, word in enumerate(WORDS)}
    inner = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[(word, ids[word]) for word in ("<bos>", "<eos>")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=length,
    ).save_pretrained(folder)


def _save_text_encoder(folder: Path, projection: int, length: int) -> None:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(WORDS),
        hidden_size=TEXT_WIDTH,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=length,
        projection_dim=projection,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=len(WORDS) - 1,
    )
    CLIPTextModelWithProjection(config).half().save_pretrained(folder)


def _save_unet(folder: Path, size: int, in_channels: int, out_channels: int) -> None:
    from diffusers import UNet2DConditionModel

    UNet2DConditionModel(
        sample_size=size,
        in_channels=in_channels,
        out_channels=out_channels,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=8,
        class_embed_type="identity",
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=4,
    ).half().save_pretrained(folder)


def _save_scheduler(folder: Path, **settings: Any) -> None:
    from diffusers import DDIMScheduler, DDPMScheduler

    options = {"beta_schedule": "squaredcos_cap_v2", "clip_sample": True, "timestep_spacing": "trailing", **settings}
    kind = DDPMScheduler if "variance_type" in options else DDIMScheduler
    kind(num_train_timesteps=1000, **options).save_pretrained(folder)


def _denoiser(folder: str, scheduler: str, **facts: Any) -> dict[str, Any]:
    return {
        "kind": "Denoiser",
        "class": "UNet2DConditionModel",
        "folder": folder,
        "scheduler": scheduler,
        "space": "pixel",
        "channels": 3,
        "text_space": "tiny",
        "conditions": ["text"],
        "pooled_to_class": True,
    } | facts


def _description() -> dict[str, Any]:
    return {
        "format": 1,
        "family": "glide",
        "parts": {
            "text_encoder": {
                "kind": "TextEncoder",
                "class": "CLIPTextModelWithProjection",
                "folder": "text_encoder",
                "tokenizer": "../tokenizer",
                "text_space": "tiny",
                "max_tokens": 8,
                "pooled": True,
                "attention_mask": False,
            },
            "denoiser": _denoiser("unet", "scheduler", size=8, pixel_unshuffle=2, prediction_type="v_prediction"),
            "upsampler": _denoiser(
                "upsampler",
                "scheduler",
                size=16,
                pixel_unshuffle=4,
                conditions=["text", "low_resolution"],
                low_resolution_size=8,
                noise_augmentation=False,
            ),
        },
    }


@pytest.fixture(scope="session")
def tiny_glide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model shaped like GLIDE: text encoder, 8 x 8 base, 16 x 16 upsampler; random fp16 weights."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "glide"
    _save_tokenizer(folder.parent / "tokenizer", 8)
    _save_text_encoder(folder / "text_encoder", projection=32, length=8)
    _save_unet(folder / "unet", size=4, in_channels=12, out_channels=12)
    _save_unet(folder / "upsampler", size=4, in_channels=96, out_channels=48)
    _save_scheduler(folder / "scheduler", prediction_type="v_prediction")
    (folder / "model.json").write_text(json.dumps(_description()))
    return folder


@pytest.fixture(scope="session")
def tiny_learned(tiny_glide: Path) -> Path:
    """A base that predicts noise and its own variance (6 channels), as GLIDE and ADM publish theirs."""
    torch.manual_seed(1)
    folder = tiny_glide.parent / "learned"
    _save_unet(folder / "unet", size=8, in_channels=3, out_channels=6)
    _save_scheduler(folder / "scheduler", prediction_type="epsilon", variance_type="learned_range")
    text_encoder = {**_description()["parts"]["text_encoder"], "folder": "../glide/text_encoder"}
    parts = {"text_encoder": text_encoder, "denoiser": _denoiser("unet", "scheduler", size=8, learned_variance=True)}
    (folder / "model.json").write_text(json.dumps({"format": 1, "family": "glide", "parts": parts}))
    return folder


@pytest.fixture(scope="session")
def tiny_augmented(tiny_glide: Path) -> Path:
    """An upsampler without text that is told how much noise is in its small picture, as in Imagen's cascade."""
    from diffusers import UNet2DModel

    torch.manual_seed(2)
    folder = tiny_glide.parent / "augmented"
    UNet2DModel(
        sample_size=16,
        in_channels=6,
        out_channels=3,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        class_embed_type="timestep",
    ).half().save_pretrained(folder / "unet")
    _save_scheduler(folder / "scheduler", prediction_type="epsilon", variance_type="fixed_small")
    facts = {
        "class": "UNet2DModel",
        "size": 16,
        "low_resolution_size": 8,
        "noise_augmentation": True,
        "pooled_to_class": False,
    }
    upsampler = _denoiser("unet", "scheduler", **facts, conditions=["low_resolution"])
    (folder / "model.json").write_text(json.dumps({"format": 1, "parts": {"upsampler": upsampler}}))
    return folder


@pytest.fixture
def context(tiny_glide: Path, tiny_learned: Path, tiny_augmented: Path, tmp_path: Path) -> Context:
    """A context with the tiny models and folders of its own."""
    folders = Folders(
        outputs=tmp_path / "outputs",
        inputs=(tmp_path / "inputs",),
        models={"tiny/glide": tiny_glide, "tiny/learned": tiny_learned, "tiny/augmented": tiny_augmented},
    )
    (tmp_path / "inputs").mkdir()
    return Context(folders=folders)


@pytest.fixture
def edited_model(tiny_glide: Path, tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """A copy of the tiny model whose model.json was changed by a function."""
    import shutil

    def edit(change: Callable[[dict[str, Any]], None]) -> Path:
        shutil.copytree(tiny_glide.parent, tmp_path / "copy")
        path = tmp_path / "copy" / "glide" / "model.json"
        description = json.loads(path.read_text())
        change(description)
        path.write_text(json.dumps(description))
        return path.parent

    return edit
