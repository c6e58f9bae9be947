"""A new network out of a trained one: what fits is copied, what is new starts at zero or at its own beginning."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


@torch.no_grad()
def copy_matching(target: nn.Module, source: Mapping[str, Tensor]) -> list[str]:
    """Copy weights of the same name and shape into `target`; returns the names of those that stay as they are.

    Where only the inputs of a layer are more (dimension 1), the new ones come last and start at zero, so that the
    network begins as the one that it comes from.
    """
    fresh = []
    for name, parameter in target.named_parameters():
        known = source.get(name)
        if known is None or known.ndim != parameter.ndim:
            fresh.append(name)
        elif known.shape == parameter.shape:
            parameter.copy_(known)
        elif _wider_input(parameter, known):
            parameter.zero_()
            parameter[:, : known.shape[1]] = known
        else:
            fresh.append(name)
    return fresh


def _wider_input(parameter: Tensor, known: Tensor) -> bool:
    same = parameter.shape[0] == known.shape[0] and parameter.shape[2:] == known.shape[2:]
    return parameter.ndim > 1 and same and parameter.shape[1] > known.shape[1]


def zero(*parameters: Tensor | None) -> None:
    """Set parameters to zero."""
    with torch.no_grad():
        for parameter in parameters:
            if parameter is not None:
                parameter.zero_()
