"""GLIDE's noised CLIP (Nichol et al. 2021, arXiv:2112.10741, section 2.3) out of torch's own transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from graph_nodes.science.clip_pictures import OPENAI_MEAN, OPENAI_STD

__all__ = ["GlideNoisedCLIP"]


class GlideNoisedCLIP(nn.Module):
    """A text tower and an image tower that is told how noisy its picture is; `config` as GlideClip writes it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.text = _TextTower(projection=config["projection"], **config["text"])
        self.image = _ImageTower(projection=config["projection"], **config["image"])

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> GlideNoisedCLIP:
        """The CLIP that a config.json describes, its weights not set."""
        return GlideNoisedCLIP(config)

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """[n, projection] of ids [n, length]; attention_mask: 1 for the ids of the text, both its ends among them."""
        features: Tensor = self.text(input_ids, attention_mask)
        return features

    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        """[n, projection] of clean pictures, normalised as for every CLIP of OpenAI's: those of timestep 0."""
        features: Tensor = self.image(pixel_values, 0)
        return features

    def see(self, x: Tensor, t: float) -> Tensor:
        """[n, projection] of x_t [n, 3, h, w], noise and all, at timestep t of the schedule of a thousand."""
        mean, std = (x.new_tensor(numbers).view(3, 1, 1) for numbers in (OPENAI_MEAN, OPENAI_STD))
        pictures = (((x + 1) / 2 - mean) / std).to(self.image.patches.weight.dtype)
        features: Tensor = self.image(pictures, t)
        return features


class _TextTower(nn.Module):
    """Each place sees those before it; the place of the text's last token is what it means."""

    def __init__(self, vocabulary: int, length: int, width: int, layers: int, heads: int, projection: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(length, width))
        self.encoder = _encoder(width, layers, heads)
        self.projection = nn.Linear(width, projection, bias=False)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]
        later = torch.ones(len(x[0]), len(x[0]), dtype=torch.bool, device=x.device).triu(1)
        states = self.encoder(x, mask=later)
        last = mask.sum(dim=-1) - 1
        projected: Tensor = self.projection(states[torch.arange(len(states), device=x.device), last])
        return projected


class _ImageTower(nn.Module):
    """Patches in rows, and before them a place that begins as the vector of the timestep."""

    def __init__(
        self, size: int, patch: int, timesteps: int, width: int, layers: int, heads: int, projection: int
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.timestep_embedding = nn.Embedding(timesteps, width)
        self.positional_embedding = nn.Parameter(torch.empty(1 + (size // patch) ** 2, width))
        self.norm = nn.LayerNorm(width)
        self.encoder = _encoder(width, layers, heads)
        self.projection = nn.Linear(width, projection, bias=False)

    def forward(self, pictures: Tensor, t: float) -> Tensor:
        patches = self.patches(pictures).flatten(2).transpose(1, 2)
        index = min(max(round(t), 0), self.timestep_embedding.num_embeddings - 1)  # some schedulers have t between two
        first = self.timestep_embedding(torch.full((len(patches), 1), index, device=patches.device))
        x = self.norm(torch.cat([first, patches], dim=1) + self.positional_embedding)
        projected: Tensor = self.projection(self.encoder(x)[:, 0])
        return projected


def _encoder(width: int, layers: int, heads: int) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
