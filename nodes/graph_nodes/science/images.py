"""Pictures as tensors: float32 [n, c, h, w], 0..1. Every function makes a new tensor; none writes into its input."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["RESIZE_METHODS", "crop", "fit", "fit_inside", "gaussian_blur", "levels", "resize"]


def _nearest(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(pixels, size=size, mode="nearest-exact")


def _area(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(pixels, size=size, mode="area")


def _bilinear(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)


def _bicubic(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(pixels, size=size, mode="bicubic", antialias=True).clamp(0, 1)


def _lanczos(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    rows = _lanczos_weights(pixels.shape[-2], size[0]).to(pixels)
    columns = _lanczos_weights(pixels.shape[-1], size[1]).to(pixels)
    return (rows @ (pixels @ columns.T)).clamp(0, 1)


def _lanczos_weights(old: int, new: int, taps: int = 3) -> Tensor:
    """[new, old] weights of the Lanczos filter sinc(x) sinc(x / taps), widened when the picture shrinks."""
    widening = max(old / new, 1.0)
    centre = (torch.arange(new, dtype=torch.float64) + 0.5) * old / new - 0.5
    x = (torch.arange(old, dtype=torch.float64)[None] - centre[:, None]) / widening
    weights = torch.where(x.abs() < taps, torch.sinc(x) * torch.sinc(x / taps), 0.0)
    return weights / weights.sum(dim=1, keepdim=True)


RESIZE_METHODS: Mapping[str, Callable[[Tensor, tuple[int, int]], Tensor]] = {
    "bicubic": _bicubic,
    "bilinear": _bilinear,
    "lanczos": _lanczos,
    "area": _area,
    "nearest": _nearest,
}


def resize(pixels: Tensor, height: int, width: int, method: str) -> Tensor:
    """Another size, by one of RESIZE_METHODS; all but nearest are filtered against aliasing when they shrink."""
    if tuple(pixels.shape[-2:]) == (height, width):
        return pixels
    return RESIZE_METHODS[method](pixels, (height, width))


def fit(mask: Tensor, picture: Tensor) -> Tensor:
    """A mask [n, 1, h, w] at the size of a picture or of latents, each new pixel the mean of those it covers."""
    height, width = picture.shape[-2:]
    return resize(mask, height, width, "area")


def fit_inside(old: tuple[int, int], new: tuple[int, int], *, cover: bool) -> tuple[int, int]:
    """The (height, width) that keeps the proportions of `old` and just fits inside `new`, or just covers it."""
    scales = (new[0] / old[0], new[1] / old[1])
    scale = max(scales) if cover else min(scales)
    return max(1, round(old[0] * scale)), max(1, round(old[1] * scale))


def crop(pixels: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """The part of `height` x `width` pixels whose upper left corner is at (top, left)."""
    return pixels[..., top : top + height, left : left + width].clone()


def gaussian_blur(pixels: Tensor, sigma: float) -> Tensor:
    """Convolution with a Gaussian of standard deviation `sigma` pixels, cut at 3 sigma, the edges continued."""
    if sigma <= 0:
        return pixels
    reach = max(1, math.ceil(3 * sigma))
    x = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(pixels)
    channels = pixels.shape[1]
    padded = functional.pad(pixels, (reach, reach, reach, reach), mode="replicate")
    rows = functional.conv2d(padded, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return functional.conv2d(rows, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels).clamp(0, 1)


def levels(pixels: Tensor, black: float, white: float, gamma: float) -> Tensor:
    """((v - black) / (white - black)) ^ (1 / gamma), clipped to 0..1."""
    return ((pixels - black) / (white - black)).clamp(0, 1).pow(1 / gamma)
