"""Tiny tokenizers and text towers: every byte is a word, and the towers are two layers of a few numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graph_nodes.checkpoints.tiny.saving import save_configured

__all__ = [
    "ENDS",
    "LENGTH",
    "WORDS",
    "byte_letters",
    "clip_config",
    "clip_text",
    "clip_tokenizer",
    "gpt2_tokenizer",
    "t5",
    "t5_pieces",
    "t5_tokenizer",
]

ENDS = ("<|startoftext|>", "<|endoftext|>")
WORDS = 514
"""Every byte inside a word and at its end, and the two ends of a prompt."""
LENGTH = 77


def byte_letters() -> list[str]:
    """The printable letter that stands for each byte in CLIP's and GPT-2's vocabularies."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + k) for k, byte in enumerate(others)}
    return [letters[byte] for byte in (*printable, *others)]


def clip_tokenizer(folder: Path, pad: str = ENDS[1]) -> None:
    """CLIP's tokenizer as it is published, vocab.json and merges.txt, with no merges: one token for each letter."""
    letters = byte_letters()
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), *ENDS]
    folder.mkdir(parents=True)
    _write(folder / "vocab.json", {word: k for k, word in enumerate(vocabulary)})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    ends = {"bos_token": ENDS[0], "eos_token": ENDS[1], "unk_token": ENDS[1], "pad_token": pad}
    _write(folder / "special_tokens_map.json", ends)
    _write(
        folder / "tokenizer_config.json",
        {**ends, "model_max_length": LENGTH, "do_lower_case": True, "tokenizer_class": "CLIPTokenizer"},
    )


def gpt2_tokenizer(folder: Path) -> None:
    """GPT-2's tokenizer as it is published, with no merges: one token for each byte, and the end of a text."""
    folder.mkdir(parents=True)
    _write(folder / "vocab.json", {word: k for k, word in enumerate((*byte_letters(), ENDS[1]))})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer"})


def clip_config(**changes: Any) -> dict[str, Any]:
    """The settings of a tiny CLIP text tower."""
    settings = {
        "vocab_size": WORDS,
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": LENGTH,
        "projection_dim": 32,
        "bos_token_id": WORDS - 2,
        "eos_token_id": WORDS - 1,
        "pad_token_id": WORDS - 1,
    }
    return settings | changes


def clip_text(folder: Path, *, projection: bool = False, **changes: Any) -> None:
    """A CLIP text tower, with the projection into the joint space or without."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    kind = CLIPTextModelWithProjection if projection else CLIPTextModel
    save_configured(kind, CLIPTextConfig, folder, clip_config(**changes))


def t5_pieces(folder: Path, length: int) -> None:
    """T5's tokenizer as it is first published: a model of SentencePiece, here of letters, and no tokenizer.json."""
    from sentencepiece import sentencepiece_model_pb2

    messages: Any = sentencepiece_model_pb2
    model, kind = messages.ModelProto(), messages.ModelProto.SentencePiece
    ends = (("<pad>", 0.0, kind.CONTROL), ("</s>", 0.0, kind.CONTROL), ("<unk>", 0.0, kind.UNKNOWN))
    letters = [(chr(code), -3.0, kind.NORMAL) for code in range(33, 127)]
    for piece, score, sort in (*ends, ("▁", -2.0, kind.NORMAL), *letters):
        model.pieces.add(piece=piece, score=score, type=sort)
    trainer = model.trainer_spec
    trainer.pad_id, trainer.eos_id, trainer.unk_id, trainer.bos_id = 0, 1, 2, -1
    folder.mkdir(parents=True)
    (folder / "spiece.model").write_bytes(model.SerializeToString(deterministic=True))
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    _write(folder / "special_tokens_map.json", special)
    _write(
        folder / "tokenizer_config.json",
        {**special, "model_max_length": length, "extra_ids": 0, "tokenizer_class": "T5Tokenizer"},
    )


def t5_tokenizer(folder: Path, length: int) -> None:
    """A tokenizer in the place of T5's: one token for each word that it knows, letters for the others."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [chr(code) for code in range(33, 127)]
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), ("▁", -2.0), *((letter, -3.0) for letter in letters)]
    inner = Tokenizer(models.Unigram(pieces, unk_id=2))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Metaspace()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    kind: Any = PreTrainedTokenizerFast
    kind(tokenizer_object=inner, model_max_length=length, **special).save_pretrained(folder)


def t5(folder: Path, width: int = 32) -> None:
    """A T5 encoder."""
    from transformers import T5Config, T5EncoderModel

    settings = {
        "vocab_size": 98,
        "d_model": width,
        "d_kv": 8,
        "d_ff": 37,
        "num_layers": 2,
        "num_heads": 4,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
    }
    save_configured(T5EncoderModel, T5Config, folder, settings)


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
