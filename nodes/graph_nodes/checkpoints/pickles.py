"""A pickle checkpoint made into safetensors, once, in a process of its own: the one place where a pickle is opened.

torch opens it with weights_only, which makes nothing but tensors and plain containers. That has been got round before
(CVE-2025-32434), so the process that does it is another one, holds nothing, and ends when it is done.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from graph_engine import GraphEngineError
from graph_nodes.checkpoints.headers import read_header

__all__ = ["PickleRefused", "convert"]

_SECONDS = 3600


class PickleRefused(GraphEngineError):
    """A pickle holds more than tensors, or is damaged."""


def convert(source: Path, target: Path) -> None:
    """Write the tensors of a pickle checkpoint as safetensors; raises PickleRefused when it holds anything else."""
    if target.exists():
        raise PickleRefused(f"{target} is there already; name a file that is not")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        command = [sys.executable, "-m", __name__, str(source), str(unfinished)]
        child = subprocess.run(  # noqa: S603 - this interpreter and this module, on two paths
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if child.returncode != 0:
            reason = (child.stderr.strip().splitlines() or ["the child process died"])[-1][:300]
            raise PickleRefused(f"{source} was not converted: {reason}")
        read_header(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _tensors(found: Any) -> dict[str, Any]:
    """The tensors of a checkpoint by name; training programs put them below `state_dict` or `model`."""
    import torch

    for key in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    tensors = {str(name): tensor for name, tensor in found.items() if isinstance(tensor, torch.Tensor)}
    if not tensors:
        raise ValueError("it holds no tensors by name")
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def _main(source: str, target: str) -> int:
    import torch
    from safetensors.torch import save_file

    try:
        found = torch.load(source, map_location="cpu", weights_only=True)
        save_file(_tensors(found), target, {"format": "pt"})
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file raises, the parent is told in a line
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(*sys.argv[1:]))
