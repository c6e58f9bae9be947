"""One name space for models: names that plugins bring, folders and files below the model folders, and the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graph_engine import Context
from graph_engine.errors import did_you_mean
from graph_engine.files import FileRefused, find_in_roots
from graph_nodes.checkpoints.hub import PREFIX, find_snapshot
from graph_nodes.errors import ModelRefused

__all__ = ["locate"]


def locate(context: Context, name: str) -> Path:
    """The folder or the file that a model's name stands for; raises ModelRefused that says which names there are."""
    models = context.folders.models
    if name in models:
        return Path(models[name])
    if name.startswith(PREFIX):
        return find_snapshot(name)
    found = _below_roots(context, name)
    if found is not None:
        return found
    names = sorted({*models, *_beside(context)})
    known = ", ".join(names) or "none: install a plugin that brings models"
    places = context.folders.model_roots
    roots = ", ".join(str(root) if root.is_dir() else f"{root} (which is not there)" for root in places)
    looked = f"; a folder or file of that name would lie in {roots}" if roots else ""
    raise ModelRefused(f"no model is called {name!r}.{did_you_mean(name, names)} The models here: {known}{looked}")


def _beside(context: Context) -> Iterator[str]:
    """What lies at the top of the model folders."""
    for root in context.folders.model_roots:
        if root.is_dir():
            yield from (path.name for path in root.iterdir() if not path.name.startswith(".") and path.exists())


def _below_roots(context: Context, name: str) -> Path | None:
    """A folder or a file below the model folders or beside the workflow; None when there is no such thing."""
    folders = context.folders
    roots = (*folders.model_roots, *folders.inputs)
    path = _relative(name, roots)
    for is_folder in (True, False):
        try:
            return find_in_roots(path, roots, folders.granted, folder=is_folder)
        except FileNotFoundError:
            continue
        except FileRefused as error:
            reason = str(error).partition(";")[0]
            raise ModelRefused(
                f"no model is called {name!r}: {reason}. A name is a path below a model folder; "
                "these are named by --models, GRAPH_ENGINE_MODELS or the settings file"
            ) from None
    broken = next((root / path for root in roots if (root / path).is_symlink()), None)
    if broken:
        raise ModelRefused(
            f"no model is called {name!r}: {broken} is a link to {broken.readlink()}, which is not there"
        )
    return None


def _relative(name: str, roots: tuple[Path, ...]) -> str:
    """An absolute path below a root as the path from there; everything else as it is."""
    path = Path(name)
    for root in roots if path.is_absolute() else ():
        if path.is_relative_to(root.absolute()):
            return path.relative_to(root.absolute()).as_posix()
    return name
