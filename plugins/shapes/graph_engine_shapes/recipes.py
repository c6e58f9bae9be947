"""From a training's name to its task and to what watches it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from graph_engine_shapes.loop import Task


def task_of(name: str, folder_of: Callable[[str], Path]) -> Task:
    """The recipe called `name`; `folder_of` says where the trainings lie that it builds on."""
    from graph_engine_shapes.clip_task import ClipTask
    from graph_engine_shapes.picture_task import BaseTask, UpsamplerTask
    from graph_engine_shapes.text_task import TextTask

    if name == "glide-text":
        return TextTask()
    if name == "glide":
        return BaseTask(folder_of("glide-text"))
    if name == "glide-upsampler":
        return UpsamplerTask(folder_of("glide-text"))
    if name == "clip":
        return ClipTask()
    raise ValueError(f"no recipe is called {name!r}; there are glide-text, glide, glide-upsampler, clip")


def watcher_of(name: str, folder: Path) -> Callable[[], object] | None:
    """What logs the alignment of `name` over time, where there is such a thing."""
    if name == "glide-text":
        return None
    from graph_engine_shapes.watch import note

    return partial(note, folder)
