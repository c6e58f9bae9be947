"""Pictures as a CLIP image tower reads them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from graph_nodes.science import images

__all__ = ["OPENAI_MEAN", "OPENAI_STD", "prepare"]

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
"""What the published CLIPs were trained with (Radford et al. 2021), where a model does not say otherwise."""


def prepare(pixels: Tensor, size: int, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Pixels [n, 3, h, w], 0..1, as the tower's input [n, 3, size, size].

    The shorter side is brought to `size` (bicubic, against aliasing), the middle is cut out, and each channel loses its
    mean and is divided by its standard deviation: OpenAI's preprocessing, but in floating point throughout.
    """
    height, width = pixels.shape[-2:]
    shorter = min(height, width)
    height, width = size * height // shorter, size * width // shorter
    resized = images.resize(pixels, height, width, "bicubic")
    cut = images.crop(resized, (height - size) // 2, (width - size) // 2, size, size)
    return (cut - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
