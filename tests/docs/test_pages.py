"""Everything that the pages show works: Python is run, workflows are checked, commands print what the page says."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from graph_engine import Engine, Folders, WorkflowError, load
from graph_engine.cli import main
from graph_engine.cli.environment import Environment
from graph_engine.plugins import load_registry
from graph_engine.reader import read_yaml

from .pages import PAGES, ROOT, Block, blocks, like

RUNNABLE = {"python", "yaml", "console"}


@pytest.fixture(scope="session")
def regenerate():
    spec = importlib.util.spec_from_file_location("regenerate", ROOT / "docs/regenerate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A reader's folder: the repository's workflows, and a picture."""
    from PIL import Image

    shutil.copytree(ROOT / "workflows", tmp_path / "workflows")
    Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 60).convert("RGB").save(tmp_path / "cat.png")
    for name in ("outputs", "cache", "data"):
        monkeypatch.setenv(f"GRAPH_ENGINE_{name.upper()}", str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_page_shows_works(page, desk, regenerate):
    names: dict[str, object] = {}
    for block in blocks(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language in RUNNABLE and block.file:
            (desk / block.file).parent.mkdir(parents=True, exist_ok=True)
            (desk / block.file).write_text(block.text, encoding="utf-8")
        match block.language:
            case "python":
                run_python(block, where, names)
            case "yaml":
                check_yaml(block, where, regenerate)
            case "console":
                run_commands(block, where, regenerate)


def run_python(block: Block, where: str, names: dict[str, object]) -> None:
    """Run a block as a script of its own that starts with the names of the blocks before it."""
    script = Path("page") / f"{where.replace('/', '_')}.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text("\n" * block.line + block.text, encoding="utf-8")
    names.update(runpy.run_path(str(script), init_globals=names, run_name="__main__"))


def check_yaml(block: Block, where: str, regenerate) -> None:
    document = read_yaml(block.text, where)
    if isinstance(document.data, dict) and "format" in document.data:
        path = Path(block.file or "page.yaml")
        path.write_text(block.text, encoding="utf-8")
        engine = Engine(load_registry(regenerate.packs()), Folders())
        try:
            assert engine.check(load(path)) == [], where
        except WorkflowError as error:
            pytest.fail(f"{where}: {error}")


def run_commands(block: Block, where: str, regenerate) -> None:
    for command, printed in block.commands():
        if command.endswith("--help"):
            continue  # compared as a whole by the next test
        program, *arguments = shlex.split(command)
        assert program == "graph-engine", f"{where}: only graph-engine is run here; use ```sh for {command}"
        out, err = io.StringIO(), io.StringIO()
        variables = {name: value for name, value in os.environ.items() if name.startswith("GRAPH_ENGINE")}
        status = main(arguments, Environment(io.StringIO(), out, err, variables, Path(), regenerate.packs))
        said = (out.getvalue() + err.getvalue()).rstrip("\n")
        assert status in (0, 2, 3), f"{where}: {command}: exit {status}\n{said}"
        assert like(printed).fullmatch(said), f"{where}: $ {command}\n{said}\n--- the page shows:\n" + "\n".join(
            printed
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_help_screens_and_quoted_files_are_up_to_date(page, regenerate, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    assert regenerate.render(text) == text, "run: python docs/regenerate.py"


def test_drawings_are_up_to_date(regenerate):
    for picture, workflow in regenerate.DRAWINGS.items():
        assert (ROOT / picture).read_text(encoding="utf-8") == regenerate.drawing(workflow), "run docs/regenerate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_has_its_help_screen_on_the_cli_page():
    from graph_engine.cli.main import COMMANDS

    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"$ graph-engine {name} --help" not in page] == []
