"""Where things are and what they run on: folders from the environment, the settings file or the platform; device and
dtype by name."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.errors import InputError, WorkflowError, did_you_mean
from graph_engine.reader import read_yaml

__all__ = ["DEVICES", "DTYPES", "Locations", "pick_device", "pick_dtype"]

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16", "float16")
_NAMES = ("data", "cache", "outputs", "models")
_SEVERAL = ("models",)


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
        """From GRAPH_ENGINE_DATA, _CACHE, _OUTPUTS and _MODELS, else the settings file, else the platform's own.

        GRAPH_ENGINE_MODELS may name several folders, as PATH does; without any it is `models` in the data folder. The
        settings file is GRAPH_ENGINE_SETTINGS, else settings.yaml in the user's configuration folder; raises
        WorkflowError for one that cannot be used, with every problem.
        """
        import platformdirs

        own = platformdirs.PlatformDirs("graph-engine", appauthor=False)
        named = environment.get("GRAPH_ENGINE_SETTINGS")
        said = _read_settings(Path(named).absolute() if named else own.user_config_path / "settings.yaml", bool(named))
        said |= _from_environment(environment)
        (data,), (cache,) = said.get("data", (own.user_data_path,)), said.get("cache", (own.user_cache_path,))
        (outputs,) = said.get("outputs", (data / "outputs",))
        return Locations(data, cache, outputs, said.get("models", (data / "models",)))


_Said = dict[str, tuple[Path, ...]]
"""Field of Locations -> the folders that the user named."""


def _from_environment(environment: Mapping[str, str]) -> _Said:
    said = {name: environment.get(f"GRAPH_ENGINE_{name.upper()}") for name in _NAMES}
    return {
        name: tuple(Path(part) for part in (text.split(os.pathsep) if name in _SEVERAL else [text]) if part)
        for name, text in said.items()
        if text
    }


def _read_settings(file: Path, must_be: bool) -> _Said:
    """What the settings file says; its folders are relative to its own. A file that nobody wrote says nothing."""
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        if must_be:
            raise InputError(f"GRAPH_ENGINE_SETTINGS names {file}, which is not there") from None
        return {}
    except OSError as error:
        raise InputError(f"the settings file {file} cannot be read: {error}") from None
    document = read_yaml(text, str(file))
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise WorkflowError([document.problem((), f"wants a mapping of {', '.join(_NAMES)} to folders")])
    problems = [document.problem((name,), why) for name, value in data.items() if (why := _wrong(name, value))]
    if problems:
        raise WorkflowError(problems)
    return {name: tuple(file.parent / Path(part).expanduser() for part in _parts(data[name])) for name in data}


def _wrong(name: str, value: object) -> str:
    if name not in _NAMES:
        return f"unknown setting '{name}'.{did_you_mean(name, _NAMES)} The settings: {', '.join(_NAMES)}"
    parts = _parts(value)
    if all(isinstance(part, str) and part for part in parts) and (len(parts) == 1 or name in _SEVERAL):
        return ""
    return f"'{name}' wants a folder{' or a list of folders' if name in _SEVERAL else ''}; found {json.dumps(value)}"


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def pick_device(name: str) -> str:
    """`auto` becomes the best device here; raises InputError for one that is not here. torch is asked only on a machine
    that seems to have an accelerator, or when it would be a mistake."""
    if name not in DEVICES:
        raise InputError(f"device wants one of {', '.join(DEVICES)}; found '{name}'")
    here = "cuda" if os.path.exists("/dev/nvidiactl") else "mps" if _is_apple() else "cpu"
    if name == "auto":
        return here if _works(here) else "cpu"
    if name not in ("cpu", here) and not _works(name):
        raise InputError(f"there is no device '{name}' here; leave --device out, or give --device cpu")
    return name


def _is_apple() -> bool:
    return platform.system() == "Darwin" and platform.machine() == "arm64"


def _works(device: str) -> bool:
    """Whether torch can compute there."""
    if device == "cuda":
        import torch

        return torch.cuda.is_available()
    return device == "cpu" or _is_apple()


def pick_dtype(name: str, device: str) -> str:
    """`auto` is float32 on a CPU, where half precision is slow, and float16 elsewhere."""
    if name not in DTYPES:
        raise InputError(f"dtype wants one of {', '.join(DTYPES)}; found '{name}'")
    if name != "auto":
        return name
    return "float32" if device == "cpu" else "float16"
