"""Writes a new plugin package to start from: it installs, and passes its own tests, as it is."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from graph_engine.conformance.project import PACK_NAME, RESERVED_NAMES
from graph_engine.errors import InputError

__all__ = ["pack_name", "write_plugin"]

_FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    ".gitignore": "gitignore.txt",
    "graph_engine_$pack/__init__.py": "init.py.txt",
    "graph_engine_$pack/nodes.py": "nodes.py.txt",
    "graph_engine_$pack/py.typed": None,
    "tests/test_$pack.py": "test.py.txt",
    "workflows/$pack.yaml": "workflow.yaml.txt",
}


def pack_name(name: str) -> str:
    """The pack that a publisher means by `name`: `Film-Grain` is `film_grain`; raises InputError for a bad one."""
    pack = name.strip().lower().removeprefix("graph-engine-").replace("-", "_")
    if not PACK_NAME.fullmatch(pack) or pack in RESERVED_NAMES or keyword.iskeyword(pack):
        advice = "use 2 to 40 letters, digits, - and _, the first one a letter, such as film-grain"
        raise InputError(f"'{name}' is no good name for a plugin; {advice}")
    return pack


def write_plugin(name: str, parent: Path) -> Path:
    """Write the project `graph-engine-<name>` below `parent` and return its folder; nothing is overwritten."""
    pack = pack_name(name)
    folder = parent / f"graph-engine-{pack.replace('_', '-')}"
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} exists already; choose another name or remove it")
    words = {"pack": pack, "distribution": folder.name, "title": pack.replace("_", " ").capitalize()}
    for target, template in _FILES.items():
        path = folder / Template(target).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_fill(template, words) if template else "", encoding="utf-8")
    return folder


def _fill(template: str, words: Mapping[str, str]) -> str:
    text = files(__package__).joinpath("template", template).read_text(encoding="utf-8")
    return Template(text).substitute(words)
