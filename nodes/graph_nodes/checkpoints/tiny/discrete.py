"""Tiny models of DALL-E's kind, with the three kinds of transformer, and a CLIP to choose among their pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny import text
from graph_nodes.checkpoints.tiny.index import write_index
from graph_nodes.checkpoints.tiny.saving import save_configured

__all__ = ["clip", "dalle", "dalle_bart", "dalle_t5"]

CODES, SIDE, LENGTH = 64, 8, 24
"""Codes of pictures, how many a picture has along a side, and how many tokens of text are read."""
SHARP = 0.5
"""The spread of weights: at the usual one all tokens are about as likely."""
WIDTHS = {"d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 37}


def dalle(folder: Path) -> None:
    """A decoder alone: the words of CLIP's tokenizer, one token that begins a picture, then the codes."""
    from transformers import LlamaConfig, LlamaForCausalLM

    settings = {
        "vocab_size": text.WORDS + 1 + CODES,
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": LENGTH + 1 + SIDE**2,
        "initializer_range": SHARP,
        "boi_token_id": text.WORDS,
        "max_text_length": LENGTH,
        **_ends(),
    }
    save_configured(LlamaForCausalLM, LlamaConfig, folder / "transformer", settings)
    _rest(folder)


def dalle_bart(folder: Path) -> None:
    """An encoder and a decoder in one network with one vocabulary."""
    from transformers import BartConfig, BartForConditionalGeneration

    settings = {
        "vocab_size": text.WORDS + 1 + CODES,
        **WIDTHS,
        "encoder_layers": 2,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 37,
        "max_position_embeddings": SIDE**2,
        "init_std": SHARP,
        "decoder_start_token_id": text.WORDS,
        "max_text_length": LENGTH,
        **_ends(),
    }
    save_configured(BartForConditionalGeneration, BartConfig, folder / "transformer", settings)
    _rest(folder)


def dalle_t5(folder: Path) -> None:
    """A decoder of codes alone that looks at the states of a T5."""
    from transformers import BartConfig, BartForCausalLM

    settings = {
        "vocab_size": CODES + 1,
        **WIDTHS,
        "max_position_embeddings": SIDE**2,
        "init_std": SHARP,
        "decoder_start_token_id": CODES,
        "bos_token_id": CODES,
        "eos_token_id": None,
        "pad_token_id": None,
    }
    save_configured(BartForCausalLM, BartConfig, folder / "transformer", settings)
    text.t5(folder / "text_encoder")
    text.t5_tokenizer(folder / "tokenizer", LENGTH)
    _codes(folder / "vqvae")
    write_index(folder, "DallePipeline")


def clip(folder: Path) -> None:
    """A whole CLIP with its tokenizer beside it, as it is published."""
    from transformers import CLIPConfig, CLIPModel

    vision = {
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
    }
    text.clip_tokenizer(folder)
    settings = {"text_config": text.clip_config(), "vision_config": vision, "projection_dim": 32}
    save_configured(CLIPModel, CLIPConfig, folder, settings)
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    seen: dict[str, Any] = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 32},
        "image_mean": mean,
    }
    seen |= {"crop_size": {"height": 32, "width": 32}, "image_std": std, "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(seen), encoding="utf-8")


def _ends() -> dict[str, int]:
    return {"bos_token_id": text.WORDS - 2, "eos_token_id": text.WORDS - 1, "pad_token_id": text.WORDS - 1}


def _rest(folder: Path) -> None:
    text.clip_tokenizer(folder / "tokenizer")
    _codes(folder / "vqvae")
    write_index(folder, "DallePipeline")


def _codes(folder: Path) -> None:
    import diffusers

    kind: Any = diffusers.VQModel
    network = kind(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        vq_embed_dim=4,
        num_vq_embeddings=CODES,
        norm_num_groups=4,
        sample_size=4 * SIDE,
        lookup_from_codebook=True,
    ).eval()
    network.quantize.embedding.weight.data.normal_()  # else all codes are nearly one colour
    network.save_pretrained(folder)
