"""Nodes that work on pictures: sizes, tones, batches and contact sheets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from graph_engine import Color, Image, Slider, node
from graph_nodes.errors import Misfit

__all__ = ["batch", "blur", "crop", "grid", "levels", "plain_image", "resize", "unbatch"]

Side = Annotated[int, Slider(1, 8192)]
Offset = Annotated[int, Slider(0, 8191)]


@node(category="images")
def plain_image(color: Annotated[str, Color(names=True)] = "#ffffff", width: Side = 512, height: Side = 512) -> Image:
    """One colour all over, to begin a picture from.

    color: `#rrggbb`, or a name such as `white`. width, height: pixels.
    """
    import torch
    from PIL import ImageColor

    try:
        rgb = ImageColor.getcolor(color, "RGB")
    except ValueError:
        raise Misfit(f"{color!r} is no colour; write #rrggbb, or a name such as white") from None
    return Image((torch.tensor(rgb) / 255).view(1, 3, 1, 1).expand(1, 3, height, width).contiguous())


@node(category="images")
def resize(
    image: Image,
    width: Side,
    height: Side,
    method: Literal["bicubic", "bilinear", "lanczos", "area", "nearest"] = "bicubic",
    fit: Literal["stretch", "inside", "cover"] = "stretch",
) -> Image:
    """Bring pictures to another size.

    width, height: pixels. method: bicubic is a good default, nearest keeps hard pixels. fit: stretch to exactly the
    size; inside keeps the proportions and may be smaller; cover keeps them and cuts off what stands over.
    """
    from graph_nodes.science import images

    if fit == "stretch":
        return Image(images.resize(image.pixels, height, width, method))
    old = (image.pixels.shape[-2], image.pixels.shape[-1])
    h, w = images.fit_inside(old, (height, width), cover=fit == "cover")
    resized = images.resize(image.pixels, h, w, method)
    if fit == "inside":
        return Image(resized)
    return Image(images.crop(resized, (h - height) // 2, (w - width) // 2, height, width))


@node(category="images")
def crop(image: Image, x: Offset = 0, y: Offset = 0, width: Side = 64, height: Side = 64) -> Image:
    """Cut out a part of pictures.

    x, y: the upper left corner of the part, in pixels. width, height: its size. Raises Misfit when the part reaches
    over the edge.
    """
    from graph_nodes.science import images

    h, w = image.pixels.shape[-2:]
    if x + width > w or y + height > h:
        raise Misfit(f"the part from ({x}, {y}) to ({x + width}, {y + height}) reaches over a picture of {w} x {h}")
    return Image(images.crop(image.pixels, y, x, height, width))


@node(category="images")
def blur(image: Image, sigma: Annotated[float, Slider(0.0, 100.0, 0.1)] = 1.0) -> Image:
    """Blur pictures with a Gaussian.

    sigma: its standard deviation in pixels; 0 changes nothing.
    """
    from graph_nodes.science import images

    return Image(images.gaussian_blur(image.pixels, sigma))


@node(category="images")
def levels(
    image: Image,
    black: Annotated[float, Slider(0.0, 1.0, 0.01)] = 0.0,
    white: Annotated[float, Slider(0.0, 1.0, 0.01)] = 1.0,
    gamma: Annotated[float, Slider(0.05, 20.0, 0.05)] = 1.0,
) -> Image:
    """Set which tones become black and white, and how bright the middle is.

    black, white: the values 0..1 that become 0 and 1. gamma: above 1 brightens the middle tones, below 1 darkens them.
    """
    from graph_nodes.science import images

    if black >= white:
        raise Misfit(f"black must be below white, found {black:g} and {white:g}")
    return Image(images.levels(image.pixels, black, white, gamma))


@node(category="images")
def batch(images: list[Image]) -> Image:
    """Put pictures of one size together into one batch."""
    import torch

    sizes = {tuple(image.pixels.shape[-2:]) for image in images}
    if len(sizes) != 1:
        found = ", ".join(f"{w} x {h}" for h, w in sorted(sizes)) or "no picture"
        raise Misfit(f"a batch wants pictures of one size, found {found}; use core.resize")
    return Image(torch.cat([image.pixels for image in images]))


@node(category="images")
def unbatch(image: Image) -> list[Image]:
    """Take a batch apart into single pictures."""
    return [Image(pixels[None].clone()) for pixels in image.pixels]


@node(category="images", version=2)
def grid(
    images: list[Image],
    captions: list[str] | None = None,
    columns: Annotated[int, Slider(0, 100)] = 0,
    row_labels: list[str] | None = None,
    column_labels: list[str] | None = None,
    title: str = "",
    cell_size: Annotated[int, Slider(0, 1024)] = 0,
) -> Image:
    """Lay pictures out on one labelled sheet, to compare them.

    images: batches are laid out picture by picture. captions: a text below each picture. columns: pictures in a row;
    0 takes as many as there are column labels, or a square sheet. row_labels, column_labels: at the left of the rows
    and above the columns. title: above it all. cell_size: pictures smaller than this are enlarged a whole number of
    times, as far as they fit in it; 0 leaves them.
    """
    from graph_nodes.sheet import Sheet, draw_sheet

    pictures = [pixels for image in images for pixels in image.pixels]
    if not pictures:
        raise Misfit("a sheet wants one picture or more, found none")
    sheet = Sheet(
        columns=columns or len(column_labels or ()) or _square(len(pictures)),
        captions=tuple(captions or ()),
        row_labels=tuple(row_labels or ()),
        column_labels=tuple(column_labels or ()),
        title=title,
        cell_size=cell_size,
    )
    return Image(draw_sheet(pictures, sheet)[None])


@grid.upgrade(1)
def _broken_labels(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 breaks long captions into lines; the values are the same."""
    return values


def _square(pictures: int) -> int:
    return next(side for side in range(1, pictures + 1) if side * side >= pictures)
