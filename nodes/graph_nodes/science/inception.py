"""The Inception network of the published FID figures (Szegedy et al. 2015, as Heusel et al. 2017 used it).

It is InceptionV3 with three differences that its TensorFlow original has: averages over a border leave the padding out,
and the last block takes a maximum where the others take an average. The tensors are named as torchvision and
pytorch-fid name them; batch norm keeps its trained statistics.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["SIZE", "features", "prepare"]

SIZE = 299
Weights = Mapping[str, Tensor]


def prepare(pictures: Tensor) -> Tensor:
    """Pictures [n, 3, h, w], 0..1, as the network reads them: 299 x 299 by bilinear interpolation, -1..1."""
    resized = functional.interpolate(pictures, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    return resized * 2 - 1


def features(weights: Weights, x: Tensor) -> Tensor:
    """The last average [n, 2048] of prepared pictures [n, 3, 299, 299]; raises KeyError where a tensor is missing."""
    x = _unit(weights, "Conv2d_1a_3x3", x, stride=2, same=False)
    x = _unit(weights, "Conv2d_2a_3x3", x, same=False)
    x = _unit(weights, "Conv2d_2b_3x3", x)
    x = functional.max_pool2d(x, 3, 2)
    x = _unit(weights, "Conv2d_3b_1x1", x)
    x = _unit(weights, "Conv2d_4a_3x3", x, same=False)
    x = functional.max_pool2d(x, 3, 2)
    for block in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        x = _block_a(weights, block, x)
    x = _block_b(weights, "Mixed_6a", x)
    for block in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        x = _block_c(weights, block, x)
    x = _block_d(weights, "Mixed_7a", x)
    x = _block_e(weights, "Mixed_7b", x, _average(x))
    x = _block_e(weights, "Mixed_7c", x, functional.max_pool2d(x, 3, 1, 1))
    return x.mean(dim=(2, 3))


def _unit(weights: Weights, name: str, x: Tensor, stride: int = 1, same: bool = True) -> Tensor:
    """Convolution, batch norm, ReLU; `same` pads so that the size stays."""
    kernel = weights[f"{name}.conv.weight"]
    padding = (kernel.shape[2] // 2, kernel.shape[3] // 2) if same else 0
    x = functional.conv2d(x, kernel, stride=stride, padding=padding)
    mean, variance, scale, shift = (
        weights[f"{name}.bn.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
    )
    return functional.relu(functional.batch_norm(x, mean, variance, scale, shift, eps=0.001))


def _chain(weights: Weights, block: str, branch: str, steps: str, x: Tensor) -> Tensor:
    """Units `branch_1`, `branch_2` and so on, one after the other."""
    for step in steps:
        x = _unit(weights, f"{block}.{branch}_{step}", x)
    return x


def _average(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def _block_a(weights: Weights, block: str, x: Tensor) -> Tensor:
    return torch.cat(
        [
            _unit(weights, f"{block}.branch1x1", x),
            _chain(weights, block, "branch5x5", "12", x),
            _chain(weights, block, "branch3x3dbl", "123", x),
            _unit(weights, f"{block}.branch_pool", _average(x)),
        ],
        dim=1,
    )


def _block_b(weights: Weights, block: str, x: Tensor) -> Tensor:
    double = _chain(weights, block, "branch3x3dbl", "12", x)
    return torch.cat(
        [
            _unit(weights, f"{block}.branch3x3", x, stride=2, same=False),
            _unit(weights, f"{block}.branch3x3dbl_3", double, stride=2, same=False),
            functional.max_pool2d(x, 3, 2),
        ],
        dim=1,
    )


def _block_c(weights: Weights, block: str, x: Tensor) -> Tensor:
    return torch.cat(
        [
            _unit(weights, f"{block}.branch1x1", x),
            _chain(weights, block, "branch7x7", "123", x),
            _chain(weights, block, "branch7x7dbl", "12345", x),
            _unit(weights, f"{block}.branch_pool", _average(x)),
        ],
        dim=1,
    )


def _block_d(weights: Weights, block: str, x: Tensor) -> Tensor:
    three = _chain(weights, block, "branch3x3", "1", x)
    seven = _chain(weights, block, "branch7x7x3", "123", x)
    return torch.cat(
        [
            _unit(weights, f"{block}.branch3x3_2", three, stride=2, same=False),
            _unit(weights, f"{block}.branch7x7x3_4", seven, stride=2, same=False),
            functional.max_pool2d(x, 3, 2),
        ],
        dim=1,
    )


def _block_e(weights: Weights, block: str, x: Tensor, pooled: Tensor) -> Tensor:
    three = _chain(weights, block, "branch3x3", "1", x)
    double = _chain(weights, block, "branch3x3dbl", "12", x)
    return torch.cat(
        [
            _unit(weights, f"{block}.branch1x1", x),
            _unit(weights, f"{block}.branch3x3_2a", three),
            _unit(weights, f"{block}.branch3x3_2b", three),
            _unit(weights, f"{block}.branch3x3dbl_3a", double),
            _unit(weights, f"{block}.branch3x3dbl_3b", double),
            _unit(weights, f"{block}.branch_pool", pooled),
        ],
        dim=1,
    )
