"""Workflows that come with the program: read-only, each with a picture, to be opened and made one's own.

In an installed wheel they lie beside this file, in the repository in its folder workflows/. All methods are plain
functions that touch the disk: a handler calls them in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from graph_engine.context import Folders
from graph_engine.errors import WorkflowError
from graph_engine.files import FileRefused, find_in_roots
from graph_engine.workflow import Link, NodeEntry, Workflow, read_workflow
from graph_web.errors import Failure
from graph_web.library import Library, Opened, Saved

__all__ = ["Template", "TemplateModel", "Templates", "shipped_templates"]

_MOST_NESTING = 16
_LOADER = "core.load_model"


class TemplateModel(msgspec.Struct, frozen=True):
    """A model that a template asks for, by name, and whether a plugin brings it or it lies in a model folder."""

    name: str
    installed: bool


class Template(msgspec.Struct, frozen=True):
    """A workflow that comes with the program. system: the family that it belongs to, as its title begins; picture:
    whether /templates/{name}/picture has one; problem: why the file cannot be read, empty when it can."""

    name: str
    title: str
    description: str
    system: str
    picture: bool
    models: list[TemplateModel]
    etag: str
    problem: str = ""


TemplateList = list[Template]  # inside the class, `list` is the method


def shipped_templates() -> Path:
    """The folder of the workflows that came with this installation."""
    installed = Path(__file__).parent / "shipped"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "workflows"


class Templates:
    """The workflows in `folder` and in the folders in it, by their names alone; pictures lie in its `thumbnails`."""

    def __init__(self, folder: Path, folders: Folders) -> None:
        inner = (
            sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
            if folder.is_dir()
            else []
        )
        # they are only read, and so never make the trash
        self._libraries = [Library(path, path / ".trash") for path in (folder, *inner)]
        self._folder, self._folders = folder, folders

    def list(self) -> TemplateList:
        """All templates by name; a file is read again only when it changed."""
        found: dict[str, Template] = {}
        for library in self._libraries:
            for saved in library.list():
                found.setdefault(saved.name, self._described(library, saved))
        return [found[name] for name in sorted(found)]

    def open(self, name: str) -> tuple[Template, Opened, Library]:
        """A template with all of its file, and the library that it is in; Failure 404."""
        library = self._library(name)
        opened = library.open(name)
        return self._described(library, opened.saved), opened, library

    def picture(self, name: str) -> Path:
        """The small WEBP of a template; Failure 404 when there is none."""
        self._library(name)
        found = self._picture(name)
        if found is None:
            message = f"the template '{name}' has no picture; `python -m benchmarks.template_pictures {name}` makes it"
            raise Failure(404, "NoPicture", message)
        return found

    def _library(self, name: str) -> Library:
        found = next((library for library in self._libraries if library.exists(name)), None)
        if found is None:
            message = f"there is no template '{name}'; GET /api/v1/templates lists those there are"
            raise Failure(404, "NotFound", message)
        return found

    def _described(self, library: Library, saved: Saved) -> Template:
        workflow = None if saved.problem else library.load(saved.name)[0]
        models = sorted(set(_models(workflow, {}))) if workflow else []
        return Template(
            saved.name,
            saved.title,
            saved.description,
            saved.title.partition(",")[0].partition(" with ")[0],
            self._picture(saved.name) is not None,
            [TemplateModel(model, self._installed(model)) for model in models],
            saved.etag,
            saved.problem,
        )

    def _picture(self, name: str) -> Path | None:
        try:
            return find_in_roots(f"thumbnails/{name}.webp", [self._folder])
        except (FileRefused, FileNotFoundError):
            return None

    def _installed(self, model: str) -> bool:
        if model in self._folders.models:
            return Path(self._folders.models[model]).is_dir()
        return any((root / model).exists() for root in self._folders.model_roots)


def _models(workflow: Workflow, given: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The names that the model loaders of a workflow get: written, declared as a default, or given by who uses it."""
    inputs = {name: given.get(name, decl.default) for name, decl in workflow.inputs.items()}
    for entry in workflow.nodes.values():
        values = {**entry.values, **_linked(entry, inputs)}
        if entry.type == _LOADER:
            named = values.get("model")
            yield from (name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str))
        elif depth < _MOST_NESTING and (body := _body(workflow, entry)) is not None:
            yield from _models(body, values, depth + 1)


def _linked(entry: NodeEntry, inputs: Mapping[str, Any]) -> dict[str, Any]:
    links = {name: link for name, link in entry.links.items() if isinstance(link, Link) and link.node == "inputs"}
    return {name: inputs.get(link.output or "") for name, link in links.items()}


def _body(workflow: Workflow, entry: NodeEntry) -> Workflow | None:
    kind, _, name = entry.type.partition(":")
    if kind == "subgraph":
        return workflow.subgraphs.get(name)
    if kind != "workflow" or workflow.source is None:
        return None
    try:
        return read_workflow(find_in_roots(name, [workflow.source.parent]))
    except (OSError, FileRefused, WorkflowError):
        return None
