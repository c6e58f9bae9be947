"""What a loader may choose for a module: where its weights wait, in what pieces it works, whether it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph_nodes.errors import Misfit

__all__ = ["DTYPES", "apply", "keep_in_host"]

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Dtypes of safetensors files that a network can compute in -> their names here."""

_WHOLE = ["TransformerEncoderLayer"]
"""Classes that compute with the weights of the modules in them, whose weights come to the device together: torch's own
transformer, of which GLIDE's towers are made."""


def apply(module: Any, options: Mapping[str, Any], device: str) -> Any:
    """The module on the device, with the options that it knows; it is compiled last.

    offload: each layer's weights come to the device when it computes, and go again. slices: attention in slices, and
    an autoencoder in tiles. compile: by torch.compile, which takes a minute and pays after some dozen pictures.
    """
    if options.get("slices"):
        _slice(module)
    offloads = options.get("offload") and device != "cpu"  # on a CPU there is nowhere to take the weights from
    placed = keep_in_host(module, device) if offloads else module.to(device)
    if not options.get("compile"):
        return placed
    import torch

    if options.get("offload"):
        raise Misfit("a model is either compiled or offloaded, not both; choose one at core.load_model")
    return torch.compile(placed)


def _slice(module: Any) -> None:
    for name in ("tiling", "slicing"):
        if hasattr(module, f"use_{name}"):  # every autoencoder has the method, but not every one can
            getattr(module, f"enable_{name}")()
    if hasattr(module, "set_attention_slice"):
        module.set_attention_slice("auto")


def keep_in_host(module: Any, device: str) -> Any:
    """The weights wait in the host's memory; those of a layer are on the device while it computes."""
    import accelerate
    import torch

    accelerate.cpu_offload(module, execution_device=torch.device(device), preload_module_classes=_WHOLE)
    return module
