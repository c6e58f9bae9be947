"""The nodes: typed functions on pictures. torch is imported where it is used, so that listing nodes stays quick."""

from typing import Annotated, Literal

from graph_engine import Image, Slider, node
from graph_engine_posterize.palette import Palette

Levels = Annotated[int, Slider(2, 64)]


@node(category="image/posterize")
def posterize(image: Image, levels: Levels = 4) -> Image:
    """Keep only a few levels of each colour channel, as a screen print does.

    image: the pictures to change.
    levels: how many levels each channel keeps; 2 gives at most eight colours.
    """
    return Image((image.pixels * (levels - 1)).round() / (levels - 1))


@node(category="image/posterize")
def dither(image: Image, levels: Levels = 2, size: Literal[2, 4, 8] = 4) -> Image:
    """Posterize with a pattern of dots, so that areas keep their average colour (Bayer, 1973).

    image: the pictures to change.
    levels: how many levels each channel keeps.
    size: side of the pattern in pixels; a larger one gives finer tones and a coarser pattern.
    """
    import torch

    threshold = torch.zeros(1, 1)
    while threshold.shape[0] < size:
        threshold = torch.cat(
            [
                torch.cat([4 * threshold, 4 * threshold + 2], 1),
                torch.cat([4 * threshold + 3, 4 * threshold + 1], 1),
            ]
        )
    threshold = (threshold + 0.5) / size**2
    height, width = image.pixels.shape[-2:]
    pattern = threshold.repeat(height // size + 1, width // size + 1)[:height, :width]
    return Image((image.pixels * (levels - 1) + pattern.to(image.pixels)).floor().clamp(0, levels - 1) / (levels - 1))


@node(category="image/posterize")
def find_palette(image: Image, colors: Annotated[int, Slider(1, 64)] = 6) -> Palette:
    """Find the colours that stand for a picture best, by median cut (Heckbert, 1982).

    image: the pictures to look at, all together.
    colors: how many colours to find; fewer come back when the pictures hold fewer.
    """
    import torch

    boxes = [image.pixels.permute(0, 2, 3, 1).reshape(-1, 3)]
    while len(boxes) < colors:
        spreads = [(box.amax(0) - box.amin(0)).max() for box in boxes]
        widest = int(torch.stack(spreads).argmax())
        if spreads[widest] == 0:
            break
        box = boxes.pop(widest)
        channel = int((box.amax(0) - box.amin(0)).argmax())
        value = box[:, channel]
        middle = value.median()
        low = value <= middle if middle < value.max() else value < middle
        boxes += [box[low], box[~low]]
    found = torch.stack([box.mean(0) for box in boxes])
    return Palette(found[found.sum(1).argsort()])


@node(category="image/posterize")
def apply_palette(image: Image, palette: Palette) -> Image:
    """Paint a picture with the colours of a palette: every pixel takes the nearest one.

    image: the pictures to repaint.
    palette: the colours to use.
    """
    import torch

    pixels = image.pixels.permute(0, 2, 3, 1)
    nearest = torch.cdist(pixels.reshape(-1, 3), palette.colors.to(pixels)).argmin(1)
    return Image(palette.colors.to(pixels)[nearest].reshape(pixels.shape).permute(0, 3, 1, 2).contiguous())
