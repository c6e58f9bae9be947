"""Brings what the pages quote up to date: help screens, files shown verbatim, drawings. `python docs/regenerate.py`

A test compares the pages with what this script makes, so a page never shows an old help screen.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from pathlib import Path

from graph_engine import load
from graph_engine.cli import main as graph_engine
from graph_engine.cli.environment import Environment
from graph_engine.draw import draw_svg
from graph_engine.plugins import Pack, load_registry, pack_from_module

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DRAWINGS = {
    "docs/images/glide.svg": "workflows/glide.yaml",
    "docs/images/poster.svg": "plugins/posterize/workflows/poster.yaml",
}
_HELP = re.compile(r"```console\n\$ graph-engine (?P<arguments>[^\n]*--help)\n.*?```", re.DOTALL)
_FILE = re.compile(r"<!-- file: (?P<path>\S+) -->\n```(?P<language>\w*)\n.*?^```$", re.DOTALL | re.MULTILINE)


def packs() -> list[Pack]:
    """The packs of this repository; other installed ones would change the pages."""
    import graph_engine_posterize
    import graph_engine_shapes
    import graph_nodes
    import graph_web

    modules = {
        "core": graph_nodes,
        "posterize": graph_engine_posterize,
        "shapes": graph_engine_shapes,
        "web": graph_web,
    }
    return [pack_from_module(name, module) for name, module in modules.items()]


def render(page: str) -> str:
    """A page with its help screens and quoted files as they are now."""
    page = _HELP.sub(
        lambda found: f"```console\n$ graph-engine {found['arguments']}\n{_help(found['arguments'])}```", page
    )
    return _FILE.sub(lambda found: _quote(found["path"], found["language"]), page)


def _help(arguments: str) -> str:
    out = io.StringIO()
    environment = Environment(io.StringIO(), out, out, {"COLUMNS": "100"}, Path(), packs)
    graph_engine(shlex.split(arguments), environment)
    return out.getvalue()


def _quote(path: str, language: str) -> str:
    content = (ROOT / path).read_text(encoding="utf-8").rstrip("\n")
    return f"<!-- file: {path} -->\n```{language}\n{content}\n```"


def drawing(workflow: str) -> str:
    """The picture of a workflow of this repository."""
    return draw_svg(load(ROOT / workflow), load_registry(packs()))


def main() -> int:
    """Rewrite every page and drawing; say which ones changed."""
    os.chdir(ROOT)  # the help screens show paths from here
    wanted = {page: render(page.read_text(encoding="utf-8")) for page in [ROOT / "README.md", *DOCS.rglob("*.md")]}
    wanted |= {ROOT / picture: drawing(workflow) for picture, workflow in DRAWINGS.items()}
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
