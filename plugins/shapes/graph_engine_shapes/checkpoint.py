"""Training checkpoints: one safetensors file, replaced by rename, so that kill -9 leaves the old or the new one."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from graph_engine_shapes.optimiser import Average

FILE = "checkpoint.safetensors"


@dataclass
class Counters:
    """How far a training has come."""

    step: int = 0
    pictures: int = 0
    minutes: float = 0.0
    compiled: bool = False


@dataclass
class State:
    """All that a training is made of."""

    model: nn.Module
    average: Average
    optimisers: list[torch.optim.Optimizer]
    counters: Counters = field(default_factory=Counters)


def save(state: State, folder: Path) -> None:
    """Write the checkpoint of `folder` atomically."""
    tensors: dict[str, Tensor] = {}
    tensors |= {f"model.{k}": v for k, v in state.model.named_parameters() if v.requires_grad}
    tensors |= {f"average.{k}": v for k, v in state.average.weights.items()}
    for number, optimiser in enumerate(state.optimisers):
        for index, values in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{index}.{k}": v for k, v in values.items()}
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / (FILE + ".partial")
    contiguous = {k: v.detach().contiguous() for k, v in tensors.items()}
    save_file(contiguous, partial, metadata={"counters": json.dumps(asdict(state.counters))})
    os.replace(partial, folder / FILE)


def load(state: State, folder: Path) -> bool:
    """Fill `state` from the checkpoint of `folder`; False where there is none."""
    if not (folder / FILE).exists():
        return False
    with safe_open(folder / FILE, "pt") as file:
        state.counters = Counters(**json.loads(file.metadata()["counters"]))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    with torch.no_grad():
        for name, parameter in state.model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(tensors[f"model.{name}"])
    for name, weight in state.average.weights.items():
        weight.copy_(tensors[f"average.{name}"])
    for number, optimiser in enumerate(state.optimisers):
        _load_optimiser(optimiser, f"optimiser.{number}.", tensors)
    return True


def _load_optimiser(optimiser: torch.optim.Optimizer, prefix: str, tensors: dict[str, Tensor]) -> None:
    values: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            values.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({"state": values, "param_groups": optimiser.state_dict()["param_groups"]})


def averaged(folder: Path) -> tuple[dict[str, Tensor], Counters]:
    """The averaged weights of a training, and how far it had come."""
    with safe_open(folder / FILE, "pt") as file:
        names = [name for name in file.keys() if name.startswith("average.")]  # noqa: SIM118
        weights = {name.removeprefix("average."): file.get_tensor(name) for name in names}
        return weights, Counters(**json.loads(file.metadata()["counters"]))
