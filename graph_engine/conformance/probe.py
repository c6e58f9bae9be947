"""Tries a plugin's code; runs as a process of its own and prints its findings as JSON on the last line.

python -m graph_engine.conformance.probe FOLDER
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from graph_engine.conformance.behaviour import check_nodes
from graph_engine.conformance.finding import Finding
from graph_engine.conformance.project import Project, read_project
from graph_engine.context import Folders
from graph_engine.engine import Engine
from graph_engine.errors import WorkflowError
from graph_engine.node import NodeSpec
from graph_engine.plugins import Pack, Registry, find_plugins, load_registry
from graph_engine.sockets import only_by_link
from graph_engine.workflow import read_workflow

__all__ = ["main"]

_HEAVY = ("torch", "diffusers", "transformers", "tensorflow", "jax")
_IMPORT_SECONDS = 0.5


def main(folder: Path) -> int:
    """Print the findings; what the plugin itself prints goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        findings = list(_try(folder))
    sys.stdout.write(json.dumps([[finding.check, finding.message] for finding in findings]) + "\n")
    return 0


def _try(folder: Path) -> Iterator[Finding]:
    project, _ = read_project(folder)
    if project is None:
        return
    sys.path[:0] = [str(path) for path in project.import_folders]
    packs = []
    for name, module_name in project.packs.items():
        module, findings = _import(module_name)
        yield from findings
        if module is not None:
            packs.append(Pack(name, project.distribution, project.version, module))
    if not packs:
        return
    yield from _check_names(project)
    others = [pack for pack in find_plugins() if pack.name not in project.packs]
    registry = load_registry([*others, *packs])
    mine = [spec for spec in registry.nodes.values() if spec.pack in project.packs]
    for problem in registry.problems:
        if problem.pack in project.packs:
            yield Finding("hooks", problem.message)
    for spec in mine:
        yield from _check_doc(spec)
    yield from _check_workflows(project, registry)
    yield from check_nodes(mine, registry)


def _import(name: str) -> tuple[ModuleType | None, list[Finding]]:
    before, started = set(sys.modules), time.process_time()
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's import raises
        place = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{name} cannot be imported: {type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        return None, [Finding("import", message)]
    findings = []
    seconds = time.process_time() - started
    heavy = [package for package in _HEAVY if package in sys.modules and package not in before]
    if heavy:
        advice = "import it inside the functions that use it, so that listing nodes stays quick"
        findings.append(Finding("import", f"importing {name} imports {', '.join(heavy)}; {advice}"))
    elif seconds > _IMPORT_SECONDS:
        advice = f"keep it under {_IMPORT_SECONDS} s; do the work inside functions"
        findings.append(Finding("import", f"importing {name} takes {seconds:.1f} s of CPU; {advice}"))
    return module, findings


def _check_names(project: Project) -> Iterator[Finding]:
    for pack in find_plugins():
        if pack.name in project.packs and _normal(pack.distribution) != _normal(project.distribution):
            advice = "choose another entry-point name"
            yield Finding("hooks", f"the pack name '{pack.name}' is taken by {pack.distribution}; {advice}")


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")


def _check_doc(spec: NodeSpec) -> Iterator[Finding]:
    if not spec.doc:
        yield Finding("docs", f"{spec.id} has no docstring; its first line is what users read in the list of nodes")
        return
    for name, socket in spec.inputs.items():
        if not only_by_link(socket.type) and name.lower() not in spec.doc.lower():
            yield Finding("docs", f"the docstring of {spec.id} does not mention its input '{name}'; say what it does")


def _check_workflows(project: Project, registry: Registry) -> Iterator[Finding]:
    engine = Engine(registry, Folders())
    for path in sorted(project.folder.rglob("workflows/*")):
        if path.suffix not in {".yaml", ".yml", ".json"} or any(part.startswith(".") for part in path.parts[1:-1]):
            continue
        try:
            problems = engine.check(read_workflow(path))
        except WorkflowError as error:
            problems = error.problems
        for problem in problems:
            place = f"{path.relative_to(project.folder)}:{problem.line}" if problem.line else str(path)
            yield Finding("workflows", f"{place}: {problem.message}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
