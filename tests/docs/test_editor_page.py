"""The page of the editor names tests that exist, one for each of its forty interactions."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parents[2]


def test_each_interaction_names_a_browser_test():
    rows = re.findall(r"^\| (\d+) \|.*\| `(test_\w+)` \|$", (HERE / "docs/editor.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 41))
    files = (HERE / "tests/web/e2e").glob("test_*.py")
    known = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)}
    assert {test for _, test in rows} - known == set()
