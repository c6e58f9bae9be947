"""Pictures from outside: their size is judged before their pixels, and whatever is wrong with them is told."""

from __future__ import annotations

import asyncio
import io
import resource
import time
from pathlib import Path

import PIL.Image
import pytest
from graph_web import pictures
from graph_web.errors import Failure
from graph_web.pictures import Picture, Thumbnails, inspect_picture, make_thumbnail

from .things import picture, png_header


def frames(form: str) -> bytes:
    """An animation of many frames."""
    buffer = io.BytesIO()
    first, *rest = (PIL.Image.new("RGB", (40, 20), (n, 0, 0)) for n in range(200))
    first.save(buffer, form, save_all=True, append_images=rest)
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return picture("JPEG", exif=exif.tobytes())


GOOD = {
    "png": (picture("PNG"), Picture(40, 20, "png")),
    "jpeg": (picture("JPEG"), Picture(40, 20, "jpg")),
    "webp": (picture("WEBP"), Picture(40, 20, "webp")),
    "png of 16 bits": (picture("PNG", mode="I;16", color=40000), Picture(40, 20, "png")),
    "png with a palette": (picture("PNG", mode="P", color=3), Picture(40, 20, "png")),
    "png with opacity": (picture("PNG", mode="RGBA", color=(1, 2, 3, 4)), Picture(40, 20, "png")),
    "jpeg of print colours": (picture("JPEG", mode="CMYK", color=(1, 2, 3, 4)), Picture(40, 20, "jpg")),
    "jpeg upside down": (turned(3), Picture(40, 20, "jpg")),
    "jpeg on its side": (turned(6), Picture(20, 40, "jpg")),
    "one pixel": (picture("PNG", (1, 1)), Picture(1, 1, "png")),
    "animated png": (frames("PNG"), Picture(40, 20, "png")),
    "animated webp": (frames("WEBP"), Picture(40, 20, "webp")),
    "jpeg with more behind it": (frames("MPO"), Picture(40, 20, "jpg")),
    "png with html behind it": (picture("PNG") + b"<script>alert(1)</script>", Picture(40, 20, "png")),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_picture_is_known_by_its_bytes_and_gets_a_thumbnail(tmp_path, case):
    data, expected = GOOD[case]
    source = tmp_path / "whatever.txt"
    source.write_bytes(data)
    assert inspect_picture(source) == expected
    make_thumbnail(source, tmp_path / "small.webp", 16)
    with PIL.Image.open(tmp_path / "small.webp") as small:
        assert (small.format, max(small.size)) == ("WEBP", min(16, max(expected.width, expected.height)))
        assert (small.width < small.height) == (expected.width < expected.height)
        assert "exif" not in small.info


BAD = {
    "empty": b"",
    "text": b"hello",
    "html": b"<html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif": picture("GIF", mode="P", color=1),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "half a png": picture("PNG", (300, 300))[:120],
    "half a jpeg": picture("JPEG", (300, 300))[:700],
    "half a webp": picture("WEBP", (300, 300))[:60],
    "a png's head": picture("PNG")[:20],
    "a png with no pixels": png_header(30, 20),
    "a png of no size": png_header(0, 0),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_whole_picture_is_refused(tmp_path, case):
    (tmp_path / "x.png").write_bytes(BAD[case])
    for look in (inspect_picture, lambda path: make_thumbnail(path, tmp_path / "small.webp", 16)):
        with pytest.raises(Failure, match="no whole PNG, JPEG or WEBP") as caught:
            look(tmp_path / "x.png")
        assert caught.value.status == 415
        assert str(tmp_path) not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize(
    "size", [(50_000, 50_000), (9_400, 9_400), (8_193, 1), (1, 8_193), (8_000, 8_000), (2**31 - 1, 1)]
)
def test_a_bomb_is_refused_by_its_header_alone(tmp_path, size):
    inspect_once = tmp_path / "warm.png"
    inspect_once.write_bytes(picture())
    inspect_picture(inspect_once)
    (tmp_path / "bomb.png").write_bytes(png_header(*size))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(Failure, match="too many pixels") as caught:
        inspect_picture(tmp_path / "bomb.png")
    assert caught.value.status == 413
    assert time.process_time() - start < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10


def test_sixteen_bits_of_grey_keep_their_shades(tmp_path):
    (tmp_path / "grey.png").write_bytes(picture("PNG", mode="I;16", color=32768))
    make_thumbnail(tmp_path / "grey.png", tmp_path / "small.webp", 16)
    with PIL.Image.open(tmp_path / "small.webp") as small:
        assert abs(small.convert("L").getpixel((5, 5)) - 128) < 4


def test_a_thumbnail_is_made_once_however_many_ask_and_at_most_two_at_a_time(tmp_path, monkeypatch):
    (tmp_path / "x.png").write_bytes(picture())
    made: list[Path] = []
    now: list[int] = [0, 0]

    def slow(source: Path, target: Path, size: int) -> None:
        now[0] += 1
        now[1] = max(now)
        time.sleep(0.02)
        make_thumbnail(source, target, size)
        made.append(target)
        now[0] -= 1

    monkeypatch.setattr(pictures, "make_thumbnail", slow)

    async def ask() -> list[Path]:
        thumbnails = Thumbnails(tmp_path / "cache")
        keys = [f"{number:032x}" for number in range(6)] * 5
        return await asyncio.gather(*(thumbnails.get(key, tmp_path / "x.png", 100) for key in keys))

    found = asyncio.run(ask())
    assert len(made) == len(set(found)) == 6
    assert now[1] == 2
    assert {path.name[-9:] for path in found} == {"-128.webp"}


def test_who_gives_up_waiting_does_not_spoil_it_for_others_and_a_failure_is_not_remembered(tmp_path):
    async def ask() -> None:
        thumbnails, source = Thumbnails(tmp_path / "cache"), tmp_path / "x.png"
        source.write_bytes(b"nothing yet")
        with pytest.raises(Failure):
            await thumbnails.get("k" * 32, source, 64)
        source.write_bytes(picture())
        impatient = asyncio.create_task(thumbnails.get("k" * 32, source, 64))
        patient = asyncio.create_task(thumbnails.get("k" * 32, source, 64))
        await asyncio.sleep(0)
        impatient.cancel()
        path = await patient
        assert path.is_file()
        thumbnails.forget("k" * 32)
        assert not path.exists()

    asyncio.run(ask())
