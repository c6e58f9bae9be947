"""Nodes that read and write picture files."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, NamedTuple

from graph_engine import Context, FilePath, Image, Mask, SavedImages, node
from graph_engine.files import digest_file
from graph_nodes import image_files

__all__ = ["Loaded", "Saved", "load_image", "outputs_folder", "preview", "save_image"]


class Loaded(NamedTuple):
    """A picture, and where it is transparent."""

    image: Image
    mask: Mask


class Saved(NamedTuple):
    """What was written."""

    image: SavedImages


def _file_fingerprint(context: Context, file: str) -> dict[str, str]:
    return {f"file {file}": digest_file(context.input_file(file))}


@node(category="images", fingerprint=_file_fingerprint)
def load_image(context: Context, file: Annotated[str, FilePath((".png", ".jpg", ".jpeg", ".webp"))]) -> Loaded:
    """Read a picture from the input folders: PNG, JPEG or WEBP, at most 32 megapixels and 8192 pixels a side.

    file: a path relative to the workflow's folder or the input folder. The picture is turned upright as its EXIF data
    says; transparent parts become white, and the mask is 1 where the picture is transparent. Of an animation the
    first frame is read. Raises ImageRefused.
    """
    pixels, opacity = image_files.read_picture(context.input_file(file))
    return Loaded(Image(pixels), Mask(1 - opacity))


def outputs_folder(context: Context) -> str:
    """Where files are saved: a part of the key of what saves them."""
    return str(context.folders.outputs.resolve())


@node(category="images", fingerprint=outputs_folder)
def save_image(context: Context, image: Image, name: str = "image") -> Saved:
    """Save pictures as PNG files in the output folder, numbered, each with its workflow inside.

    name: the file name without number and ending; it may have folders (`circles/red`) and the fields {date} and
    {time}. `image` becomes image-0001.png, then image-0002.png; nothing is overwritten. `graph-engine run FILE.png`
    makes the same pictures again.
    """
    stem = image_files.name_stem(name, datetime.now().astimezone())
    workflow = context.workflow()
    text = json.dumps(workflow, ensure_ascii=False, allow_nan=False) if workflow else ""
    encoded = (image_files.encode_png(pixels, text) for pixels in image.pixels)
    paths = image_files.write_numbered(context.folders.outputs.resolve(), stem, encoded)
    return Saved(SavedImages(tuple(map(str, paths)), tuple(map(digest_file, paths))))


@node(category="images")
def preview(context: Context, image: Image) -> Image:
    """Show a picture while the workflow runs, and pass it on unchanged."""
    context.progress(1, 1, lambda: image)
    return image
