"""What the pack promises."""

from pathlib import Path

import pytest
import torch
from graph_engine_posterize import Palette, apply_palette, dither, find_palette, posterize

from graph_engine import Engine, Folders, Image, load
from graph_engine.conformance import check_plugin

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def image() -> Image:
    return Image(torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_posterize_leaves_only_the_levels(image, levels):
    wanted = torch.linspace(0, 1, levels)
    found = posterize(image, levels).pixels.unique()
    assert torch.allclose(found, wanted)


def test_posterize_changes_no_pixel_by_more_than_half_a_level(image):
    assert (posterize(image, 5).pixels - image.pixels).abs().max() <= 0.125 + 1e-6


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("gray", [0.0, 0.25, 0.5, 1.0])
def test_dither_keeps_the_average_of_an_even_area(size, gray):
    area = Image(torch.full((1, 3, 32, 32), gray))
    dots = dither(area, levels=2, size=size).pixels
    assert set(dots.unique().tolist()) <= {0.0, 1.0}
    assert dots.mean().item() == pytest.approx(gray, abs=0.5 / size**2)


def test_the_palette_of_a_flag_is_its_colours():
    colors = torch.tensor([[0.0, 0.0, 0.5], [0.5, 1.0, 0.0], [1.0, 1.0, 1.0]])
    flag = Image(colors.T.repeat_interleave(4, 1).expand(4, 3, 12).permute(1, 0, 2)[None])
    assert torch.allclose(find_palette(flag, 3).colors, colors)
    assert torch.allclose(find_palette(flag, 10).colors, colors)


def test_the_palette_goes_from_dark_to_light(image):
    palette = find_palette(image, 7).colors
    assert palette.shape == (7, 3)
    assert (palette.sum(1).diff() >= 0).all()


def test_a_picture_painted_with_its_own_colours_is_itself():
    colors = torch.tensor([[0.0, 0.2, 0.4], [0.9, 0.1, 0.3]])
    pixels = colors[torch.randint(0, 2, (1, 6, 5))].permute(0, 3, 1, 2)
    assert torch.equal(apply_palette(Image(pixels), Palette(colors)).pixels, pixels)


def test_the_workflow_makes_a_poster_of_as_many_colours_as_asked(tmp_path):
    from PIL import Image as Pillow

    Pillow.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 50).convert("RGB").save(tmp_path / "picture.png")
    engine = Engine(folders=Folders(outputs=tmp_path / "out", inputs=(tmp_path,)))
    workflow = load(PROJECT / "workflows/poster.yaml")
    result = engine.run(workflow, {"picture": "picture.png", "colors": 3})
    assert result.status == "ok", result.error
    with Pillow.open(result.outputs["poster"].paths[0]) as poster:
        assert len(poster.convert("RGB").getcolors()) <= 3


def test_the_package_is_ready_to_publish():
    assert [str(finding) for finding in check_plugin(PROJECT)] == []
