"""The pages of the documentation, taken apart into what a reader would type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(?P<language>[\w-]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page that it starts on."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The name of the file that a block stands for, given in a comment on its first line."""
        match = re.match(r"# (?P<name>[\w/-]+\.\w+)\n", self.text)
        return match["name"] if match else None

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each `$ command` of a console block with the lines that it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, *printed = part.rstrip("\n").split("\n")
            yield command, printed


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match["language"], match["text"], text.count("\n", 0, match.start()) + 1)
        for match in _BLOCK.finditer(text)
    ]


def like(printed: list[str]) -> re.Pattern[str]:
    """A pattern for what a page shows: `...` stands for anything within a line, alone on a line for any lines."""
    lines = [".*" if line == "..." else re.escape(line).replace(r"\.\.\.", "[^\n]*") for line in printed]
    return re.compile("\n".join(lines), re.DOTALL)
