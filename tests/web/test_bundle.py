"""The committed bundle: made from the sources beside it, unchanged since, small, and the same wherever it is built."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from graph_web import build

MOST_BYTES = 220_000
needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="needs node 20.19 or newer with npm")


def test_the_bundle_was_built_from_the_sources_as_they_are():
    assert build.is_current(), "the editor's sources have changed: run `python -m graph_web.build` and commit"


def test_nobody_changed_the_bundle_by_hand():
    assert build.file_digests() == build.recorded()["files"]


def test_a_changed_source_is_noticed_and_a_changed_line_ending_is_not(tmp_path: Path):
    copy = tmp_path / "editor"
    shutil.copytree(build.EDITOR, copy, ignore=shutil.ignore_patterns("node_modules"))
    file = copy / "src/main.tsx"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert build.source_digest(copy) == build.source_digest()
    file.write_bytes(file.read_bytes() + b"// changed")
    assert build.source_digest(copy) != build.source_digest()


def test_what_a_browser_loads_is_small():
    sent = [path for path in build.STATIC.iterdir() if path.suffix in (".js", ".css", ".html")]
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in sent) < MOST_BYTES


@needs_node
@pytest.mark.slow
def test_a_build_elsewhere_gives_the_same_bytes(tmp_path: Path):
    build.build(tmp_path / "with a space" / "static")
    assert build.file_digests(tmp_path / "with a space" / "static") == build.file_digests()


@needs_node
@pytest.mark.slow
def test_the_front_end_passes_its_own_tests():
    build.install()
    done = subprocess.run(["npm", "test", "--silent"], cwd=build.EDITOR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
