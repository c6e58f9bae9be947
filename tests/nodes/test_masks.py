"""Masks: where they are, to the pixel; and that what is kept is kept to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from graph_nodes import masks
from graph_nodes.errors import ImageRefused, Misfit
from torch import Tensor

from graph_engine import Context, Image, Mask


def _noise(n: int, size: tuple[int, int] = (8, 12), seed: int = 0) -> Image:
    return Image(torch.rand(n, 3, *size, generator=torch.Generator().manual_seed(seed)))


def _box(left: int, top: int, right: int, bottom: int, size: tuple[int, int] = (9, 9)) -> Mask:
    """A hard mask of the pixels from (left, top) up to, not including, (right, bottom)."""
    values = torch.zeros(1, 1, *size)
    values[..., top:bottom, left:right] = 1
    return Mask(values)


def test_a_rectangle_on_the_pixel_grid_is_hard() -> None:
    mask = masks.mask_rectangle(0.25, 0.5, 0.75, 1.0, width=8, height=4)
    assert torch.equal(mask.values, _box(2, 2, 6, 4, (4, 8)).values)


def test_a_rectangle_between_pixels_covers_them_in_part() -> None:
    mask = masks.mask_rectangle(0.125, 0.0, 1.0, 0.75, width=4, height=2)
    expected = torch.tensor([[0.5, 1, 1, 1], [0.25, 0.5, 0.5, 0.5]])
    torch.testing.assert_close(mask.values[0, 0], expected)


def test_fractions_do_not_depend_on_the_resolution() -> None:
    for width, height in ((31, 17), (64, 64), (100, 300)):
        mask = masks.mask_rectangle(0.1, 0.2, 0.4, 0.9, width=width, height=height)
        assert mask.values.shape == (1, 1, height, width)
        assert float(mask.values.mean()) == pytest.approx(0.3 * 0.7, abs=1e-6)


def test_a_mask_takes_the_size_of_a_picture() -> None:
    image = _noise(3, (20, 30))
    assert masks.mask_rectangle(image=image).values.shape == (1, 1, 20, 30)
    assert masks.mask_polygon(image=image).values.shape == (1, 1, 20, 30)


def _area(points: Sequence[tuple[float, float]]) -> float:
    """The shoelace formula."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


@pytest.mark.parametrize(
    "points",
    [
        [(0.1, 0.1), (0.9, 0.2), (0.5, 0.95)],
        [(0.9, 0.2), (0.1, 0.1), (0.5, 0.95)],
        [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.3), (0.1, 0.9)],
        [(0.013, 0.0), (0.021, 0.0), (0.021, 1.0), (0.013, 1.0)],
    ],
)
def test_a_polygon_covers_its_area(points: list[tuple[float, float]]) -> None:
    text = " ".join(f"{x},{y}" for x, y in points)
    mask = masks.mask_polygon(text, width=64, height=48)
    assert float(mask.values.mean()) == pytest.approx(_area(points), abs=5e-4)
    assert 0 <= float(mask.values.min()) <= float(mask.values.max()) <= 1


def test_a_polygon_is_what_many_points_in_it_say() -> None:
    points = [(0.1, 0.15), (0.85, 0.05), (0.6, 0.5), (0.95, 0.9), (0.3, 0.8)]
    mask = masks.mask_polygon(" ".join(f"{x} {y}" for x, y in points), width=12, height=10).values[0, 0]
    fine = 40
    y, x = np.mgrid[0 : 10 * fine, 0 : 12 * fine]
    x, y = (x + 0.5) / (12 * fine), (y + 0.5) / (10 * fine)
    inside = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    expected = inside.reshape(10, fine, 12, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(mask.numpy(), expected, atol=0.02)


def test_a_rectangle_drawn_as_a_polygon_is_the_rectangle() -> None:
    drawn = masks.mask_polygon("0.25,0.25 0.75,0.25 0.75,0.75 0.25,0.75", width=16, height=8)
    assert torch.equal(drawn.values, masks.mask_rectangle(width=16, height=8).values)


def test_a_polygon_may_reach_over_the_edge_and_may_have_a_hole() -> None:
    assert masks.mask_polygon("-1,-1 2,-1 2,2 -1,2").values.min() == 1
    ring = "0,0 1,0 1,1 0,1 0,0 .25,.25 .25,.75 .75,.75 .75,.25 .25,.25"
    values = masks.mask_polygon(ring, width=8, height=8).values[0, 0]
    assert values[4, 4] == 0
    assert values[0, 4] == values[4, 0] == 1


def test_growing_is_the_greatest_value_within_a_round_brush() -> None:
    values = torch.rand(2, 1, 9, 11, generator=torch.Generator().manual_seed(1))
    for radius in (0, 1, 3):
        found = masks.grow_mask(Mask(values), radius).values
        expected = torch.zeros_like(values)
        for y in range(9):
            for x in range(11):
                brush = [
                    values[..., v, u] for v in range(9) for u in range(11) if (u - x) ** 2 + (v - y) ** 2 <= radius**2
                ]
                expected[..., y, x] = torch.stack(brush).amax(dim=0)
        assert torch.equal(found, expected)


def test_shrinking_undoes_growing_of_a_box_and_leaves_the_edge_of_the_picture() -> None:
    box = _box(3, 3, 6, 6, (12, 12))
    grown = masks.grow_mask(box, 2)
    assert torch.equal(masks.grow_mask(grown, -2).values, box.values)
    assert torch.equal(masks.grow_mask(_box(0, 0, 4, 12, (12, 12)), -1).values, _box(0, 0, 3, 12, (12, 12)).values)
    assert masks.grow_mask(Mask(torch.ones(1, 1, 5, 5)), -4).values.min() == 1
    assert masks.grow_mask(_box(2, 2, 3, 3, (5, 5)), 200).values.min() == 1


def test_feathering_is_a_gaussian_and_inside_keeps_what_was_kept() -> None:
    mask = _box(10, 8, 30, 34, (40, 40))
    soft = masks.feather_mask(mask, 2.0).values
    kernel = np.exp(-(np.arange(-6, 7) ** 2) / (2 * 2.0**2))
    across, down = (
        np.convolve(side, kernel / kernel.sum(), "same") for side in (mask.values[0, 0, 20], mask.values[0, 0, :, 20])
    )
    np.testing.assert_allclose(soft[0, 0], np.outer(down, across), atol=1e-6)
    inner = masks.feather_mask(mask, 2.0, inside=True).values
    assert not inner[mask.values == 0].any()
    assert inner[0, 0, 20, 20] == pytest.approx(1, abs=1e-3)
    row = inner[0, 0, 20, 10:20]
    assert (row[1:] >= row[:-1]).all()
    assert row[0] < 0.3
    assert masks.feather_mask(mask, 0.0).values is mask.values


def test_masks_are_turned_around_and_combined() -> None:
    a, b = _box(0, 0, 5, 9), _box(3, 0, 9, 9)
    expected = {"union": _box(0, 0, 9, 9), "intersection": _box(3, 0, 5, 9), "difference": _box(0, 0, 3, 9)}
    for how, mask in expected.items():
        assert torch.equal(masks.combine_masks(a, b, how).values, mask.values)
    assert torch.equal(masks.invert_mask(a).values, _box(5, 0, 9, 9).values)
    batch = Mask(torch.cat([a.values, b.values]))
    assert masks.combine_masks(batch, b).values.shape == (2, 1, 9, 9)


def test_a_mask_as_a_picture_is_white_where_it_may_change() -> None:
    image = masks.mask_to_image(_box(0, 0, 1, 1))
    assert image.pixels.shape == (1, 3, 9, 9)
    assert image.pixels[0, :, 0, 0].tolist() == [1, 1, 1]


def test_paste_keeps_the_base_to_the_bit_where_the_mask_is_nought() -> None:
    image, base, mask = _noise(2, seed=1), _noise(1, seed=2), _box(3, 2, 9, 6, (8, 12))
    pasted = masks.paste(image, base, mask).pixels
    inside = mask.values.expand_as(pasted) == 1
    assert torch.equal(pasted[inside], image.pixels[inside])
    assert torch.equal(pasted[~inside], base.pixels.expand_as(pasted)[~inside])


def test_paste_mixes_where_the_mask_is_soft_and_fits_the_mask() -> None:
    white, black = Image(torch.ones(1, 3, 8, 12)), Image(torch.zeros(1, 3, 8, 12))
    half = Mask(torch.full((1, 1, 2, 3), 0.25))
    torch.testing.assert_close(masks.paste(white, black, half).pixels, torch.full((1, 3, 8, 12), 0.25))


def test_a_mask_from_a_colour_takes_what_is_near_it() -> None:
    pixels = torch.zeros(1, 3, 1, 4)
    pixels[0, :, 0, 1] = torch.tensor([1.0, 0.5, 0.0])
    pixels[0, :, 0, 2] = torch.tensor([1.0, 0.55, 0.05])
    pixels[0, :, 0, 3] = 1
    image = Image(pixels)
    assert masks.mask_from_color(image, "#ff8000", 0.0).values.flatten().tolist() == [0, 0, 0, 0]
    assert masks.mask_from_color(image, "#ff8000", 0.01).values.flatten().tolist() == [0, 1, 0, 0]
    assert masks.mask_from_color(image, "#FF8000", 0.1).values.flatten().tolist() == [0, 1, 1, 0]
    assert masks.mask_from_color(image, "white", 0.0).values.flatten().tolist() == [0, 0, 0, 1]
    assert masks.mask_from_color(image, "black", 1.0).values.flatten().tolist() == [1, 1, 1, 1]


def test_an_overlay_tints_the_masked_part_and_draws_its_rim() -> None:
    grey, mask = Image(torch.full((1, 3, 9, 9), 0.5)), _box(2, 2, 7, 7)
    shown = masks.mask_overlay(grey, mask, "#ff0000", opacity=0.5, outline=1).pixels[0]
    assert shown[:, 0, 0].tolist() == [0.5, 0.5, 0.5]
    assert shown[:, 4, 4].tolist() == [0.75, 0.25, 0.25]
    assert shown[:, 2, 4].tolist() == [1, 0, 0]
    tint = masks.mask_overlay(grey, mask, "#ff0000", opacity=0.5, outline=0).pixels[0]
    assert tint[:, 2, 4].tolist() == [0.75, 0.25, 0.25]
    whole = masks.mask_overlay(grey, Mask(torch.ones(1, 1, 9, 9)), "#ff0000", 0.0, 2).pixels[0]
    assert whole[:, 1, 5].tolist() == [1, 0, 0]
    assert whole[:, 2, 5].tolist() == [0.5, 0.5, 0.5]


def _save(context: Context, values: Tensor, mode: str) -> None:
    folder: Path = context.folders.inputs[0]
    PIL.Image.fromarray((values * 255).round().byte().numpy(), mode).save(folder / "mask.png")


def test_a_painted_file_is_read_by_brightness_or_by_paint(context: Context) -> None:
    _save(context, torch.tensor([[0.0, 0.2, 1.0]]), "L")
    torch.testing.assert_close(masks.load_mask(context, "mask.png").values, torch.tensor([[[[0.0, 0.2, 1.0]]]]))

    white, black, red = [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]
    paint = torch.tensor([[[*white, 1.0], [*white, 0.0], [*black, 0.0], [*black, 1.0], [*white, 0.4], [*red, 1.0]]])
    _save(context, paint, "RGBA")
    brightness = masks.load_mask(context, "mask.png").values.flatten()
    torch.testing.assert_close(brightness, torch.tensor([1.0, 0.0, 0.0, 0.0, 0.4, 0.299]), rtol=0, atol=1e-6)
    opaque = masks.load_mask(context, "mask.png", "alpha").values.flatten()
    torch.testing.assert_close(opaque, torch.tensor([1.0, 0.0, 0.0, 1.0, 0.4, 1.0]))


def test_a_painted_file_that_changes_is_read_again(context: Context) -> None:
    fingerprint = masks.load_mask.spec.fingerprint
    assert fingerprint is not None
    _save(context, torch.zeros(2, 2), "L")
    before = fingerprint(context=context, file="mask.png")
    _save(context, torch.ones(2, 2), "L")
    assert fingerprint(context=context, file="mask.png") != before
    (context.folders.inputs[0] / "mask.png").write_bytes(b"no picture")
    with pytest.raises(ImageRefused, match=r"mask.png cannot be read"):
        masks.load_mask(context, "mask.png")


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(Misfit, match=r"left must be below right and top below bottom, found 0.5, 0.5 and 0.25, 0.75"):
        masks.mask_rectangle(left=0.5, right=0.5)
    for points in ("", "0,0 1,1", "0,0 1,1 0", "0,0 1,one 1,1", "0,0 1,1 nan,1"):
        with pytest.raises(Misfit, match="three corners or more"):
            masks.mask_polygon(points)
    with pytest.raises(Misfit, match=r"fractions of the picture, 0 to 1, found 1e\+06"):
        masks.mask_polygon("0,0 1,1 1e6,0")
    with pytest.raises(Misfit, match="no colour is called 'reddish'; write #rrggbb"):
        masks.mask_from_color(_noise(1), "reddish")
    with pytest.raises(Misfit, match="masks of one size are wanted, found 9 x 9 and 12 x 8"):
        masks.combine_masks(_box(0, 0, 1, 1), _box(0, 0, 1, 1, (8, 12)))
    with pytest.raises(Misfit, match=r"an image of 12 x 8 and a base of 9 x 9; use core\.resize"):
        masks.paste(_noise(1), _noise(1, (9, 9)), _box(0, 0, 1, 1))
    with pytest.raises(Misfit, match="found image 2 and base 3"):
        masks.paste(_noise(2), _noise(3), _box(0, 0, 1, 1, (8, 12)))
