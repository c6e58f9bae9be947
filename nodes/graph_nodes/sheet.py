"""A contact sheet: pictures in rows and columns with a title, labels and captions in a real font."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph_nodes.errors import Misfit

if TYPE_CHECKING:
    import PIL.ImageDraw
    from torch import Tensor

__all__ = ["Sheet", "draw_sheet"]

_GAP = 6
_INK = (32, 32, 32)
_FRAME = 0.85
_LINES = 3
"""Captions and column labels are broken into at most so many lines."""
_SPACING = 2


@dataclass(frozen=True)
class Sheet:
    """How a sheet is laid out."""

    columns: int
    captions: tuple[str, ...] = ()
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    title: str = ""
    cell_size: int = 0


@dataclass(frozen=True)
class _Layout:
    """Where things stand, in pixels."""

    rows: int
    cell: tuple[int, int]
    left: int
    top: int
    caption: int
    width: int
    height: int

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """The upper left corner (x, y) of a cell."""
        width, height = self.cell
        return self.left + column * (width + _GAP), self.top + row * (height + self.caption + _GAP)


def draw_sheet(pictures: Sequence[Tensor], sheet: Sheet) -> Tensor:
    """Pictures [3, h, w], 0..1, on one white sheet [3, height, width]; raises Misfit when the labels do not fit."""
    import numpy as np
    import PIL.Image
    import PIL.ImageDraw
    import torch

    _check(len(pictures), sheet)
    cells = [_enlarged(picture, sheet.cell_size) for picture in pictures]
    layout = _lay_out(cells, sheet)
    page = PIL.Image.new("RGB", (layout.width, layout.height), "white")
    draw = PIL.ImageDraw.Draw(page)
    _write_labels(draw, sheet, layout)
    for index, caption in enumerate(sheet.captions):
        x, y = layout.corner(*divmod(index, sheet.columns))
        _write(draw, (x + layout.cell[0] // 2, y + layout.cell[1] + 2), caption, "ma", layout.cell[0])
    values = torch.from_numpy(np.asarray(page, dtype=np.float32) / 255).permute(2, 0, 1).contiguous()
    for index, cell in enumerate(cells):
        x, y = layout.corner(*divmod(index, sheet.columns))
        height, width = cell.shape[-2:]
        x, y = x + (layout.cell[0] - width) // 2, y + (layout.cell[1] - height) // 2
        values[:, y - 1 : y + height + 1, x - 1 : x + width + 1] = _FRAME
        values[:, y : y + height, x : x + width] = cell
    return values


def _check(count: int, sheet: Sheet) -> None:
    rows = -(-count // sheet.columns)
    for name, found, wanted in (
        ("captions", len(sheet.captions), count),
        ("row labels", len(sheet.row_labels), rows),
        ("column labels", len(sheet.column_labels), sheet.columns),
    ):
        if found not in (0, wanted):
            raise Misfit(f"{count} pictures in {sheet.columns} columns want {wanted} {name}, found {found}")


def _enlarged(picture: Tensor, cell_size: int) -> Tensor:
    """A picture smaller than a cell, each pixel repeated a whole number of times."""
    times = max(1, cell_size // max(picture.shape[-2:]))
    return picture.repeat_interleave(times, dim=-2).repeat_interleave(times, dim=-1)


def _lay_out(cells: Sequence[Tensor], sheet: Sheet) -> _Layout:
    rows = -(-len(cells) // sheet.columns)
    cell = (max(cell.shape[-1] for cell in cells), max(cell.shape[-2] for cell in cells))
    line = _line_height(cell[0])
    left = _GAP + (max(_text_width(label, cell[0]) for label in sheet.row_labels) + _GAP if sheet.row_labels else 0)
    title = 2 * line if sheet.title else 0
    top = _GAP + title + _text_height(sheet.column_labels, cell[0])
    caption = _text_height(sheet.captions, cell[0])
    width = left + sheet.columns * (cell[0] + _GAP)
    if sheet.title:
        width = max(width, 2 * _GAP + _text_width(sheet.title, cell[0], 1.3))
    return _Layout(rows, cell, left, top, caption, width, top + rows * (cell[1] + caption + _GAP))


def _write_labels(draw: PIL.ImageDraw.ImageDraw, sheet: Sheet, layout: _Layout) -> None:
    if sheet.title:
        draw.text((_GAP, _GAP), sheet.title, fill=_INK, font=_font(layout.cell[0], 1.3))
    for column, label in enumerate(sheet.column_labels):
        x, y = layout.corner(0, column)
        _write(draw, (x + layout.cell[0] // 2, y - 4), label, "md", layout.cell[0])
    for row, label in enumerate(sheet.row_labels):
        x, y = layout.corner(row, 0)
        draw.text((x - _GAP, y + layout.cell[1] // 2), label, fill=_INK, font=_font(layout.cell[0]), anchor="rm")


def _write(draw: PIL.ImageDraw.ImageDraw, place: tuple[int, int], text: str, anchor: str, room: int) -> None:
    font = _font(room)
    lines = "\n".join(_wrapped(text, font, room))
    draw.multiline_text(place, lines, fill=_INK, font=font, anchor=anchor, align="center", spacing=_SPACING)


def _wrapped(text: str, font: Any, room: int) -> list[str]:
    """Lines of text that fit into `room` pixels; at most _LINES of them, the last with `...` where it was cut."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < _LINES - 1:
        fit = next((n for n in range(len(words), 0, -1) if font.getlength(" ".join(words[:n])) <= room), 1)
        lines.append(_shortened(" ".join(words[:fit]), font, room))
        words = words[fit:]
    return [*lines, _shortened(" ".join(words), font, room)] if words else lines


def _shortened(text: str, font: Any, room: int) -> str:
    """One line of text that fits into `room` pixels, with `...` where it was cut."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..."


def _font(cell_width: int, factor: float = 1.0) -> Any:
    import PIL.ImageFont

    return PIL.ImageFont.load_default(size=max(10, min(20, cell_width / 12)) * factor)


def _line_height(cell_width: int) -> int:
    return int(sum(_font(cell_width).getmetrics())) + _SPACING


def _text_height(texts: Sequence[str], cell_width: int) -> int:
    """Room for the longest of the texts that stand above or below a cell; 0 without any."""
    font = _font(cell_width)
    lines = max((len(_wrapped(text, font, cell_width)) for text in texts), default=0)
    return lines * _line_height(cell_width) + 2 if texts else 0


def _text_width(text: str, cell_width: int, factor: float = 1.0) -> int:
    return int(_font(cell_width, factor).getlength(text)) + 1
