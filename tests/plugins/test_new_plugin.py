"""`graph-engine new-plugin` writes a package that installs and passes its own tests as it is."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from graph_engine.cli import main
from graph_engine.cli.environment import Environment
from graph_engine.errors import InputError
from graph_engine.scaffold import pack_name, write_plugin


@pytest.mark.parametrize(
    ("name", "pack"),
    [("film-grain", "film_grain"), ("Film-Grain", "film_grain"), ("graph-engine-film", "film"), ("x2", "x2")],
)
def test_a_name_becomes_a_pack_name(name, pack):
    assert pack_name(name) == pack


@pytest.mark.parametrize("name", ["", "core", "inputs", "2x", "film grain", "../up", "a/b", "class", "ä", "x" * 50])
def test_a_bad_name_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="is no good name"):
        write_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    folder = write_plugin("film-grain", tmp_path)
    (folder / "README.md").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write_plugin("film-grain", tmp_path)
    assert (folder / "README.md").read_text() == "mine"


def new_plugin(tmp_path, name):
    out, err = io.StringIO(), io.StringIO()
    status = main(["new-plugin", name], Environment(io.StringIO(), out, err, {}, tmp_path))
    return status, out.getvalue(), err.getvalue()


def test_the_command_says_what_it_wrote_and_what_to_do_next(tmp_path):
    status, out, err = new_plugin(tmp_path, "film-grain")
    assert (status, out.strip()) == (0, str(tmp_path / "graph-engine-film-grain"))
    assert "pip install -e '.[dev]' && pytest" in err


def test_the_name_of_an_installed_pack_is_refused(tmp_path):
    status, _, err = new_plugin(tmp_path, "posterize")
    assert status == 2
    assert "installed already" in err


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A new plugin, installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("plugin")
    project = write_plugin("film-grain", folder)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    pip = [*command, "--disable-pip-version-check", "--target", str(folder / "site"), str(project)]
    subprocess.run(pip, check=True, capture_output=True)
    data = {"GRAPH_ENGINE_DATA": str(folder / "data"), "GRAPH_ENGINE_CACHE": str(folder / "cache")}
    return project, {**os.environ, "PYTHONPATH": str(folder / "site"), **data}


def test_a_new_plugin_installs_and_passes_its_own_tests_unchanged(installed):
    project, variables = installed
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout


def test_an_installed_new_plugin_brings_its_node(installed):
    _, variables = installed
    command = [sys.executable, "-m", "graph_engine.cli", "nodes", "film_grain.tint"]
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert "Mix a colour into pictures." in run.stdout


def test_a_new_plugin_is_written_in_the_style_of_the_house(installed):
    project, _ = installed
    options = ["--isolated", "--no-cache", "--line-length", "120"]
    for command in (["check", "--select", "E,F,I,B,UP,RUF,PT", "--ignore", "RUF022"], ["format", "--check"]):
        arguments = [sys.executable, "-m", "ruff", *command, *options, "."]
        run = subprocess.run(arguments, cwd=project, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_a_new_plugin_is_typed(installed):
    project, _ = installed
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "-p", "graph_engine_film_grain"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
