"""Where the project's sources are, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "graph_engine": ROOT / "graph_engine",
    "graph_nodes": ROOT / "nodes/graph_nodes",
    "graph_web": ROOT / "web/graph_web",
    "graph_engine_shapes": ROOT / "plugins/shapes/graph_engine_shapes",
    "graph_engine_posterize": ROOT / "plugins/posterize/graph_engine_posterize",
}


def python_files(*folders: Path) -> list[Path]:
    """Every Python file below the folders (default: the whole tree), tools' own folders left out."""
    found = [path for folder in folders or (ROOT,) for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if not any(part.startswith(".") or part == "node_modules" for part in _parts(path))]


def _parts(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).parts


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """The dotted name and the file of every module of a package."""
    folder = PACKAGES[package]
    for path in python_files(folder):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(path: Path, *, at_import: bool = False) -> Iterator[tuple[str, bool]]:
    """Every name that a file imports, with its module in front, and whether that is for the type checker alone.

    at_import: leave out what is imported inside functions, when they are called.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    for_types = {
        inner
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for inner in ast.walk(branch)
    }
    functions = [item for item in ast.walk(tree) if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    later = {inner for function in functions for inner in ast.walk(function)} if at_import else set()
    for item in ast.walk(tree):
        if item in later:
            continue
        if isinstance(item, ast.Import):
            for alias in item.names:
                yield alias.name, item in for_types
        elif isinstance(item, ast.ImportFrom) and item.module and item.level == 0:
            for alias in item.names:
                yield f"{item.module}.{alias.name}", item in for_types


def owner(name: str, modules: set[str]) -> str | None:
    """The module among `modules` that an imported name comes from: itself, or the one that defines it."""
    return name if name in modules else (parent if (parent := name.rpartition(".")[0]) in modules else None)
