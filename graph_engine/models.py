"""Which models there are: those that plugins name, and those that lie below the model folders."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Every model, by name, read anew at each call; one that cannot be read is listed with its problem."""
    descriptions = {name: source.description for name, source in registry.models.items()}
    places = model_places(registry, folders)
    return [_found(registry, name, path, descriptions.get(name, "")) for name, path in sorted(places.items())]


def model_places(registry: Registry, folders: Folders) -> dict[str, Path]:
    """The folder or file of every model by name, read anew at each call; none of them is opened."""
    places = {name: Path(path) for name, path in folders.models.items()}
    for reader in registry.model_readers:
        for root in folders.model_roots:
            for name in reader.find(root):
                places.setdefault(name, root / name)
        for name, path in reader.elsewhere():
            places.setdefault(name, path)
    return places


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


def _found(registry: Registry, name: str, path: Path, description: str) -> FoundModel:
    try:
        facts = describe_model(registry.model_readers, name, path)
    except Exception as error:  # noqa: BLE001 - a plugin's reader may stumble over whatever lies there
        known = isinstance(error, GraphEngineError | OSError)
        return FoundModel(name, path, description, None, str(error) if known else f"{type(error).__name__}: {error}")
    return FoundModel(name, path, description or facts.description, facts)
