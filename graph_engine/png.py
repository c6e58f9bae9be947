"""The workflow inside a PNG: an iTXt chunk, written by whoever saves a picture, read here without decoding it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from graph_engine.errors import Problem, WorkflowError
from graph_engine.reader import MAX_BYTES

__all__ = ["KEYWORD", "workflow_text"]

KEYWORD = "workflow"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def workflow_text(path: Path) -> str:
    """The JSON text of the workflow in a PNG; raises WorkflowError when there is none."""
    with open(path, "rb") as file:
        if file.read(8) != _SIGNATURE:
            raise WorkflowError([Problem("is not a PNG picture", str(path))])
        while True:
            header = file.read(8)
            if len(header) < 8 or header[4:] == b"IEND":
                break
            length, name = struct.unpack(">I", header[:4])[0], header[4:]
            if name != b"iTXt" or length > MAX_BYTES:
                file.seek(length + 4, 1)
                continue
            chunk, check = file.read(length), file.read(4)
            text = _international_text(chunk, path, zlib.crc32(name + chunk) == int.from_bytes(check, "big"))
            if text is not None:
                return text
    message = "holds no workflow; only pictures that the engine saved carry one"
    raise WorkflowError([Problem(message, str(path))])


def _international_text(chunk: bytes, path: Path, intact: bool) -> str | None:
    keyword, _, rest = chunk.partition(b"\x00")
    if keyword != KEYWORD.encode() or len(rest) < 2:
        return None
    compressed, rest = rest[0], rest[2:]
    _, _, rest = rest.partition(b"\x00")
    _, _, body = rest.partition(b"\x00")
    try:
        if not intact:
            raise zlib.error("the checksum is wrong")
        if compressed:
            engine = zlib.decompressobj()
            body = engine.decompress(body, MAX_BYTES)
        return body.decode("utf-8")
    except (zlib.error, UnicodeDecodeError):
        raise WorkflowError([Problem("holds a damaged workflow", str(path))]) from None
