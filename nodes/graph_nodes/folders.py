"""Reading a whole folder of pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from graph_engine import Context, FilePath, Image, Slider, node
from graph_engine.files import FileRefused
from graph_nodes import image_files
from graph_nodes.digests import digest_of
from graph_nodes.errors import ImageRefused

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Pictures", "load_images"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


class Pictures(NamedTuple):
    """The pictures of a folder, and their paths in it."""

    images: list[Image]
    names: list[str]


def _fingerprint(context: Context, folder: str, pattern: str, limit: int, subfolders: bool) -> dict[str, str]:
    found = _files(context, folder, pattern, subfolders)[:limit]
    return {f"file {folder}/{name}": digest_of(context, path) for name, path in found}


@node(category="images", fingerprint=_fingerprint)
def load_images(
    context: Context,
    folder: Annotated[str, FilePath()],
    pattern: str = "*",
    limit: Annotated[int, Slider(1, 4096)] = 256,
    subfolders: bool = False,
    max_side: Annotated[int, Slider(0, 8192)] = 512,
) -> Pictures:
    """Read every picture of a folder below the input folders: PNG, JPEG and WEBP, as core.load_image reads one.

    folder: a path relative to the workflow's folder or the input folder. pattern: which names, such as `cat-*.png`.
    limit: how many at most, in the order of their names, numbers by their value. subfolders: look into these too.
    max_side: larger pictures are shrunk to this many pixels, so that a folder of photographs fits in memory; 0 leaves
    them. A file that cannot be read is left out with a warning. Raises ImageRefused when no picture is left.
    """
    found = _files(context, folder, pattern, subfolders)
    if len(found) > limit:
        context.warn(f"{folder!r} holds {len(found)} pictures; the first {limit} are read: raise limit for more")
    images, names = [], []
    for index, (name, path) in enumerate(found[:limit]):
        try:
            pixels, _ = image_files.read_picture(path)
        except ImageRefused as error:
            context.warn(f"left out: {error}")
            continue
        images.append(Image(_shrunk(pixels, max_side)))
        names.append(name)
        context.progress(index + 1, min(len(found), limit))
    if not images:
        kinds = ", ".join(SUFFIXES)
        raise ImageRefused(f"no picture in the folder {folder!r} is called {pattern!r} and ends with one of {kinds}")
    return Pictures(images, names)


def _files(context: Context, folder: str, pattern: str, subfolders: bool) -> list[tuple[str, Path]]:
    """(path in the folder, file) of the pictures in it, in order; FileRefused for a link that leads out of it."""
    base = context.input_folder(folder).resolve()
    names = sorted((name for name in _walk(base, subfolders) if _is_wanted(name, pattern)), key=_natural)
    found = [(name, (base / name).resolve()) for name in names]
    strangers = [name for name, path in found if not path.is_relative_to(base)]
    if strangers:
        raise FileRefused(f"{strangers[0]!r} leads out of the folder {folder!r} through a symbolic link; copy the file")
    return [(name, path) for name, path in found if path.is_file()]


def _walk(base: Path, subfolders: bool) -> Iterator[str]:
    """The paths of the files in a folder, with `/`; links to folders are not followed."""
    for where, folders, files in os.walk(base):
        folders[:] = [name for name in folders if not name.startswith(".")] if subfolders else []
        for name in files:
            yield (Path(where) / name).relative_to(base).as_posix()


def _is_wanted(path: str, pattern: str) -> bool:
    name = path.rpartition("/")[2]
    is_picture = name.lower().endswith(SUFFIXES) and not name.startswith(".")
    return is_picture and (fnmatchcase(name, pattern) or fnmatchcase(path, pattern))


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts `cat-2` before `cat-10`."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)] + [(-2, name)]


def _shrunk(pixels: Tensor, side: int) -> Tensor:
    from graph_nodes.science import images

    height, width = pixels.shape[-2:]
    if not side or max(height, width) <= side:
        return pixels
    return images.resize(pixels, *images.fit_inside((height, width), (side, side), cover=False), "area")
