"""A pickle checkpoint made into safetensors, once, in a process of its own: the one place where a pickle is opened.

torch opens it with weights_only, which makes nothing but tensors and plain containers. That has been got round before
(CVE-2025-32434), so the process that does it is another one, holds nothing, and ends when it is done.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graph_engine import GraphEngineError
from graph_nodes.checkpoints.headers import read_header
from graph_nodes.checkpoints.single_file import SUFFIX

__all__ = ["PickleRefused", "convert"]

_SECONDS = 3600


class PickleRefused(GraphEngineError):
    """A pickle holds more than tensors, or is damaged."""


def convert(source: Path, target: Path, group: str = "") -> list[str]:
    """Write the tensors of a pickle checkpoint as safetensors, and tell the names of what is left out.

    group: under which name the tensors are, where it is not `state_dict` or `model`. Raises PickleRefused when it holds
    objects, no tensors, or several groups of them.
    """
    if target.suffix != SUFFIX:
        raise PickleRefused(f"{target} must end with {SUFFIX}, or nothing would read it")
    if target.exists():
        raise PickleRefused(f"{target} is there already; name a file that is not")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        command = [sys.executable, "-m", __name__, str(source), str(unfinished), group]
        child = subprocess.run(  # noqa: S603 - this interpreter and this module, on two paths and a name
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if child.returncode != 0:
            reason = (child.stderr.strip().splitlines() or ["the child process died"])[-1][:500]
            raise PickleRefused(f"{source} was not converted: {reason}")
        read_header(unfinished)
        unfinished.rename(target)
        return [str(name) for name in json.loads(child.stdout)]
    finally:
        unfinished.unlink(missing_ok=True)


def _tensors(found: Any, group: str) -> tuple[dict[str, Any], list[str]]:
    """(the tensors of a checkpoint by name, what is left out); training programs put them below another name."""
    import torch

    left: list[str] = []
    for name in (group,) if group else ("state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            left += [str(other) for other in found if other != name]
            found = found[name]
        elif group:
            raise ValueError(f"it has no group {group!r}; it has {', '.join(_groups(found)) or 'none'}")
    if groups := _groups(found):
        raise ValueError(f"it holds groups of tensors, {', '.join(groups)}; name one: --group {groups[0]}")
    tensors = {str(name): tensor for name, tensor in dict(found).items() if isinstance(tensor, torch.Tensor)}
    if not tensors:
        raise ValueError("it holds no tensors by name")
    left += [str(name) for name in found if str(name) not in tensors]
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, left


def _groups(found: Any) -> list[str]:
    """Names below which there are tensors."""
    import torch

    if not isinstance(found, Mapping):
        return []
    inside = {name: value.values() for name, value in found.items() if isinstance(value, Mapping)}
    return [str(name) for name, values in inside.items() if any(isinstance(one, torch.Tensor) for one in values)]


def _open(source: str) -> Any:
    import torch

    try:
        return torch.load(source, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's file raises whatever it likes
        named = re.search(r"GLOBAL (\S+)", str(error))
        if named:
            raise ValueError(f"it holds {named[1]}, which could run code; nothing but tensors is read") from None
        raise ValueError(
            f"it is damaged, or no checkpoint of torch with tensors alone ({type(error).__name__})"
        ) from None


def _main(source: str, target: str, group: str) -> int:
    from safetensors.torch import save_file

    try:
        tensors, left = _tensors(_open(source), group)
        save_file(tensors, target, {"format": "pt"})
    except Exception as error:  # noqa: BLE001 - the parent is told in a line
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write(json.dumps(left))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(*sys.argv[1:]))
