"""The workflow inside a picture: found, refused when damaged, and never a bomb."""

from __future__ import annotations

import json
import resource
import struct
import time
import zlib

import pytest
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from graph_engine import WorkflowError, load
from graph_engine.reader import MAX_BYTES

FLOW = {"format": 1, "title": "\u00e9", "nodes": {"n": {"node": "toy.number", "with": {"value": 5}}}}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes, check: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(body))
        + name
        + body
        + struct.pack(">I", zlib.crc32(name + body) if check is None else check)
    )


def text_chunk(
    text: bytes, *, compressed: bool = False, keyword: bytes = b"workflow", check: int | None = None
) -> bytes:
    body = zlib.compress(text) if compressed else text
    return chunk(b"iTXt", keyword + b"\0" + bytes([compressed, 0]) + b"en\0translated\0" + body, check)


def picture(*chunks: bytes) -> bytes:
    return SIGNATURE + chunk(b"IHDR", b"\0" * 13) + b"".join(chunks) + chunk(b"IEND", b"")


PLAIN = json.dumps(FLOW).encode()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_picture_gives_its_workflow(tmp_path, compressed):
    path = tmp_path / "picture.PNG"
    info = PngInfo()
    info.add_text("other", "x")
    info.add_itxt("workflow", json.dumps(FLOW, ensure_ascii=False), zip=compressed)
    Picture.new("RGB", (3, 2)).save(path, format="PNG", pnginfo=info)
    workflow = load(path)
    assert (workflow.title, workflow.nodes["n"].values, workflow.source) == ("\u00e9", {"value": 5}, path)


CASES = [
    (b"no picture", "is not a PNG picture"),
    (b"", "is not a PNG picture"),
    (SIGNATURE, "holds no workflow"),
    (picture(), "holds no workflow"),
    (picture(text_chunk(PLAIN, keyword=b"prompt")), "holds no workflow"),
    (picture(text_chunk(PLAIN, check=1)), "holds a damaged workflow"),
    (picture(text_chunk(PLAIN))[:-60], "holds a damaged workflow"),
    (picture(text_chunk(b"\xff\xfe")), "holds a damaged workflow"),
    (picture(chunk(b"iTXt", b"workflow\0\1\0\0\0garbage")), "holds a damaged workflow"),
    (picture(chunk(b"iTXt", b"workflow\0")), "holds no workflow"),
    (picture(text_chunk(b"{")), "not JSON"),
    (picture(text_chunk(b'{"format": 1, "format": 1}')), "the key 'format' stands twice"),
    (SIGNATURE + struct.pack(">I", 2**32 - 1) + b"iTXt", "holds no workflow"),
    (SIGNATURE + chunk(b"tEXt", b"") * 1000, "holds no workflow"),
]


@pytest.mark.parametrize(("content", "message"), CASES)
def test_a_picture_without_a_sound_workflow_is_a_clear_error(tmp_path, content, message):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(WorkflowError, match=message):
        load(path)


def test_a_compressed_bomb_is_refused_in_bounded_time_and_memory(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(picture(text_chunk(b" " * (40 * MAX_BYTES), compressed=True)))
    begun, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WorkflowError):
        load(path)
    assert time.process_time() - begun < 3
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 120


def test_a_flipped_bit_in_the_text_is_never_another_workflow(tmp_path):
    whole = picture(text_chunk(PLAIN))
    start = whole.index(b"{")
    for offset in range(start, start + len(PLAIN), 7):
        damaged = bytearray(whole)
        damaged[offset] ^= 4
        path = tmp_path / "picture.png"
        path.write_bytes(damaged)
        with pytest.raises(WorkflowError, match="damaged"):
            load(path)
