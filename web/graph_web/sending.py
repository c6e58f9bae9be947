"""Files on their way to a client: a type that we say and never the file itself, a tag, and nothing that can run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

from graph_web.disk import disk_told
from graph_web.errors import Failure

__all__ = ["Sent", "client_has", "media_type", "send_file"]

_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_TEXTS = (".txt", ".csv", ".json", ".yaml", ".md")
_PIECE = 256 << 10


@dataclass(frozen=True)
class Sent:
    """How a file goes out. name: what the client may save it as; etag: with its quotes, or empty for one from the
    file's time and size; forever: the same address always has the same bytes."""

    name: str
    etag: str = ""
    forever: bool = False


def media_type(name: str) -> str:
    """The type that a file is sent as: pictures as themselves, texts as plain text, all else as bytes."""
    ending = os.path.splitext(name)[1].lower()
    return _PICTURES.get(ending) or ("text/plain" if ending in _TEXTS else "application/octet-stream")


def client_has(request: web.Request, etag: str) -> bool:
    """Whether the client says by If-None-Match that it has what `etag` (with its quotes) stands for."""
    return any(tag.value == "*" or f'"{tag.value}"' == etag for tag in request.if_none_match or ())


async def send_file(request: web.Request, path: Path, sent: Sent) -> web.StreamResponse:
    """Answer with a file, or with 304 when the client has it already."""
    try:
        with disk_told("the file could not be read"):
            file, status = await asyncio.to_thread(_open, path)
    except Failure as failure:
        if isinstance(failure.__cause__, FileNotFoundError):
            raise Failure(404, "FileGone", "the file was removed just now; look at the list again") from None
        raise
    try:
        etag = sent.etag or f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        headers = _headers(sent, etag)
        if client_has(request, etag):
            return web.Response(status=304, headers=headers)
        response = web.StreamResponse(headers={**headers, "Content-Type": _content_type(path.name)})
        response.content_length = status.st_size
        await response.prepare(request)
        if request.method != "HEAD":
            await _copy(file, response, status.st_size)
        return response
    finally:
        file.close()


def _open(path: Path) -> tuple[BinaryIO, os.stat_result]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    file = os.fdopen(descriptor, "rb")
    return file, os.fstat(descriptor)


async def _copy(file: BinaryIO, response: web.StreamResponse, size: int) -> None:
    """Exactly the bytes that were promised; a file that shrank meanwhile ends the connection and not the server."""
    left = size
    while left and (piece := await asyncio.to_thread(file.read, min(left, _PIECE))):
        await response.write(piece)
        left -= len(piece)
    if left:
        response.force_close()
    await response.write_eof()


def _headers(sent: Sent, etag: str) -> Mapping[str, str]:
    shown = "inline" if media_type(sent.name).startswith("image/") else "attachment"
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in sent.name)
    name = quote(sent.name.encode("utf-8", "replace"), safe="")
    return {
        "ETag": etag,
        "Cache-Control": "private, max-age=31536000, immutable" if sent.forever else "private, no-cache",
        "Content-Disposition": f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }


def _content_type(name: str) -> str:
    found = media_type(name)
    return f"{found}; charset=utf-8" if found.startswith("text/") else found
