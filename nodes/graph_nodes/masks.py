"""Nodes that make and change masks: 1 where a picture may change, 0 where it is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from graph_engine import Color, Context, FilePath, Image, Mask, Slider, node
from graph_engine.files import digest_file
from graph_nodes import image_files
from graph_nodes.errors import Misfit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "combine_masks",
    "feather_mask",
    "grow_mask",
    "invert_mask",
    "load_mask",
    "mask_from_color",
    "mask_overlay",
    "mask_polygon",
    "mask_rectangle",
    "mask_to_image",
    "paste",
]

Side = Annotated[int, Slider(1, 8192)]
Fraction = Annotated[float, Slider(0.0, 1.0, 0.01)]
AnyColor = Annotated[str, Color(names=True)]
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@node(category="masks")
def mask_rectangle(
    left: Fraction = 0.25,
    top: Fraction = 0.25,
    right: Fraction = 0.75,
    bottom: Fraction = 0.75,
    width: Side = 64,
    height: Side = 64,
    image: Image | None = None,
) -> Mask:
    """Mask a rectangle.

    left, top, right, bottom: its sides, as fractions of the picture from the upper left corner. width, height: the
    mask's size in pixels. image: a picture whose size it takes instead.
    """
    from graph_nodes.science import masks

    if left >= right or top >= bottom:
        raise Misfit(
            f"left must be below right and top below bottom, found {left:g}, {right:g} and {top:g}, {bottom:g}"
        )
    return Mask(masks.rectangle(left, top, right, bottom, *_size(image, height, width)))


@node(category="masks")
def mask_polygon(
    points: str = "0.5,0.1 0.9,0.9 0.1,0.9", width: Side = 64, height: Side = 64, image: Image | None = None
) -> Mask:
    """Mask a polygon, with smooth edges.

    points: its corners as `x,y x,y x,y`, in fractions of the picture from the upper left corner, as SVG writes them;
    they may lie outside. Where it overlaps itself it has a hole. width, height: the mask's size in pixels. image: a
    picture whose size it takes instead.
    """
    from graph_nodes.science import masks

    return Mask(masks.polygon(_points(points), *_size(image, height, width)))


def _mask_fingerprint(context: Context, file: str) -> dict[str, str]:
    return {f"file {file}": digest_file(context.input_file(file))}


@node(category="masks", fingerprint=_mask_fingerprint)
def load_mask(
    context: Context,
    file: Annotated[str, FilePath((".png", ".jpg", ".jpeg", ".webp"))],
    channel: Literal["brightness", "alpha"] = "brightness",
) -> Mask:
    """Read a mask that was painted in another program, with the limits of core.load_image.

    file: a path relative to the workflow's folder or the input folder. channel: brightness takes white for 1 and black
    (or transparent) for 0; alpha takes whatever is opaque for 1, in any colour. Parts of a picture that were erased to
    transparency are the mask of core.load_image. Raises ImageRefused.
    """
    import torch

    pixels, opacity = image_files.read_picture(context.input_file(file))
    if channel == "alpha":
        return Mask(opacity)
    luma = (pixels * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)  # ITU-R BT.601
    return Mask((luma - (1 - opacity)).clamp(0, 1))  # the white that stands behind transparent parts is not paint


@node(category="masks")
def mask_from_color(image: Image, color: AnyColor = "#ffffff", tolerance: Fraction = 0.1) -> Mask:
    """Mask what has a colour, such as the background, or what was marked in a colour of its own.

    color: as `#rrggbb` or by name. tolerance: how far a pixel's colour may be from it; 0 takes the colour alone, 1 all.
    """
    from graph_nodes.science import masks

    return Mask(masks.near_colour(image.pixels, _rgb(color), tolerance))


@node(category="masks")
def grow_mask(mask: Mask, pixels: Annotated[int, Slider(-256, 256)] = 4) -> Mask:
    """Add a rim to a mask, or take one off.

    mask: what is grown. pixels: how wide the rim is; negative shrinks. Where a mask reaches the picture's edge it stays
    there.
    """
    from graph_nodes.science import masks

    return Mask(masks.grow(mask.values, pixels))


@node(category="masks")
def feather_mask(mask: Mask, sigma: Annotated[float, Slider(0.0, 100.0, 0.1)] = 2.0, inside: bool = False) -> Mask:
    """Make the edge of a mask soft.

    mask: what is softened. sigma: the Gaussian's standard deviation in pixels; 0 changes nothing. inside: soften the
    inner side of the edge alone, so that what was kept is still kept exactly.
    """
    from graph_nodes.science import masks

    return Mask(masks.feather(mask.values, sigma, inside) if sigma else mask.values)


@node(category="masks")
def invert_mask(mask: Mask) -> Mask:
    """Change what was kept, and keep what was to change. mask: the one to turn around."""
    return Mask(1 - mask.values)


@node(category="masks")
def combine_masks(first: Mask, second: Mask, how: Literal["union", "intersection", "difference"] = "union") -> Mask:
    """Make one mask of two, of one size.

    first, second: the masks; a single one goes with a whole batch. how: union is where either is, intersection where
    both are, difference where the first is and the second is not.
    """
    import torch

    a, b = first.values, second.values
    if a.shape[-2:] != b.shape[-2:]:
        raise Misfit(f"masks of one size are wanted, found {_shown(a)} and {_shown(b)}; make both for one picture")
    _check_batches("first", a, "second", b)
    if how == "union":
        return Mask(torch.maximum(a, b))
    return Mask(torch.minimum(a, b if how == "intersection" else 1 - b))


@node(category="masks")
def mask_to_image(mask: Mask) -> Image:
    """Show a mask as a picture: white where something may change. mask: the one to show."""
    return Image(mask.values.repeat(1, 3, 1, 1))


@node(category="masks")
def mask_overlay(
    image: Image,
    mask: Mask,
    color: AnyColor = "#ff2e63",
    opacity: Fraction = 0.5,
    outline: Annotated[int, Slider(0, 64)] = 1,
) -> Image:
    """Show on a picture what a mask covers, tinted and outlined, to check it before a long run.

    image: the picture. mask: of any size; it is fitted to the picture. color: of the tint, as `#rrggbb` or by name.
    opacity: how strong the tint is. outline: how wide the outline is, in pixels; 0 for none.
    """
    import torch

    from graph_nodes.science import images, masks

    fitted = images.fit(mask.values, image.pixels)
    _check_batches("image", image.pixels, "mask", fitted)
    paint = torch.tensor(_rgb(color)).view(1, 3, 1, 1)
    tinted = masks.composite(paint, image.pixels, opacity * fitted)
    return Image(masks.composite(paint, tinted, masks.outline(fitted, outline)) if outline else tinted)


@node(category="masks")
def paste(image: Image, base: Image, mask: Mask) -> Image:
    """Put the masked part of one picture into another; what the mask keeps is exactly the base.

    image: the new picture. base: the one that it goes into, of the same size. mask: 1 takes the image, 0 the base, what
    lies between mixes them; of any size, it is fitted to the pictures.
    """
    from graph_nodes.science import images, masks

    if image.pixels.shape[-2:] != base.pixels.shape[-2:]:
        raise Misfit(
            f"pictures of one size are wanted, found an image of {_shown(image.pixels)} and a base of "
            f"{_shown(base.pixels)}; use core.resize"
        )
    fitted = images.fit(mask.values, base.pixels)
    _check_batches("image", image.pixels, "base", base.pixels)
    _check_batches("mask", fitted, "pictures", max(image.pixels, base.pixels, key=len))
    return Image(masks.composite(image.pixels, base.pixels, fitted))


def _size(image: Image | None, height: int, width: int) -> tuple[int, int]:
    """(height, width) of the picture, where there is one."""
    return (height, width) if image is None else (image.pixels.shape[-2], image.pixels.shape[-1])


def _points(text: str) -> list[tuple[float, float]]:
    words = text.replace(",", " ").split()
    if not all(_NUMBER.fullmatch(word) for word in words) or len(words) % 2 or len(words) < 6:
        raise Misfit(f"points wants three corners or more as 'x,y x,y x,y', found {text!r}")
    values = [float(word) for word in words]
    if any(abs(value) > 1000 for value in values):
        raise Misfit(f"points are fractions of the picture, 0 to 1, found {max(values, key=abs):g}")
    return list(zip(values[::2], values[1::2], strict=True))


def _rgb(color: str) -> tuple[float, float, float]:
    """A colour as three numbers 0..1; raises Misfit for one that has no name."""
    import PIL.ImageColor

    try:
        red, green, blue, *_ = PIL.ImageColor.getrgb(color)
    except ValueError:
        raise Misfit(
            f"no colour is called {color!r}; write #rrggbb, such as #ff8800, or a name such as orange"
        ) from None
    return red / 255, green / 255, blue / 255


def _check_batches(name: str, a: Tensor, other: str, b: Tensor) -> None:
    if len(a) != len(b) and 1 not in (len(a), len(b)):
        raise Misfit(f"batches of one size are wanted, found {name} {len(a)} and {other} {len(b)}")


def _shown(pixels: Tensor) -> str:
    return f"{pixels.shape[-1]} x {pixels.shape[-2]}"
