"""Pictures that came from outside, looked at with care: what the header says first, and only then the pixels.

Plain functions that take their time, called in a thread; PIL comes in with the first picture.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graph_engine.files import atomic_write
from graph_web.disk import disk_told
from graph_web.errors import Failure

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["MAX_PIXELS", "MAX_SIDE", "SIZES", "Picture", "Thumbnails", "inspect_picture", "make_thumbnail"]

MAX_PIXELS = 32_000_000
MAX_SIDE = 8192
SIZES = (64, 128, 256, 512, 1024)
"""The longest sides that thumbnails are made in; what is asked for is rounded up."""

_ENDINGS = {"PNG": "png", "JPEG": "jpg", "MPO": "jpg", "WEBP": "webp"}  # MPO: a JPEG with more behind it, from phones
_AT_ONCE = 2


@dataclass(frozen=True)
class Picture:
    """What a picture's file is: its size in pixels as it is shown, and the ending of its format."""

    width: int
    height: int
    ending: str


def inspect_picture(path: Path) -> Picture:
    """Prove that a file is a whole PNG, JPEG or WEBP of a bearable size, by its bytes and not by its name.

    Failure 413 when it has too many pixels, which its header says before anything is decoded; 415 when it is no
    picture, or a damaged one.
    """
    with _opened(path) as picture:
        width, height = picture.size
        upright = picture.getexif().get(0x0112, 1) < 5  # from 5 on, the EXIF orientation lays it on its side
        ending = _ENDINGS[picture.format or ""]
        picture.draft("RGB", (width // 8, height // 8))  # a JPEG is read through at an eighth of its size
        picture.load()
    return Picture(width, height, ending) if upright else Picture(height, width, ending)


def make_thumbnail(source: Path, target: Path, size: int) -> None:
    """Write a WEBP of at most `size` a side to `target`; a smaller picture keeps its size."""
    import PIL.ImageOps

    with _opened(source) as picture:
        picture.draft("RGB", (size, size))
        small = _eight_bits(picture)
        small.thumbnail((size, size))
        small = PIL.ImageOps.exif_transpose(small)
        with atomic_write(target) as temporary:
            small.save(temporary, "WEBP", quality=82, exif=b"", icc_profile=b"")


def _eight_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey, which PIL's own conversion would clip
        return picture.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


@contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """An open picture of a size that was checked; whatever PIL finds wrong with it inside the block is Failure 415."""
    import PIL.Image

    wrong = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, struct.error, zlib.error)
    try:
        with PIL.Image.open(path, formats=("PNG", "JPEG", "WEBP")) as picture:
            _check_size(picture.size)
            yield picture
    except PIL.Image.DecompressionBombError as error:
        raise _too_large(str(error)) from None
    except wrong as error:
        if getattr(error, "errno", None) is not None:  # the disk's error, and not PIL's
            raise
        message = f"this is no whole PNG, JPEG or WEBP picture ({error}); save it in one of these formats"
        raise Failure(415, "NoPicture", message.replace(str(path), "the file")) from None


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(f"it is {width} x {height}")


def _too_large(found: str) -> Failure:
    limit = f"at most {MAX_SIDE} a side and {MAX_PIXELS // 1_000_000} megapixels"
    return Failure(413, "PictureTooLarge", f"the picture has too many pixels: {found}; make it smaller, {limit}")


class Thumbnails:
    """Small pictures, made when they are first asked for and kept in a folder that may be emptied at any time.

    At most two are made at once, and each only once, however many ask for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._making: dict[Path, asyncio.Task[None]] = {}

    async def get(self, key: str, source: Path, size: int) -> Path:
        """The thumbnail of `source`. key: a name for its content, so that another content has another key."""
        rounded = next((step for step in SIZES if step >= size), SIZES[-1])
        target = self._folder / key[:2] / f"{key}-{rounded}.webp"
        if not await asyncio.to_thread(target.is_file):
            task = self._making.get(target)
            if task is None:
                task = self._making[target] = asyncio.create_task(self._make(source, target, rounded))
                task.add_done_callback(lambda _: self._making.pop(target, None))
            await asyncio.shield(task)  # who asked may go away; the others still wait for it
        return target

    async def _make(self, source: Path, target: Path, size: int) -> None:
        async with self._turns:
            with disk_told("the thumbnail could not be made"):
                await asyncio.to_thread(make_thumbnail, source, target, size)

    def forget(self, key: str) -> None:
        """Remove the thumbnails of a content that was deleted."""
        for size in SIZES:
            (self._folder / key[:2] / f"{key}-{size}.webp").unlink(missing_ok=True)
