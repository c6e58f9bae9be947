"""Reading and writing picture files: what comes back, what is refused, and that nothing is lost or overwritten."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from graph_nodes import image_files
from graph_nodes.errors import ImageRefused
from graph_nodes.image_io import load_image, preview, save_image

from graph_engine import Context, Image
from graph_engine.files import FileRefused, digest_file
from graph_engine.kinds import kind_of
from graph_engine.png import workflow_text


def _inputs(context: Context) -> Path:
    return context.folders.inputs[0]


def _eight_bits(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0)) / 255


def test_a_saved_picture_comes_back_with_its_workflow_inside(context: Context) -> None:
    workflow = {"format": 1, "title": "größer → 円", "nodes": {"a": {"node": "core.text"}}}
    pixels = _eight_bits(2, 3, 7, 5)
    saved = save_image(replace(context, workflow=lambda: workflow), Image(pixels), "circle").image
    assert [Path(path).name for path in saved.paths] == ["circle-0001.png", "circle-0002.png"]
    assert saved.digests == tuple(digest_file(path) for path in saved.paths)
    for path, expected in zip(saved.paths, pixels, strict=True):
        assert workflow_text(Path(path)) == (
            '{"format": 1, "title": "größer → 円", "nodes": {"a": {"node": "core.text"}}}'
        )
        back = load_image(replace(context, folders=replace(context.folders, granted=frozenset({Path(path)}))), path)
        assert torch.equal(back.image.pixels, expected[None])
        assert not back.mask.values.any()


def test_no_workflow_no_chunk(context: Context) -> None:
    saved = save_image(context, Image(_eight_bits(1, 3, 2, 2))).image
    assert b"iTXt" not in Path(saved.paths[0]).read_bytes()


def test_values_are_rounded_and_clipped_to_eight_bits(context: Context) -> None:
    values = torch.tensor([-1.0, 0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 2.0]).view(1, 1, 1, 6).expand(1, 3, 1, 6)
    saved = save_image(context, Image(values)).image
    assert np.asarray(PIL.Image.open(saved.paths[0]))[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]


def test_numbers_go_on_after_the_highest_and_nothing_is_overwritten(context: Context) -> None:
    folder = context.folders.outputs
    folder.mkdir()
    for name in ("image-0007.png", "image-x.png", "image-0009.jpg", "other-0020.png"):
        (folder / name).write_bytes(b"mine")
    saved = save_image(context, Image(_eight_bits(2, 3, 2, 2))).image
    assert [Path(path).name for path in saved.paths] == ["image-0008.png", "image-0009.png"]
    assert (folder / "image-0007.png").read_bytes() == b"mine"
    assert not list(folder.glob(".*"))


def test_a_folder_that_cannot_be_made_is_told_with_the_flag_that_names_another(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileRefused, match=r"cannot be made .* name another one with --out"):
        image_files.write_numbered(tmp_path / "file" / "pictures", "a", [b"one"])


def test_many_at_once_never_take_the_same_name(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda k: image_files.write_numbered(tmp_path, "a", [b"%d" % k]), range(64)))
    names = [path for (path,) in written]
    assert len(set(names)) == 64
    assert sorted(path.read_bytes() for path in names) == sorted(b"%d" % k for k in range(64))


def test_without_hard_links_a_name_is_still_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links on this file system")

    monkeypatch.setattr("os.link", refuse)
    paths = [image_files.write_numbered(tmp_path, "a", [b"one", b"two"]) for _ in range(2)]
    assert [path.name for pair in paths for path in pair] == [f"a-000{k}.png" for k in (1, 2, 3, 4)]
    assert paths[0][1].read_bytes() == b"two"


@pytest.mark.parametrize(
    ("template", "stem"),
    [
        ("Big Circle!", "big-circle"),
        ("circles/red", "circles/red"),
        ("{date}/run-{time}", "2026-03-04/run-050607"),
        ("", "image"),
    ],
)
def test_a_name_becomes_a_safe_path(template: str, stem: str) -> None:
    assert image_files.name_stem(template, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)) == stem


@pytest.mark.parametrize("name", ["../up", "con", "a/../../b", "C:x", "a\\b", "~/a", "a\nb"])
def test_a_name_that_leaves_the_output_folder_is_refused(context: Context, name: str) -> None:
    with pytest.raises(FileRefused):
        save_image(context, Image(_eight_bits(1, 3, 2, 2)), name)


def test_a_saved_picture_counts_only_while_its_file_stands(context: Context) -> None:
    saved = save_image(context, Image(_eight_bits(1, 3, 2, 2))).image
    found = kind_of(saved)
    assert found is not None
    assert found.is_current is not None
    assert found.is_current(saved)
    Path(saved.paths[0]).write_bytes(b"changed")
    assert not found.is_current(saved)


def test_the_output_folder_is_a_part_of_the_key(context: Context, tmp_path: Path) -> None:
    fingerprint = save_image.spec.fingerprint
    assert fingerprint is not None
    assert fingerprint(context=context) == str(tmp_path / "outputs")


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "CMYK", "1"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_every_kind_of_file_becomes_rgb(context: Context, mode: str, suffix: str) -> None:
    if (mode, suffix) in (("P", "jpg"), ("CMYK", "png")):
        pytest.skip("the format has no such pictures")
    source = PIL.Image.new("RGB", (6, 4), (255, 255, 255)).convert(mode)
    options = {"lossless": True} if suffix == "webp" else {}
    (source.convert("RGB") if suffix == "webp" else source).save(_inputs(context) / f"a.{suffix}", **options)
    loaded = load_image(context, f"a.{suffix}")
    assert loaded.image.pixels.shape == (1, 3, 4, 6)
    torch.testing.assert_close(loaded.image.pixels, torch.ones(1, 3, 4, 6), rtol=0, atol=0.02)
    assert loaded.mask.values.shape == (1, 1, 4, 6)
    assert loaded.image.pixels.is_contiguous()


def test_transparent_parts_are_white_and_marked_in_the_mask(context: Context) -> None:
    values = np.zeros((1, 3, 4), np.uint8)
    values[0, :, 3] = [255, 51, 0]
    PIL.Image.fromarray(values).save(_inputs(context) / "a.png")
    loaded = load_image(context, "a.png")
    torch.testing.assert_close(loaded.image.pixels[0, 0, 0], torch.tensor([0.0, 0.8, 1.0]))
    torch.testing.assert_close(loaded.mask.values[0, 0, 0], torch.tensor([0.0, 0.8, 1.0]))


def test_sixteen_bits_of_grey_keep_their_range(context: Context) -> None:
    PIL.Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(_inputs(context) / "a.png")
    torch.testing.assert_close(
        load_image(context, "a.png").image.pixels[0, 0, 0], torch.tensor([0.0, 32768 / 65535, 1.0])
    )


def test_a_photograph_is_turned_upright(context: Context) -> None:
    picture = PIL.Image.new("RGB", (4, 2), "white")
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees
    picture.save(_inputs(context) / "a.jpg", exif=exif)
    assert load_image(context, "a.jpg").image.pixels.shape == (1, 3, 4, 2)


def _png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 8) + b"IDAT"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_png_header(50_000, 50_000), "a.png"),
        (_png_header(8193, 10), "is 8193 x 10; at most 8192 a side and 32 megapixels"),
        (_png_header(8000, 8000), "at most 8192 a side and 32 megapixels"),
        (_png_header(10, 10), "cannot be read as PNG, JPEG, WEBP"),
        (b"", "cannot be read as PNG, JPEG, WEBP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read as PNG, JPEG, WEBP"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "cannot be read as PNG, JPEG, WEBP"),
    ],
)
def test_what_is_too_large_or_no_picture_is_refused(context: Context, content: bytes, message: str) -> None:
    (_inputs(context) / "a.png").write_bytes(content)
    with pytest.raises(ImageRefused, match=message):
        load_image(context, "a.png")


def test_a_truncated_picture_is_refused(context: Context) -> None:
    path = _inputs(context) / "a.png"
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageRefused, match=r"a.png cannot be read"):
        load_image(context, "a.png")


def test_only_files_below_the_input_folders_are_read(context: Context, tmp_path: Path) -> None:
    PIL.Image.new("RGB", (1, 1)).save(tmp_path / "outside.png")
    (_inputs(context) / "link.png").symlink_to(tmp_path / "outside.png")
    for file in ("../outside.png", str(tmp_path / "outside.png"), "link.png"):
        with pytest.raises(FileRefused):
            load_image(context, file)
    with pytest.raises(FileNotFoundError):
        load_image(context, "missing.png")


def test_the_fingerprint_is_the_digest_of_the_file(context: Context) -> None:
    PIL.Image.new("RGB", (1, 1)).save(_inputs(context) / "a.png")
    fingerprint = load_image.spec.fingerprint
    assert fingerprint is not None
    assert fingerprint(context=context, file="a.png") == {"file a.png": digest_file(_inputs(context) / "a.png")}


def test_a_preview_is_shown_and_passed_on(context: Context) -> None:
    seen: list[object] = []
    image = Image(_eight_bits(1, 3, 2, 2))
    assert preview(replace(context, on_preview=seen.append), image) is image
    assert seen == [image]
