"""Runs jobs on an engine, in whichever process or thread this is: a job in, small events out, and an outcome."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from graph_engine import Engine, Folders, Result, Workflow, events
from graph_engine.errors import GraphEngineError, WorkflowError
from graph_engine.kinds import SavedFiles, kind_of
from graph_engine.plugins import Registry, load_registry, pack_from_module
from graph_engine.reader import read_json
from graph_engine.workflow import parse_workflow
from graph_web.runs.model import Failed, NodeOutcome, PreviewOptions
from graph_web.workers.base import Job, JobOutcome, Preview, Status, WorkerPlaces

__all__ = ["Runner", "make_engine"]

_REMEMBERED_WORKFLOWS = 64
_PROGRESS_EVERY = 0.1
"""Seconds between two reports of one node's steps."""


def make_registry(places: WorkerPlaces) -> Registry:
    """The packs that the places name, else the installed plugins."""
    packs = [pack_from_module(name, import_module(module)) for name, module in places.packs]
    registry = load_registry(packs or None)
    if places.templates:
        registry.workflows.append(Path(places.templates))
    return registry


def make_engine(places: WorkerPlaces, device: str = "") -> Engine:
    """An engine that reads below the input roots and writes below the outputs folder, and nowhere else."""
    roots = tuple(Path(root) for root in places.inputs)
    checkpoints = tuple(Path(folder) for folder in places.models)
    folders = Folders(outputs=Path(places.outputs), cache=Path(places.cache), inputs=roots, model_roots=checkpoints)
    return Engine(make_registry(places), folders, device=device or places.device, dtype=places.dtype, write_behind=True)


class Runner:
    """Runs jobs; safe to use from several threads at once."""

    def __init__(self, engine: Engine, places: WorkerPlaces) -> None:
        self.engine = engine
        self.places = places
        self._workflows: OrderedDict[str, Workflow] = OrderedDict()
        self._cancels: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def run(
        self, job: Job, on_event: Callable[[dict[str, Any]], None], on_preview: Callable[[Preview], None]
    ) -> JobOutcome:
        """Run a job to its end; what is wrong with it is in the outcome, never raised."""
        with self._lock:
            cancel = self._cancels.setdefault(job.run, threading.Event())
        try:
            told = Telling(job, on_event, on_preview)
            result = self.engine.run(
                self._workflow(job.document),
                job.inputs,
                job.options.targets,
                on_event=told,
                cancel=cancel,
                use_cache=job.options.use_cache,
                previews=job.options.previews is not None,
            )
            return self._outcome(result)
        except GraphEngineError as error:
            failure = Failed(type(error).__name__, str(error))
            return JobOutcome("failed", {"error": msgspec.to_builtins(failure)})
        finally:
            with self._lock:
                self._cancels.pop(job.run, None)

    def cancel(self, run: str) -> None:
        """Ask a job to stop; one that has not begun stops as it begins."""
        with self._lock:
            self._cancels.setdefault(run, threading.Event()).set()

    def status(self) -> Status:
        """What is loaded now."""
        engine = self.engine
        return Status(
            engine.device,
            engine.dtype,
            os.getpid(),
            sorted({_shown(key) for key in engine.warm.keys() if "@" in key}),  # noqa: SIM118 - it is no dict
            engine.warm.used_bytes,
            engine.cache.memory.used_bytes,
            _resident_bytes(),
        )

    def free(self) -> None:
        """Let warm models and values in memory go."""
        self.engine.warm.clear()
        self.engine.cache.memory.clear()

    def _workflow(self, document: str) -> Workflow:
        """The workflow of a document, the same object as long as it is remembered, so that its graph is too."""
        with self._lock:
            if document in self._workflows:
                self._workflows.move_to_end(document)
                return self._workflows[document]
        workflow = parse_workflow(read_json(document, "document"), self.places.unsaved)
        problems = self.engine.check(workflow)
        if problems:
            raise WorkflowError(problems)
        with self._lock:
            self._workflows[document] = workflow
            while len(self._workflows) > _REMEMBERED_WORKFLOWS:
                self._workflows.popitem(last=False)
        return workflow

    def _outcome(self, result: Result) -> JobOutcome:
        files: list[tuple[str, str, int]] = []
        outputs = {name: self._told(name, value, files) for name, value in result.outputs.items()}
        nodes = {name: NodeOutcome(report.state, round(report.seconds, 6)) for name, report in result.nodes.items()}
        body = {"outputs": outputs, "nodes": msgspec.to_builtins(nodes), "seconds": round(result.seconds, 6)}
        if result.error is not None:
            error = {name: value or "" for name, value in asdict(result.error).items()}
            body["error"] = msgspec.to_builtins(msgspec.convert(error, Failed))
        return JobOutcome(result.status, body, files)

    def _told(self, output: str, value: Any, files: list[tuple[str, str, int]]) -> Any:
        """A value as JSON; a file as `{"$file": n}`, its place in `files`."""
        if isinstance(value, SavedFiles):
            return [self._file(output, path, files) for path in value.paths]
        if isinstance(value, list | tuple):
            return [self._told(output, item, files) for item in value]
        if isinstance(value, dict):
            return {str(name): self._told(output, item, files) for name, item in value.items()}
        found = kind_of(type(value))
        return {"kind": found.name} if found else value

    def _file(self, output: str, path: str, files: list[tuple[str, str, int]]) -> dict[str, int]:
        relative = os.path.relpath(path, self.places.outputs)
        files.append((output, Path(relative).as_posix(), os.path.getsize(path)))
        return {"$file": len(files) - 1}


class Telling:
    """Turns the engine's events into small JSON, and previews into small pictures, no more of them than are wanted."""

    def __init__(
        self, job: Job, on_event: Callable[[dict[str, Any]], None], on_preview: Callable[[Preview], None]
    ) -> None:
        self.job = job
        self.on_event = on_event
        self.on_preview = on_preview
        self._last_progress: dict[str, float] = {}
        self._last_preview: dict[str, float] = {}

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.NodePreview):
            self._preview(event)
        elif isinstance(event, events.NodeProgress):
            if event.step == event.total or self._due(self._last_progress, event.node, _PROGRESS_EVERY):
                self.on_event({"type": "progress", "node": event.node, "step": event.step, "total": event.total})
        elif (told := _told(event)) is not None:
            self.on_event(told)

    def _preview(self, event: events.NodePreview) -> None:
        options = self.job.options.previews
        if options and self._due(self._last_preview, event.node, 1 / options.per_second):
            made = encode_preview(event.value, options)
            if made is not None:
                data, width, height = made
                self.on_preview(Preview(self.job.run, event.node, options.format, width, height, data))

    def _due(self, last: dict[str, float], node: str, every: float) -> bool:
        now = time.monotonic()
        if now - last.get(node, -every) < every:
            return False
        last[node] = now
        return True


def _told(event: events.Event) -> dict[str, Any] | None:
    match event:
        case events.RunStarted(to_run, cached):
            return {"type": "plan", "to_run": to_run, "cached": cached}
        case events.NodeStarted(node, node_type):
            return {"type": "started", "node": node, "of": node_type}
        case events.NodeFinished(node, seconds):
            return {"type": "finished", "node": node, "seconds": round(seconds, 4)}
        case events.NodeCached(node, source):
            return {"type": "cached", "node": node, "source": source}
        case events.NodeFailed(node, message):
            return {"type": "failed", "node": node, "message": message}
        case events.NodeExpanded(node, nodes):
            return {"type": "expanded", "node": node, "nodes": len(nodes)}
        case events.RunWarning(message, node):
            return {"type": "warning", "message": message, **({"node": node} if node else {})}
    return None


def encode_preview(value: object, options: PreviewOptions) -> tuple[bytes, int, int] | None:
    """(bytes, width, height) of the first picture of an Image; None for a value that is no picture."""
    pixels = getattr(value, "pixels", None)
    if pixels is None:
        return None
    import io

    from PIL import Image

    array = (pixels[0].detach().float().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    picture = Image.fromarray(array)
    scale = options.size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BILINEAR if scale < 1 else Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, options.format.upper(), quality=80)
    return buffer.getvalue(), width, height


def _shown(key: str) -> str:
    """`shapes/glide@1234/denoiser:cpu:float32` as `shapes/glide denoiser`."""
    model, _, rest = key.partition("@")
    return f"{model} {rest.partition('/')[2].partition(':')[0]}"


def _resident_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)
