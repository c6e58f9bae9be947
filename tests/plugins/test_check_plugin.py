"""`graph-engine check-plugin`: one finding for each thing that a publisher should mend."""

from __future__ import annotations

import pytest

from graph_engine.conformance import check_plugin
from graph_engine.conformance.project import read_project
from graph_engine.scaffold import write_plugin

START = "from typing import Any\nfrom graph_engine import Image, hookimpl, node\n"
END = """
@hookimpl
def register_nodes() -> list[Any]:
    return [{names}]
"""

SLOW = """
import time
start = time.process_time()
while time.process_time() < start + 0.6:
    pass
"""

GRAY = '''
@node
def gray(image: Image) -> Image:
    """A gray picture of an image."""
    return Image(image.pixels.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous())
'''


@pytest.fixture
def project(tmp_path):
    """A plugin that is ready to publish, to be spoiled."""
    return write_plugin("sample", tmp_path)


def with_code(project, *nodes, names=None):
    """Replace the plugin's code by these nodes; the names of their functions are registered."""
    names = names or ", ".join(
        line[4:].split("(")[0] for text in nodes for line in text.split("\n") if line[:4] == "def "
    )
    code = START + "\n".join(nodes) + END.format(names=names)
    (project / "graph_engine_sample/__init__.py").write_text(code)
    (project / "workflows/sample.yaml").unlink()
    return [str(finding) for finding in check_plugin(project)]


def test_a_good_plugin_has_no_findings(project):
    assert check_plugin(project) == []
    assert with_code(project, GRAY) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "0.1.0"\n', "", "project: pyproject.toml gives no version"),
        ('requires-python = ">=3.11"\n', "", "does not say requires-python"),
        ('"graph-engine", ', "", 'the dependencies lack "graph-engine"'),
        ("[project.entry-points.graph_engine]\n", "[project.entry-points.graph]\n", "names no pack"),
        ("sample = ", "core = ", "'core' is no good pack name"),
        ('"graph_engine_sample"\n', '"graph_engine_simple"\n', "the module 'graph_engine_simple'"),
        ("[project]", "[project", "pyproject.toml cannot be read"),
    ],
)
def test_a_project_file_that_would_not_do_is_found(project, old, new, message):
    path = project / "pyproject.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    _, findings = read_project(project)
    assert [message in str(finding) for finding in findings] == [True]


def test_a_pack_name_that_is_taken_is_found(project):
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace("sample = ", "posterize = "))
    message = "the pack name 'posterize' is taken by graph-engine-posterize"
    assert any(message in str(finding) for finding in check_plugin(project))


def test_a_folder_without_a_project_says_how_to_get_one(tmp_path):
    assert "graph-engine new-plugin" in str(check_plugin(tmp_path)[0])


def test_types_that_users_cannot_see_are_found(project):
    (project / "graph_engine_sample/py.typed").unlink()
    assert ["py.typed is missing" in str(finding) for finding in read_project(project)[1]] == [True]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import torch\n", "import: importing graph_engine_sample imports torch"),
        (SLOW, "s of CPU; keep it under 0.5 s"),
        ("1 / 0\n", "import: graph_engine_sample cannot be imported: ZeroDivisionError"),
        ("import sys; sys.exit(3)\n", "cannot be imported: SystemExit"),
        ("import os; os._exit(3)\n", "the process that tried the plugin ended with: exit code 3"),
        ("@hookimpl\ndef register_nodse() -> list[Any]: return []\n", "hooks: has a hook 'register_nodse'"),
    ],
)
def test_a_module_that_misbehaves_at_import_is_found(project, code, message):
    assert any(message in finding for finding in with_code(project, code, GRAY))


MISBEHAVING = {
    """
@node
def bare(image: Image) -> Image:
    return image
""": "docs: sample.bare has no docstring",
    """
@node
def terse(text: str = "") -> str:
    'Says something.'
    return text
""": "the docstring of sample.terse does not mention its input 'text'",
    """
@node
def spoil(image: Image) -> Image:
    'Spoils the image.'
    image.pixels.mul_(0.5)
    return image
""": "sample.spoil writes into its input 'image'",
    """
@node
def dice() -> float:
    'A number.'
    import random
    return random.random()
""": "sample.dice gives another 'number' for the same inputs",
    """
@node
def liar() -> Image:
    'No picture.'
    return "picture"
""": "sample.liar returned str for its output 'image'",
    """
@node
def odd() -> Any:
    'An object.'
    return object()
""": "the output 'value' of sample.odd cannot be cached",
    """
@node
def fragile(size: int = 3) -> int:
    'Fails at its own size.'
    return [][size]
""": "sample.fragile fails on its default values: IndexError",
}


def test_each_node_that_misbehaves_is_found(project):
    findings = with_code(project, *MISBEHAVING)
    missed = [message for message in MISBEHAVING.values() if not any(message in finding for finding in findings)]
    assert missed == []
    assert len(findings) == len(MISBEHAVING)


def test_nodes_are_fed_with_what_other_nodes_of_the_pack_give(project):
    kinds = '''
from dataclasses import dataclass
from graph_engine import kind

@kind(color="#00ff00")
@dataclass(frozen=True)
class Leaf:
    """A leaf."""
    size: int

@node
def grow() -> Leaf:
    """A leaf."""
    return Leaf(1)

@node
def press(leaf: Leaf) -> Leaf:
    """Presses a leaf that is not its own."""
    object.__setattr__(leaf, "size", 0)
    return leaf
'''
    findings = with_code(project, kinds)
    assert any("sample.press writes into its input 'leaf'" in finding for finding in findings)
    assert any("is of an unknown kind 'Leaf'; add it to register_kinds" in finding for finding in findings)


def test_an_id_that_is_registered_twice_is_found(project):
    assert any("registered twice" in finding for finding in with_code(project, GRAY, names="gray, gray"))


def test_a_workflow_that_would_not_run_is_found(project):
    path = project / "workflows/sample.yaml"
    path.write_text(path.read_text().replace("sample.tint", "sample.tnit"))
    findings = [str(finding) for finding in check_plugin(project)]
    assert any(finding.startswith("workflows: workflows/sample.yaml:") for finding in findings)
    assert any("Did you mean 'sample.tint'?" in finding for finding in findings)
