"""The training loop that all recipes share: bfloat16 autocast, Muon and AdamW, moving average, resumable."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from graph_engine_shapes import checkpoint
from graph_engine_shapes.optimiser import Average, Muon, split

SAVE_MINUTES = 2.0
WATCH_MINUTES = 6.0
WARMUP_STEPS = 100
DECAY_FROM = 0.55
"""The learning rate is constant up to this part of the minutes, then falls linearly to zero."""


class Task(Protocol):
    """A recipe as the loop sees it. `loss` draws its own batch from the generator, which is seeded by the step."""

    batch: int
    matrix_rate: float
    rest_rate: float
    average: float

    def build(self) -> nn.Module:
        """A fresh model."""

    def loss(self, model: Any, step: int, generator: torch.Generator) -> Tensor:
        """The loss of one batch."""


def start(task: Task, folder: Path) -> checkpoint.State:
    """The training's state: the checkpoint of `folder`, or a fresh one."""
    torch.manual_seed(0)
    model = task.build().to(memory_format=torch.channels_last)
    matrices, rest = split(model)
    optimisers = [Muon(matrices, task.matrix_rate), torch.optim.AdamW(rest, task.rest_rate, weight_decay=0.0)]
    state = checkpoint.State(model, Average(model, task.average), optimisers)
    checkpoint.load(state, folder)
    return state


def rate(step: int, minutes: float, budget: float) -> float:
    """The learning rate's factor at a step: warm-up, constant, linear to zero at the end of the budget."""
    left = (1 - minutes / budget) / (1 - DECAY_FROM)
    return min(1.0, (step + 1) / WARMUP_STEPS, max(left, 0.0))


def train_step(task: Task, state: checkpoint.State, factor: float, forward: Callable[..., Any] | None = None) -> Tensor:
    """One step: loss, gradients, both optimisers, moving average. `forward` is the model where it was compiled."""
    generator = torch.Generator().manual_seed(state.counters.step)
    with torch.autocast("cpu", torch.bfloat16):
        loss = task.loss(state.model if forward is None else forward, state.counters.step, generator)
    loss.backward()
    for optimiser, full in zip(state.optimisers, (task.matrix_rate, task.rest_rate), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = full * factor
        optimiser.step()
        optimiser.zero_grad()
    state.average.update(state.model, state.counters.step)
    state.counters.step += 1
    state.counters.pictures += task.batch
    return loss.detach()


def train(
    task: Task,
    folder: Path,
    minutes: float,
    watch: Callable[[], object] | None = None,
    max_steps: int | None = None,
    compiled: bool = False,
) -> checkpoint.State:
    """Train until `minutes` of processor time in all (earlier runs counted) are spent, saving as it goes.

    `watch` is called on a fresh checkpoint every WATCH_MINUTES and at the end; its own time is not counted.
    """
    state = start(task, folder)
    counters = state.counters
    counters.compiled = compiled
    forward = torch.compile(state.model) if compiled else None
    mean, saved, watched = 0.0, counters.minutes, counters.minutes
    with tqdm(
        total=round(minutes, 1),
        initial=round(counters.minutes, 2),
        unit="min",
        bar_format="{desc} {percentage:3.0f}%|{bar}| {n:.2f}/{total} min{postfix}",
    ) as bar:
        while counters.minutes < minutes and (max_steps is None or counters.step < max_steps):
            began = time.process_time()
            loss = float(train_step(task, state, rate(counters.step, counters.minutes, minutes), forward))
            mean = loss if mean == 0 else 0.98 * mean + 0.02 * loss
            spent = (time.process_time() - began) / 60
            counters.minutes += spent
            bar.update(spent)
            bar.set_postfix(loss=f"{mean:.4f}", step=counters.step, per_s=round(task.batch / spent / 60, 1))
            if counters.minutes - saved > SAVE_MINUTES:
                saved = counters.minutes
                checkpoint.save(state, folder)
                if watch and counters.minutes - watched > WATCH_MINUTES:
                    watched = counters.minutes
                    watch()
    checkpoint.save(state, folder)
    if watch:
        watch()
    return state
