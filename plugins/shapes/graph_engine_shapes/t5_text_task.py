"""Recipe `imagen-text`: a T5 encoder learns what captions mean, on captions alone, and is frozen from then on.

Imagen's encoder knows text only (Saharia et al. 2022, section 2.1). A language model's corpus is out of reach here, so
the heads of `glide-text` teach it: every attribute must be plain from each position after the caption's end and from
the mean of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import T5EncoderModel

from graph_engine_shapes import checkpoint, networks, tokenizer
from graph_engine_shapes.text_task import CLASSES, SLOT_CLASSES, TextTask


class T5Reader(nn.Module):
    """The text tower with the heads that train it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = networks.t5_text_encoder()
        sizes = {"pooled": CLASSES, "tail": CLASSES, "word": SLOT_CLASSES}
        self.heads = nn.ModuleDict({name: nn.Linear(networks.TEXT_WIDTH, sum(n)) for name, n in sizes.items()})


@dataclass
class T5TextTask(TextTask):
    """What the training loop needs to know of this recipe."""

    def build(self) -> T5Reader:
        """A fresh model."""
        return T5Reader()

    def read(self, model: nn.Module, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The states (B, T, 128) of token ids (B, T), and their mean."""
        hidden = states(model.encoder, ids)
        return hidden, hidden.mean(dim=1)


def states(encoder: T5EncoderModel, ids: Tensor) -> Tensor:
    """(B, T, 128) of token ids (B, T); padding is not attended to, but has states of its own."""
    mask = (ids != tokenizer.build().pad_token_id).long()
    hidden: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return hidden


def encode(encoder: T5EncoderModel, captions: list[str]) -> Tensor:
    """(B, T, 128) states of captions."""
    with torch.no_grad():
        return states(encoder, tokenizer.encode(captions))


def load_t5(folder: Path) -> T5EncoderModel:
    """The frozen text tower out of the training `imagen-text`."""
    weights, _ = checkpoint.averaged(folder)
    reader = T5Reader()
    reader.load_state_dict(weights, strict=False)
    return reader.encoder.eval().requires_grad_(False)
