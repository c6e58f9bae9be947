"""The network of one component out of its own folder, by its library's loader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_nodes.checkpoints.blame import blaming
from graph_nodes.checkpoints.weight_files import check_weights, find_weights
from graph_nodes.errors import ModelRefused

if TYPE_CHECKING:
    import torch

__all__ = ["load_folder"]


def load_folder(component: Any, folder: Path, dtype: torch.dtype) -> Any:
    """A module of the class `component`; raises ModelRefused when the folder's weights are not those of its config.

    The weights stay a view of the mapped file when they are stored in `dtype`.
    """
    weights = find_weights(folder)
    for file in weights.files:
        check_weights(file)
    # transformers tells what does not fit; diffusers raises, and knows no such switch when it maps a file.
    told = {"ignore_mismatched_sizes": True} if component.__module__.startswith("transformers.") else {}
    with blaming(folder, component):
        module, found = component.from_pretrained(
            folder,
            dtype=dtype,
            variant=weights.variant or None,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **told,
        )
    _check(component.__name__, folder, found)
    return module


def _check(name: str, folder: Path, found: Mapping[str, Any]) -> None:
    """What is left over is another tower of the same file; what is missing would be noise, another one in every run."""
    for tensor, stored, wanted in sorted(found["mismatched_keys"]):
        raise ModelRefused(
            f"{folder}: config and weights do not make a {name}: {tensor} expected shape {list(wanted)}, "
            f"but got {list(stored)}"
        )
    if found["missing_keys"]:
        missing = sorted(found["missing_keys"])
        raise ModelRefused(f"{folder} has no weights for {len(missing)} tensors of a {name}, such as {missing[0]}")
