"""The project's files: is it a package that pip can install and the engine can find?"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_engine.conformance.finding import Finding
from graph_engine.plugins import GROUP

__all__ = ["PACK_NAME", "RESERVED_NAMES", "Project", "read_project"]

PACK_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
RESERVED_NAMES = {"core", "inputs", "workflow", "subgraph"}


@dataclass(frozen=True)
class Project:
    """A plugin project: `packs` maps each entry point's name to its module."""

    folder: Path
    distribution: str
    version: str
    packs: Mapping[str, str]

    @property
    def import_folders(self) -> list[Path]:
        """Where its packages lie before it is installed."""
        return [folder for folder in (self.folder / "src", self.folder) if folder.is_dir()]

    def package_folder(self, module: str) -> Path | None:
        """The folder of a pack's package."""
        relative = Path(*module.split("."))
        return next((root / relative for root in self.import_folders if (root / relative).is_dir()), None)


def read_project(folder: Path) -> tuple[Project | None, list[Finding]]:
    """The project in a folder and what is wrong with its files; no project when its code cannot be tried."""
    path = folder / "pyproject.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None, [Finding("project", f"no pyproject.toml in {folder}; `graph-engine new-plugin` writes one")]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [Finding("project", f"pyproject.toml cannot be read: {error}")]
    table = data.get("project", {})
    packs = table.get("entry-points", {}).get(GROUP, {})
    project = Project(folder.resolve(), table.get("name", ""), str(table.get("version", "")), packs)
    findings = list(_complaints(project, table))
    return (project if packs else None), findings


def _complaints(project: Project, table: Mapping[str, Any]) -> Iterator[Finding]:
    if not project.packs:
        advice = f'[project.entry-points.{GROUP}] with a line such as my_pack = "my_package"'
        yield Finding("project", f"pyproject.toml names no pack; add {advice}")
    for pack, module in project.packs.items():
        if not PACK_NAME.fullmatch(pack) or pack in RESERVED_NAMES:
            yield Finding("project", f"'{pack}' is no good pack name; use lower-case letters, digits and _")
        package = project.package_folder(module)
        if package is None:
            yield Finding("project", f"the module '{module}' of the pack '{pack}' is not in this project")
        elif not (package / "py.typed").is_file():
            yield Finding(
                "project", f"{package.name}/py.typed is missing, so its types are invisible; add the empty file"
            )
    if not project.version and "version" not in table.get("dynamic", ()):
        yield Finding("project", "pyproject.toml gives no version; nobody can ask for a fixed one")
    if "requires-python" not in table:
        yield Finding("project", 'pyproject.toml does not say requires-python; write requires-python = ">=3.11"')
    dependencies = [re.split(r"[\s<>=!~;\[(]", item, maxsplit=1)[0] for item in table.get("dependencies", ())]
    if "graph-engine" not in dependencies and "dependencies" not in table.get("dynamic", ()):
        yield Finding("project", 'the dependencies lack "graph-engine", so pip may install the pack without the engine')
