"""The captions' tokenizer: one word, one token, in the Hugging Face format (tokenizer.json)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from graph_engine_shapes.captions import vocabulary

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedTokenizerFast

MAX_TOKENS = 24


def tokens() -> list[str]:
    """Every token in the order of its id. <eos> comes last: CLIPTextModel pools at the highest id when in doubt."""
    return ["<pad>", "<bos>", "<unk>", *vocabulary(), "<eos>"]


@cache
def build() -> PreTrainedTokenizerFast:
    """The tokenizer: lower-cased words, punctuation dropped, <bos> ... <eos>, padded to MAX_TOKENS."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {token: i for i, token in enumerate(tokens())}
    inner = Tokenizer(models.WordLevel(ids, "<unk>"))
    inner.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(r"[^a-z]+"), " ")])
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", ids["<bos>"]), ("<eos>", ids["<eos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        **{f"{name}_token": f"<{name}>" for name in ("pad", "bos", "unk", "eos")},
        model_max_length=MAX_TOKENS,
        padding_side="right",
        truncation_side="right",
    )


def save(folder: Path) -> None:
    """Write the tokenizer's files into `folder`."""
    build().save_pretrained(folder)


def encode(captions: list[str]) -> Tensor:
    """(B, MAX_TOKENS) token ids, padded."""
    import torch

    ids = build()(captions, padding="max_length", max_length=MAX_TOKENS, truncation=True)["input_ids"]
    return torch.tensor(ids)
