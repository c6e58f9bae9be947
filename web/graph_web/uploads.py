"""One file of a multipart form, written to the disk piece by piece, so that no upload is ever whole in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from graph_web.disk import disk_told
from graph_web.errors import Failure

__all__ = ["receive_file"]

_PIECE = 1 << 20
_FORM_BYTES = 64 << 10
"""What the form around a file may take."""


async def receive_file(request: web.Request, target: Path, limit: int) -> str:
    """Write the form's field `file` to `target`, at most `limit` bytes, and give the name that the client has for it.

    Failure 413 when it is longer, 415 for what is no form, 400 for one without such a field.
    """
    if request.content_type != "multipart/form-data":
        found = request.content_type
        message = f"an upload is multipart/form-data with a field `file`, not {found}; try curl -F file=@picture.png"
        raise Failure(415, "BadContentType", message)
    if (request.content_length or 0) > limit + _FORM_BYTES:
        raise _too_large(limit)
    try:
        part = await (await request.multipart()).next()
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise _no_file()
        await _write(part, target, limit)
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError, web.HTTPException):
        raise _no_file() from None
    return part.filename or ""


async def _write(part: BodyPartReader, target: Path, limit: int) -> None:
    written, held = 0, bytearray()
    with disk_told("the upload could not be kept"), open(target, "xb") as file:
        while piece := await part.read_chunk(64 << 10):
            written += len(piece)
            if written > limit:
                raise _too_large(limit)
            held += piece
            if len(held) >= _PIECE:
                await asyncio.to_thread(file.write, bytes(held))
                held.clear()
        await asyncio.to_thread(file.write, bytes(held))


def _too_large(limit: int) -> Failure:
    return Failure(413, "TooLarge", f"an upload may have {limit} bytes; make the picture smaller")


def _no_file() -> Failure:
    return Failure(
        400, "BadForm", "the first field of the form must be `file`, with the picture; try curl -F file=@x.png"
    )
