"""Plain text tables, as wide as what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["columns"]


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> Iterator[str]:
    """One line for each row, every column as wide as its widest cell but the last, which runs on."""
    widths = [max(map(len, column)) for column in zip(*(row[:-1] for row in rows), strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield (indent + "  ".join([*cells, row[-1]])).rstrip()
