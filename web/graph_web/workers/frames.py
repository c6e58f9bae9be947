"""Messages between the server and a worker process: a JSON header and some bytes, with their lengths in front.

Nothing is ever unpickled: what a worker says is data.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any, BinaryIO

import msgspec

__all__ = ["pack", "read_frame", "read_frame_blocking"]

_LENGTHS = struct.Struct("<II")
_MOST = 256 << 20
_encode = msgspec.json.Encoder().encode


def pack(header: dict[str, Any], payload: bytes = b"") -> bytes:
    """One frame."""
    head = _encode(header)
    return b"".join((_LENGTHS.pack(len(head), len(payload)), head, payload))


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame; raises asyncio.IncompleteReadError at the end."""
    head, payload = _lengths(await reader.readexactly(_LENGTHS.size))
    return msgspec.json.decode(await reader.readexactly(head)), await reader.readexactly(payload)


def read_frame_blocking(file: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame of a file, or None at its end."""
    lengths = _exactly(file, _LENGTHS.size)
    if lengths is None:
        return None
    head, payload = _lengths(lengths)
    header, data = _exactly(file, head), _exactly(file, payload)
    return None if header is None or data is None else (msgspec.json.decode(header), data)


def _lengths(data: bytes) -> tuple[int, int]:
    head, payload = _LENGTHS.unpack(data)
    if head + payload > _MOST:
        raise ValueError(f"a frame of {head + payload} bytes")
    return head, payload


def _exactly(file: BinaryIO, count: int) -> bytes | None:
    pieces = []
    while count:
        piece = file.read(count)
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
