"""Picture files: read with care, written so that nothing is ever overwritten or half there."""

from __future__ import annotations

import io
import os
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph_engine.files import FileRefused, check_relative, safe_name
from graph_nodes.errors import ImageRefused

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor

__all__ = ["MAX_PIXELS", "MAX_SIDE", "encode_png", "name_stem", "read_picture", "write_numbered"]

MAX_PIXELS = 32_000_000
MAX_SIDE = 8192
_FORMATS = ("PNG", "JPEG", "WEBP")


def read_picture(path: Path) -> tuple[Tensor, Tensor]:
    """(pixels [1, 3, h, w] on white, opacity [1, 1, h, w]) of a PNG, JPEG or WEBP, float32 0..1, upright as EXIF says.

    The size is checked in the header, before anything is decoded. Raises ImageRefused.
    """
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(path, formats=_FORMATS) as picture:
            _check_size(path, picture.size)
            return _tensors(PIL.ImageOps.exif_transpose(picture))
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise ImageRefused(f"{path.name} cannot be read as {', '.join(_FORMATS)}: {error}") from None


def _check_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageRefused(
            f"{path.name} is {width} x {height}; at most {MAX_SIDE} a side and {MAX_PIXELS // 1_000_000} megapixels"
        )


def _tensors(picture: PIL.Image.Image) -> tuple[Tensor, Tensor]:
    import numpy as np
    import torch

    if picture.mode.startswith("I"):  # 16 bits of grey: PIL's own conversion would clip them
        values = np.asarray(picture, dtype=np.float32)[..., None] / 65535
    else:
        values = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
    grey = values.shape[2] == 1
    # Views of one [n, h, w, c] array: channels last, the layout that the libraries' own readers give.
    pixels = torch.from_numpy(values[None, ..., :3].transpose(0, 3, 1, 2))
    if grey:
        return pixels.repeat(1, 3, 1, 1).clamp(0, 1), torch.ones_like(pixels)
    opacity = torch.from_numpy(values[None, ..., 3:].transpose(0, 3, 1, 2)).contiguous()
    return (pixels * opacity + (1 - opacity)).contiguous(), opacity


def encode_png(pixels: Tensor, text: str = "") -> bytes:
    """A picture [3, h, w], 0..1, as the bytes of an 8-bit PNG; `text` goes into an iTXt chunk called `workflow`."""
    import PIL.Image
    from PIL.PngImagePlugin import PngInfo

    values = (pixels.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    info = PngInfo()
    if text:
        info.add_itxt("workflow", text)
    buffer = io.BytesIO()
    PIL.Image.fromarray(values).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def name_stem(template: str, now: datetime) -> str:
    """A safe relative path without number and ending; fills in `{date}` and `{time}`; raises FileRefused."""
    filled = template.replace("{date}", f"{now:%Y-%m-%d}").replace("{time}", f"{now:%H%M%S}")
    parts = check_relative(filled.strip("/") or "image").parts
    return "/".join(safe_name(part, "image") for part in parts)


def write_numbered(folder: Path, stem: str, files: Iterable[bytes], ending: str = "png") -> list[Path]:
    """Write each file as `stem-0001.png`, `stem-0002.png` ... below `folder`, after the highest number there.

    Each appears whole or not at all, is on the disk when this returns, and never takes the place of another file.
    """
    target = folder / stem
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {target.parent} cannot be made ({error.strerror}); name another one with --out"
        raise FileRefused(message) from error
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise FileRefused(f"the name {stem!r} leads out of {folder} through a symbolic link; choose another name")
    number = _highest(target, ending) + 1
    written = []
    for data in files:
        path, number = _write_free(target, number, data, ending)
        written.append(path)
        number += 1
    _sync_folder(target.parent)
    return written


def _highest(target: Path, ending: str) -> int:
    pattern = re.compile(re.escape(target.name) + r"-(\d{4,})\." + ending)
    found = (pattern.fullmatch(entry.name) for entry in os.scandir(target.parent))
    return max((int(match[1]) for match in found if match), default=0)


def _write_free(target: Path, number: int, data: bytes, ending: str) -> tuple[Path, int]:
    temporary = target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        while True:
            path = target.parent / f"{target.name}-{number:04d}.{ending}"
            if _claim(temporary, path):
                return path, number
            number += 1
    finally:
        temporary.unlink(missing_ok=True)


def _claim(temporary: Path, path: Path) -> bool:
    """Give the finished file its name, unless that name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links: take the name first, then put the file in its place
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return False
        os.replace(temporary, path)
    return True


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
