"""Picture nodes: sizes, tones and batches, against PIL and formulas, and never into their inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
import torch
from graph_nodes import image_ops
from graph_nodes.errors import Misfit
from graph_nodes.science import images
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from graph_engine import Image

METHODS = sorted(images.RESIZE_METHODS)
SIDES = st.integers(1, 24)


def _noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _smooth(height: int, width: int) -> Tensor:
    """A soft picture, on which good filters agree."""
    y, x = torch.linspace(0, 3, height)[:, None], torch.linspace(0, 3, width)[None]
    return torch.stack([0.5 + 0.4 * torch.sin(x + y), 0.5 + 0.4 * torch.cos(x - y), (x + y) / 6])[None]


@given(h=SIDES, w=SIDES, new_h=SIDES, new_w=SIDES, method=st.sampled_from(METHODS), n=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_resize_gives_the_size_in_range_and_keeps_flat_pictures_flat(
    h: int, w: int, new_h: int, new_w: int, method: str, n: int
) -> None:
    resized = image_ops.resize(Image(_noise(n, 3, h, w)), new_w, new_h, method).pixels  # type: ignore[arg-type]
    assert resized.shape == (n, 3, new_h, new_w)
    assert resized.min() >= 0
    assert resized.max() <= 1
    flat = image_ops.resize(Image(torch.full((1, 3, h, w), 0.25)), new_w, new_h, method).pixels  # type: ignore[arg-type]
    torch.testing.assert_close(flat, torch.full_like(flat, 0.25), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(10, 14), (50, 44)])
@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
def test_resize_filters_as_pil_does(method: str, size: tuple[int, int]) -> None:
    """PIL's filters on floating-point channels; its bicubic and ours have the same a = -0.5 when antialiased."""
    pixels = _smooth(24, 32)
    ours = image_ops.resize(Image(pixels), size[1], size[0], method).pixels[0]  # type: ignore[arg-type]
    kind = {"bilinear": 2, "bicubic": 3, "lanczos": 1}[method]
    for channel, found in zip(pixels[0], ours, strict=True):
        theirs = PIL.Image.fromarray(channel.numpy(), mode=None).resize((size[1], size[0]), kind)
        torch.testing.assert_close(found, torch.from_numpy(np.asarray(theirs).clip(0, 1)), rtol=0, atol=1e-5)


@given(h=SIDES, w=SIDES, new_h=SIDES, new_w=SIDES)
@settings(max_examples=40, deadline=None)
def test_fit_inside_never_stands_over_and_cover_is_exact(h: int, w: int, new_h: int, new_w: int) -> None:
    image = Image(_noise(1, 3, h, w))
    inside = image_ops.resize(image, new_w, new_h, "bilinear", "inside").pixels.shape[-2:]
    assert inside[0] <= new_h
    assert inside[1] <= new_w
    assert inside[0] == new_h or inside[1] == new_w
    assert image_ops.resize(image, new_w, new_h, "bilinear", "cover").pixels.shape[-2:] == (new_h, new_w)


def test_crop_takes_the_part_and_refuses_to_reach_over_the_edge() -> None:
    pixels = _noise(2, 3, 8, 10)
    assert torch.equal(image_ops.crop(Image(pixels), 3, 2, 5, 4).pixels, pixels[..., 2:6, 3:8])
    with pytest.raises(Misfit, match=r"from \(6, 0\) to \(11, 4\) reaches over a picture of 10 x 8"):
        image_ops.crop(Image(pixels), 6, 0, 5, 4)


@given(sigma=st.floats(0.8, 3.0), seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_blur_keeps_the_mean_of_the_inside_and_smooths(sigma: float, seed: int) -> None:
    point = torch.zeros(1, 3, 41, 41)
    point[..., 20, 20] = 1
    blurred = images.gaussian_blur(point, sigma).double()
    torch.testing.assert_close(blurred.sum(dim=(2, 3)), torch.ones(1, 3, dtype=torch.float64), rtol=0, atol=1e-5)
    y = torch.arange(41, dtype=torch.float64) - 20
    variance = (blurred[0, 0].sum(dim=1) * y**2).sum().item()
    assert variance == pytest.approx(sigma**2, rel=0.05, abs=0.03)
    noise = _noise(1, 3, 16, 16, seed=seed)
    assert images.gaussian_blur(noise, sigma).var() < noise.var()


def test_levels_is_its_formula_in_float64() -> None:
    pixels = _noise(1, 3, 5, 5)
    ours = image_ops.levels(Image(pixels), 0.2, 0.7, 1.8).pixels.double()
    expected = ((pixels.double() - 0.2) / 0.5).clamp(0, 1) ** (1 / 1.8)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-6)
    assert torch.equal(image_ops.levels(Image(pixels)).pixels, pixels)
    with pytest.raises(Misfit, match=r"black must be below white, found 0.5 and 0.5"):
        image_ops.levels(Image(pixels), 0.5, 0.5)


def test_a_batch_is_made_and_taken_apart() -> None:
    one, two = Image(_noise(1, 3, 4, 4)), Image(_noise(2, 3, 4, 4, seed=1))
    together = image_ops.batch([one, two])
    assert together.pixels.shape == (3, 3, 4, 4)
    parts = image_ops.unbatch(together)
    assert torch.equal(torch.cat([part.pixels for part in parts]), together.pixels)
    with pytest.raises(Misfit, match=r"pictures of one size, found 4 x 4, 6 x 5; use core.resize"):
        image_ops.batch([one, Image(_noise(1, 3, 5, 6))])
    with pytest.raises(Misfit, match="found no picture"):
        image_ops.batch([])


NODES: dict[str, Callable[[Image], object]] = {
    **{f"resize {method}": lambda image, method=method: image_ops.resize(image, 5, 9, method) for method in METHODS},
    "resize to the same size": lambda image: image_ops.resize(image, 8, 8),
    "cover": lambda image: image_ops.resize(image, 5, 9, "area", "cover"),
    "crop": lambda image: image_ops.crop(image, 1, 1, 4, 4),
    "blur": lambda image: image_ops.blur(image, 1.5),
    "levels": lambda image: image_ops.levels(image, 0.1, 0.9, 0.5),
    "batch": lambda image: image_ops.batch([image, image]),
    "unbatch": image_ops.unbatch,
    "grid": lambda image: image_ops.grid([image], ["a", "b"], title="title"),
}


@pytest.mark.parametrize("name", NODES)
def test_no_node_writes_into_its_input(name: str) -> None:
    pixels = _noise(2, 3, 8, 8)
    before = pixels.clone()
    NODES[name](Image(pixels))
    assert torch.equal(pixels, before)


def test_every_picture_of_a_batch_is_worked_on_by_itself() -> None:
    pixels = _noise(3, 3, 9, 7)
    for operation in (
        lambda image: image_ops.resize(image, 5, 6, "lanczos"),
        lambda image: image_ops.blur(image, 2.0),
        lambda image: image_ops.levels(image, 0.1, 0.9, 2.0),
    ):
        whole = operation(Image(pixels)).pixels
        single = torch.cat([operation(Image(one[None])).pixels for one in pixels])
        torch.testing.assert_close(whole, single, rtol=0, atol=1e-6)
