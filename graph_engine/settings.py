"""Where things are and what they run on: folders from flags, environment or the platform; device and dtype by name."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graph_engine.errors import InputError

__all__ = ["DEVICES", "DTYPES", "Locations", "pick_device", "pick_dtype"]

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Locations:
    """data: what the program keeps; cache: what it may forget; outputs: the user's pictures; models: folders in which
    checkpoints lie."""

    data: Path
    cache: Path
    outputs: Path
    models: tuple[Path, ...] = ()

    @staticmethod
    def find(environment: Mapping[str, str] = os.environ) -> Locations:
        """From GRAPH_ENGINE_DATA, _CACHE, _OUTPUTS and _MODELS, else the platform's user folders.

        GRAPH_ENGINE_MODELS may name several folders, as PATH does; else it is `models` in the data folder.
        """
        import platformdirs

        name = "graph-engine"
        data = Path(environment.get("GRAPH_ENGINE_DATA") or platformdirs.user_data_path(name, appauthor=False))
        cache = Path(environment.get("GRAPH_ENGINE_CACHE") or platformdirs.user_cache_path(name, appauthor=False))
        outputs = Path(environment.get("GRAPH_ENGINE_OUTPUTS") or data / "outputs")
        named = environment.get("GRAPH_ENGINE_MODELS") or str(data / "models")
        return Locations(data, cache, outputs, tuple(Path(name) for name in named.split(os.pathsep) if name))


def pick_device(name: str) -> str:
    """`auto` becomes the best device here; torch is asked only on a machine that seems to have an accelerator."""
    if name not in DEVICES:
        raise InputError(f"device wants one of {', '.join(DEVICES)}; found '{name}'")
    if name != "auto":
        return name
    if os.path.exists("/dev/nvidiactl"):
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"
    return "mps" if platform.system() == "Darwin" and platform.machine() == "arm64" else "cpu"


def pick_dtype(name: str, device: str) -> str:
    """`auto` is float32 on a CPU, where half precision is slow, and float16 elsewhere."""
    if name not in DTYPES:
        raise InputError(f"dtype wants one of {', '.join(DTYPES)}; found '{name}'")
    if name != "auto":
        return name
    return "float32" if device == "cpu" else "float16"
