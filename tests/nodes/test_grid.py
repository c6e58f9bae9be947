"""core.grid: every picture on the sheet, whole and in its place, with its labels."""

from __future__ import annotations

import pytest
import torch
from graph_nodes.errors import Misfit
from graph_nodes.image_ops import grid
from torch import Tensor

from graph_engine import Image


def _flat(value: float, height: int = 20, width: int = 30) -> Image:
    """A picture of one colour that no label has."""
    pixels = torch.zeros(1, 3, height, width)
    pixels[:, 0] = value
    return Image(pixels)


def _places(sheet: Tensor, value: float) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the pixels of a picture's colour."""
    found = (sheet[0] - value).abs() + sheet[1] + sheet[2] < 1e-6
    rows, columns = torch.nonzero(found.any(dim=1)), torch.nonzero(found.any(dim=0))
    top, left = int(rows.min()), int(columns.min())
    return top, left, int(rows.max()) - top + 1, int(columns.max()) - left + 1


def test_pictures_stand_row_by_row_whole_and_apart() -> None:
    values = [0.5 + k / 20 for k in range(5)]
    sheet = grid([_flat(value) for value in values], columns=2).pixels
    places = [_places(sheet[0], value) for value in values]
    assert all(place[2:] == (20, 30) for place in places)
    assert [place[:2] for place in places] == [(6, 6), (6, 42), (32, 6), (32, 42), (58, 6)]
    assert sheet.shape == (1, 3, 84, 78)
    assert sheet[0, :, 70, 60].tolist() == [1, 1, 1]


def test_a_batch_is_laid_out_picture_by_picture_on_a_square_sheet() -> None:
    batch = Image(torch.cat([_flat(0.5 + k / 20).pixels for k in range(4)]))
    places = [_places(grid([batch]).pixels[0], 0.5 + k / 20)[:2] for k in range(4)]
    assert places == [(6, 6), (6, 42), (32, 6), (32, 42)]


def test_labels_captions_and_title_have_room_and_ink_of_their_own() -> None:
    images = [_flat(0.5 + k / 20) for k in range(4)]
    sheet = grid(
        images, ["one", "two", "three", "four"], row_labels=["a row", "b"], column_labels=["x", "y"], title="A title"
    ).pixels[0]
    first, last = _places(sheet, 0.5), _places(sheet, 0.65)
    assert first[2:] == last[2:] == (20, 30)
    dark = sheet.mean(dim=0) < 0.3
    flat = torch.zeros_like(dark)
    for k in range(4):
        top, left, height, width = _places(sheet, 0.5 + k / 20)
        flat[top : top + height, left : left + width] = True
    ink = dark & ~flat
    assert ink[: first[0] // 2].any()  # title
    assert ink[first[0] // 2 : first[0], first[1] : first[1] + 30].any()  # column label
    assert ink[first[0] : first[0] + 20, : first[1]].any()  # row label
    assert ink[first[0] + 20 : last[0], first[1] :].any()  # captions of the first row
    assert not ink[:, -1].any()
    assert not ink[:, 0].any()


def test_small_pictures_are_enlarged_with_hard_pixels() -> None:
    pixels = torch.rand(1, 3, 2, 3)
    sheet = grid([Image(pixels)], cell_size=10).pixels
    inside = sheet[..., 6 : 6 + 6, 6 : 6 + 9]
    assert torch.equal(inside, pixels.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3))


def test_a_long_caption_is_broken_into_lines_and_cut_after_the_third() -> None:
    image = _flat(0.5, 60, 60)

    def height(caption: str) -> int:
        return grid([image, image], [caption, "b"], columns=2).pixels.shape[-2]

    heights = [height(" ".join(["caption"] * words)) for words in (1, 2, 3, 4, 100)]
    line = heights[1] - heights[0]
    assert line >= 10
    assert heights == [heights[0] + lines * line for lines in (0, 1, 2, 2, 2)]
    assert height("one-word-that-is-far-too-long-for-a-line") == heights[0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"captions": ["one"]}, "4 pictures in 2 columns want 4 captions, found 1"),
        ({"row_labels": ["a", "b", "c"]}, "want 2 row labels, found 3"),
        ({"column_labels": ["a"], "columns": 2}, "want 2 column labels, found 1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: dict[str, list[str]], message: str) -> None:
    with pytest.raises(Misfit, match=message):
        grid([_flat(0.5)] * 4, **{"columns": 2, **labels})  # type: ignore[arg-type]


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(Misfit, match="one picture or more"):
        grid([])
