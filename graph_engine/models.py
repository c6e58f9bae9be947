"""Which models there are: those that plugins name, and those that lie below the model folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graph_engine.context import Folders
from graph_engine.errors import GraphEngineError, InputError, did_you_mean
from graph_engine.hookspecs import ModelFacts, ModelReader
from graph_engine.plugins import Registry

__all__ = ["FoundModel", "describe_model", "find_models", "locate_model", "model_places"]


@dataclass(frozen=True)
class FoundModel:
    """A model by the name that core.load_model takes. facts: what a reader tells of it; problem: why it cannot."""

    name: str
    path: Path
    description: str = ""
    facts: ModelFacts | None = None
    problem: str = ""


def find_models(registry: Registry, folders: Folders) -> list[FoundModel]:
    """Every model, by name, read anew at each call; what cannot be read is listed with its problem."""
    descriptions = {name: source.description for name, source in registry.models.items()}
    places = _places(registry, folders)
    return [_found(registry, name, place, descriptions.get(name, "")) for name, place in sorted(places.items())]


def model_places(registry: Registry, folders: Folders) -> dict[str, Path]:
    """The folder or file of every model by name, read anew at each call; none of them is opened."""
    return {name: place.path for name, place in _places(registry, folders).items()}


@dataclass(frozen=True)
class _Place:
    path: Path
    problem: str = ""


def _places(registry: Registry, folders: Folders) -> dict[str, _Place]:
    places = {name: _Place(Path(path)) for name, path in folders.models.items()}
    for reader in registry.model_readers:
        for where in (*folders.model_roots, None):
            try:
                for name, place in _below(reader, where) if where else _elsewhere(reader):
                    places.setdefault(name, place)
            except Exception as error:  # noqa: BLE001 - a plugin's reader may stumble over whatever lies there
                name = reader.find.__module__
                problem = f"what reads models there failed: {type(error).__name__}: {error}"
                places.setdefault(name, _Place((where or Path()) / name, problem))
    return places


def _below(reader: ModelReader, root: Path) -> Iterator[tuple[str, _Place]]:
    """What lies in a model folder. A symbolic link that leads out of it is told, because a name may not follow it."""
    for name in reader.find(root):
        path = root / name
        outside = not path.resolve().is_relative_to(root.resolve())
        problem = f"it leads out of {root} through a symbolic link; give the folder it lies in to --models"
        yield name, _Place(path, problem if outside else "")


def _elsewhere(reader: ModelReader) -> Iterator[tuple[str, _Place]]:
    for name, path in reader.elsewhere():
        yield name, _Place(path)


def locate_model(registry: Registry, folders: Folders, name: str, cwd: Path) -> Path:
    """The folder or file that a person named: a model's name, a path below the model folders, or any path at all."""
    if name in folders.models:
        return Path(folders.models[name])
    for reader in registry.model_readers:
        found = reader.locate(name)
        if found is not None:
            return found
    for root in (*folders.model_roots, cwd):
        if (root / name).exists():
            return root / name
    raise InputError(f"no model is called '{name}'.{did_you_mean(name, folders.models)} See: graph-engine models")


def describe_model(readers: Iterable[ModelReader], name: str, path: Path) -> ModelFacts:
    """The facts of a model by the first reader that knows its layout; raises the last one's error."""
    error: GraphEngineError = InputError(f"no plugin here can read '{name}'")
    for reader in readers:
        try:
            return reader.describe(name, path)
        except GraphEngineError as problem:
            error = problem
    raise error


def _found(registry: Registry, name: str, place: _Place, description: str) -> FoundModel:
    if place.problem:
        return FoundModel(name, place.path, description, None, place.problem)
    try:
        facts = describe_model(registry.model_readers, name, place.path)
    except Exception as error:  # noqa: BLE001 - a plugin's reader may stumble over whatever lies there
        known = isinstance(error, GraphEngineError | OSError)
        problem = str(error) if known else f"{type(error).__name__}: {error}"
        return FoundModel(name, place.path, description, None, problem)
    return FoundModel(name, place.path, description or facts.description, facts)
