"""GLIDE's text tower (Nichol et al. 2021, arXiv:2112.10741, section 4.1) out of torch's own transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["GlideTextTower"]


class GlideTextTower(nn.Module):
    """Every place sees every other one, and a place without a token has a learned vector of its own.

    vocabulary, length, width, layers, heads: of the transformer; projection: the width of the U-Net's timestep
    embedding, to which the last place is added.
    """

    def __init__(self, vocabulary: int, length: int, width: int, layers: int, heads: int, projection: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(length, width))
        self.padding_embedding = nn.Parameter(torch.empty(length, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.projection = nn.Linear(width, projection)

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> GlideTextTower:
        """The tower that a config.json describes, its weights not set."""
        names = ("vocabulary", "length", "width", "layers", "heads", "projection")
        return GlideTextTower(**{name: int(config[name]) for name in names})

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(states [n, length, width], what joins the timestep [n, projection]) of ids and mask [n, length]."""
        x = self.token_embedding(ids) + self.positional_embedding
        x = torch.where(mask.bool()[..., None], x, self.padding_embedding)
        states: Tensor = self.encoder(x)
        return states, self.projection(states[:, -1])
