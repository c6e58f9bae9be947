"""core.load_images: which files of a folder are read, in which order, within which walls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import PIL.Image
import pytest
import torch
from graph_nodes.errors import ImageRefused
from graph_nodes.folders import load_images
from graph_nodes.image_io import load_image

from graph_engine import Context
from graph_engine.files import FileRefused


@pytest.fixture
def cats(context: Context) -> Path:
    """A folder of pictures of several kinds and sizes, among other things."""
    folder = context.folders.inputs[0] / "cats"
    (folder / "more").mkdir(parents=True)
    names = ("cat-10.png", "cat-2.jpg", "Cat-1.WEBP", "dog.jpeg", "more/cat-3.png", ".hidden.png")
    for index, name in enumerate(names):
        PIL.Image.new("RGB", (6 + index, 4), (40 * index, 0, 0)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / "album.png").mkdir()
    return folder


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["Cat-1.WEBP", "cat-2.jpg", "cat-10.png", "dog.jpeg"]),
        ({"pattern": "cat-*"}, ["cat-2.jpg", "cat-10.png"]),
        ({"pattern": "*.png", "subfolders": True}, ["cat-10.png", "more/cat-3.png"]),
        ({"pattern": "more/*", "subfolders": True}, ["more/cat-3.png"]),
        ({"pattern": "[cC]at-?.*"}, ["Cat-1.WEBP", "cat-2.jpg"]),
    ],
)
def test_the_pictures_that_a_pattern_names_come_in_the_order_of_their_numbers(
    context: Context, cats: Path, options: dict[str, object], names: list[str]
) -> None:
    found = load_images(context, "cats", **options)  # type: ignore[arg-type]
    assert found.names == names
    for image, name in zip(found.images, names, strict=True):
        assert torch.equal(image.pixels, load_image(context, f"cats/{name}").image.pixels)


def test_more_than_the_limit_is_left_with_a_warning(context: Context, cats: Path) -> None:
    heard: list[str] = []
    found = load_images(replace(context, on_warning=heard.append), "cats", limit=2)
    assert found.names == ["Cat-1.WEBP", "cat-2.jpg"]
    assert heard == ["'cats' holds 4 pictures; the first 2 are read: raise limit for more"]


def test_large_pictures_are_shrunk_and_keep_their_proportions(context: Context, cats: Path) -> None:
    PIL.Image.new("RGB", (300, 150), "white").save(cats / "large.png")
    sizes = {side: load_images(context, "cats", "large.png", max_side=side).images[0] for side in (100, 512, 0)}
    assert [tuple(image.pixels.shape[-2:]) for image in sizes.values()] == [(50, 100), (150, 300), (150, 300)]


def test_what_cannot_be_read_is_left_out_with_a_warning(context: Context, cats: Path) -> None:
    heard: list[str] = []
    (cats / "broken.png").write_bytes(b"\x89PNG\r\n")
    found = load_images(replace(context, on_warning=heard.append), "cats")
    assert "broken.png" not in found.names
    assert len(heard) == 1
    assert heard[0].startswith("left out: broken.png cannot be read")


def test_no_picture_at_all_is_an_error_that_says_what_was_looked_for(context: Context, cats: Path) -> None:
    with pytest.raises(ImageRefused, match=r"no picture in the folder 'cats' is called 'bird\*' and ends with one of"):
        load_images(context, "cats", "bird*")


def test_the_walls_of_the_input_folders_hold(context: Context, cats: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    PIL.Image.new("RGB", (1, 1)).save(outside / "a.png")
    (context.folders.inputs[0] / "way-out").symlink_to(outside)
    for folder in ("../outside", str(outside), "way-out", "cats/../../outside", "~", ""):
        with pytest.raises(FileRefused):
            load_images(context, folder)
    with pytest.raises(FileNotFoundError, match="no folder 'birds' in"):
        load_images(context, "birds")
    with pytest.raises(FileNotFoundError, match=r"no folder 'cats/dog.jpeg' in"):
        load_images(context, "cats/dog.jpeg")


def test_a_link_in_the_folder_leads_out_of_it_for_nobody(context: Context, cats: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    PIL.Image.new("RGB", (1, 1)).save(outside / "a.png")
    (cats / "more" / "album").symlink_to(outside)  # links to folders are not followed
    assert load_images(context, "cats", "*.png", subfolders=True).names == ["cat-10.png", "more/cat-3.png"]
    (cats / "link.png").symlink_to(outside / "a.png")
    with pytest.raises(FileRefused, match=r"'link.png' leads out of the folder 'cats'"):
        load_images(context, "cats")


def test_a_folder_that_the_user_named_in_person_is_read_wherever_it_is(context: Context, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    PIL.Image.new("RGB", (1, 1)).save(outside / "a.png")
    granted = replace(context, folders=replace(context.folders, granted=frozenset({outside})))
    assert load_images(granted, str(outside)).names == ["a.png"]


def test_the_fingerprint_knows_every_file_that_is_read(context: Context, cats: Path) -> None:
    fingerprint = load_images.spec.fingerprint
    assert fingerprint is not None

    def now(**options: object) -> dict[str, str]:
        given = {"folder": "cats", "pattern": "*", "limit": 256, "subfolders": False, **options}
        found: dict[str, str] = fingerprint(context=context, **given)
        return found

    before = now()
    assert list(before) == [f"file cats/{name}" for name in ("Cat-1.WEBP", "cat-2.jpg", "cat-10.png", "dog.jpeg")]
    assert list(now(limit=1)) == ["file cats/Cat-1.WEBP"]
    PIL.Image.new("RGB", (9, 9), "blue").save(cats / "dog.jpeg")
    after = now()
    assert [name for name in before if before[name] != after[name]] == ["file cats/dog.jpeg"]
    PIL.Image.new("RGB", (9, 9), "blue").save(cats / "eel.png")
    assert now().keys() - before.keys() == {"file cats/eel.png"}
