"""Looking at pictures: by their pixels, two against each other, in the gallery; from there into the graph and back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from playwright.sync_api import Locator, expect

from .editor import Editor
from .servers import Served, serving


def drawing(prompt: str, name: str, size: int = 64) -> dict[str, Any]:
    """A workflow that draws and saves one picture."""
    return {
        "nodes": {
            "draw": {"node": "shapes.render", "with": {"prompt": prompt, "size": size}},
            "save": {"node": "core.save_image", "with": {"name": name}, "from": {"image": "draw"}},
        },
        "outputs": {"image": "save"},
    }


PAGES = 70
CIRCLE = "a large red circle on a white background"
STAR = "a large green star on a white background"
USES = {
    "inputs": {"picture": {"type": "file", "default": "pictures/star.png"}},
    "nodes": {
        "load": {"node": "core.load_image", "from": {"file": "inputs.picture"}},
        "hole": {"node": "core.load_mask", "with": {"file": "pictures/star.png"}},
        "overlay": {"node": "core.mask_overlay", "from": {"image": "load.image", "mask": "hole"}},
    },
}


@pytest.fixture(scope="module")
def server(bundle: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of this module's own, with a circle, a star and more than a page of plain pictures."""
    with serving(tmp_path_factory.mktemp("looking")) as served:
        many = {
            "nodes": {
                "draw": {"node": "core.plain_image", "with": {"color": "teal", "width": 16, "height": 16}},
                "all": {"node": "core.batch", "from": {"images": ["draw"] * PAGES}},
                "save": {"node": "core.save_image", "with": {"name": "plain"}, "from": {"image": "all"}},
            },
            "outputs": {"image": "save"},
        }
        for name, document in (
            ("many", many),
            ("circle", drawing(CIRCLE, "circle")),
            ("star", drawing(STAR, "star")),
        ):
            served.save(name, {"format": 1, **document})
            run = served.ask("POST", "/runs", {"workflow": name, "wait": 60})
            assert run["state"] == "ok", run
        yield served


@pytest.fixture
def editor(desk: Editor) -> Editor:
    desk.page.evaluate("() => localStorage.clear()")
    desk.open("uses", USES)
    return desk


def gallery(editor: Editor) -> Locator:
    """The gallery, opened."""
    editor.press("g")
    panel = editor.page.get_by_role("complementary", name="Gallery")
    panel.get_by_role("list", name="Outputs").get_by_role("listitem").first.wait_for()
    return panel


def names(panel: Locator) -> list[str]:
    return panel.locator(".gallery li small").all_inner_texts()


def look(editor: Editor, name: str) -> Locator:
    """The viewer on a picture of the gallery."""
    gallery(editor).get_by_role("button", name=f"Look at {name}").click()
    dialog = editor.dialog(name)
    dialog.get_by_role("application").wait_for()
    return dialog


def test_the_viewer_shows_pixels_with_their_places_and_colours(editor: Editor) -> None:
    dialog = look(editor, "circle-0001.png")
    view = dialog.get_by_role("application")
    picture = dialog.locator(".pixels img")
    box = picture.bounding_box()
    assert box is not None
    assert float(view.get_attribute("data-zoom") or 0) == box["width"] / 64 == int(box["width"] / 64) > 4

    def at(x: float, y: float) -> tuple[float, float]:
        shown = picture.bounding_box()
        assert shown is not None
        return shown["x"] + x * shown["width"] / 64, shown["y"] + y * shown["height"] / 64

    with PIL.Image.open(io.BytesIO(_output(editor.server, "circle-0001.png"))) as opened:
        colors = [opened.convert("RGB").getpixel(place) for place in ((3, 5), (32, 32))]
    for (x, y), color in zip(((3, 5), (32, 32)), colors, strict=True):
        editor.page.mouse.move(*at(x + 0.5, y + 0.5))
        readout = dialog.locator(".readout")
        expect(readout).to_contain_text(f"x {x}, y {y}")
        expect(readout).to_contain_text("#{:02x}{:02x}{:02x}".format(*color))  # type: ignore[misc]
    before = at(32.5, 32.5)
    editor.page.mouse.wheel(0, -100)
    expect(view).not_to_have_attribute("data-zoom", str(int(box["width"] / 64)))
    assert at(32.5, 32.5) == pytest.approx(before, abs=1.5)
    editor.drag(before, (before[0] - 50, before[1] + 30))
    assert at(32.5, 32.5) == pytest.approx((before[0] - 50, before[1] + 30), abs=2)
    editor.press(".")
    expect(view).to_have_attribute("data-zoom", "1")
    editor.press("0", "ArrowRight")
    expect(editor.dialog("plain-0070.png")).to_be_visible()
    editor.press("ArrowLeft", "ArrowLeft")
    expect(editor.dialog("star-0001.png")).to_be_visible()


def test_two_pictures_are_compared(editor: Editor) -> None:
    panel = gallery(editor)
    for name in ("circle-0001.png", "star-0001.png"):
        panel.get_by_role("checkbox", name=f"Mark {name}").check()
    panel.get_by_role("button", name="Compare").click()
    dialog = editor.dialog("Compare")
    expect(dialog.get_by_label("Picture A").locator("option:checked")).to_have_text("star-0001.png")
    expect(dialog.get_by_label("Picture B").locator("option:checked")).to_have_text("circle-0001.png")
    top = dialog.locator(".pixels img.b")
    dialog.get_by_label("Where the one ends").fill("0.25")
    expect(top).to_have_css("clip-path", "inset(0px 0px 0px 25%)")
    box = top.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    editor.drag((box["x"] + box["width"] / 4, middle), (box["x"] + box["width"] * 0.75, middle))
    expect(dialog.get_by_label("Where the one ends")).to_have_value("0.75")
    assert top.bounding_box() == box, "the grip moves the slider and not the picture"
    editor.press("2")
    expect(top).to_be_hidden()
    editor.press("f")
    expect(top).to_be_visible()
    editor.press("3")
    expect(dialog.get_by_role("application")).to_have_count(2)
    editor.press("4")
    expect(top).to_have_css("mix-blend-mode", "difference")
    shot = PIL.Image.open(io.BytesIO(dialog.get_by_role("application").screenshot())).convert("RGB")
    edge = shot.getpixel((shot.width // 2, 20))
    centre = shot.getpixel((shot.width // 2, shot.height // 2))
    assert edge == (0, 0, 0), "both backgrounds are white"
    assert max(centre) > 60, "red is not green"  # type: ignore[type-var]
    editor.press("x")
    expect(dialog.get_by_label("Picture A").locator("option:checked")).to_have_text("circle-0001.png")


def test_a_result_is_compared_with_what_went_in(editor: Editor) -> None:
    document: dict[str, Any] = {**USES, "nodes": {**USES["nodes"]}, "outputs": {"image": "save"}}
    document["nodes"]["save"] = {"node": "core.save_image", "with": {"name": "after"}, "from": {"image": "overlay"}}
    editor.open("before-after", document)
    editor.run()
    editor.page.get_by_role("complementary", name="Result").get_by_role("button", name="Look at").click()
    editor.press("c")
    dialog = editor.dialog("Compare")
    expect(dialog.get_by_label("Picture A").locator("option:checked")).to_have_text("Inputs: picture")
    expect(dialog.get_by_label("Picture B").locator("option:checked")).to_contain_text("after")


def test_the_gallery_is_paged_and_filtered(editor: Editor) -> None:
    panel = gallery(editor)
    items = panel.locator(".gallery li")
    expect(items).to_have_count(60)
    panel.get_by_role("button", name="Older ones").click()
    expect(panel.get_by_role("button", name="Older ones")).to_be_hidden()
    assert items.count() >= PAGES + 2
    panel.get_by_role("searchbox", name="Text").fill("circ")
    expect(items.locator("small")).to_have_text(["circle-0001.png"])
    panel.get_by_role("searchbox", name="Text").fill("")
    panel.get_by_label("Workflow", exact=True).select_option("star")
    expect(items.locator("small")).to_have_text(["star-0001.png"])
    panel.get_by_label("Workflow", exact=True).select_option("")
    panel.get_by_label("to", exact=True).fill("2001-01-01")
    expect(panel.get_by_text("Nothing is like this.")).to_be_visible()


def test_the_gallery_is_used_by_keys_alone_and_deleting_has_a_way_back(editor: Editor) -> None:
    panel = gallery(editor)
    panel.get_by_role("searchbox", name="Text").fill("plain")
    expect(panel.get_by_role("button", name="Look at").first).to_have_accessible_name(f"Look at plain-00{PAGES}.png")
    first = panel.get_by_role("button", name="Look at").first
    first.focus()
    name = names(panel)[1]
    editor.press("ArrowRight", "Delete")
    expect(panel.get_by_role("button", name=f"Look at {name}", exact=True)).to_be_hidden()
    expect(panel.get_by_role("button", name=f"Look at {names(panel)[1]}", exact=True)).to_be_focused()
    editor.page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(panel.get_by_role("button", name=f"Look at {name}", exact=True)).to_be_visible()
    assert editor.server.fetch(f"/outputs/{_find(editor.server, name)['id']}")
    first.focus()
    editor.press("x", "ArrowRight", "x")
    expect(panel.get_by_text("2 marked")).to_be_visible()
    editor.press("c")
    expect(editor.dialog("Compare")).to_be_visible()
    editor.press("Escape")
    first.focus()
    editor.press("Enter")
    expect(editor.page.get_by_role("dialog").get_by_role("application")).to_be_visible()


def test_a_picture_gives_its_workflow_back(editor: Editor) -> None:
    panel = gallery(editor)
    panel.get_by_role("button", name="Open the workflow of star-0001.png").click()
    expect(editor.node("draw")).to_be_visible()
    expect(editor.field("draw", "prompt")).to_have_value(STAR)


def test_a_picture_is_copied_downloaded_and_sent_to_an_input(editor: Editor) -> None:
    dialog = look(editor, "circle-0001.png")
    dialog.get_by_role("button", name="Copy the picture").click()
    expect(dialog.get_by_text("is on the clipboard")).to_be_visible()
    size = editor.page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const bitmap = await createImageBitmap(await item.getType('image/png'));
            return [bitmap.width, bitmap.height];
        }"""
    )
    assert size == [64, 64]
    with editor.page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "circle-0001.png"
    editor.press("s")
    choices = editor.page.get_by_role("dialog").get_by_role("option")
    assert [text.split("\n")[0] for text in choices.all_inner_texts()] == [
        "Inputs: picture inputs",
        "Load mask: file hole, a mask",
        "A new node",
    ]
    editor.press("Enter")
    expect(editor.page.get_by_role("dialog")).to_be_hidden()
    sent = editor.document()["inputs"]["picture"]["default"]
    assert editor.server.fetch(f"/assets/{sent}") == _output(editor.server, "circle-0001.png")
    expect(editor.node("inputs").locator(".file img")).to_be_visible()
    editor.press("Control+z")
    assert editor.document()["inputs"]["picture"]["default"] == "pictures/star.png"


def test_two_fingers_zoom_and_move_a_picture(editor: Editor) -> None:
    dialog = look(editor, "circle-0001.png")
    view = dialog.get_by_role("application")
    editor.press(".")
    expect(view).to_have_attribute("data-zoom", "1")
    box = view.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = """(view, moves) => {
        view.setPointerCapture = () => undefined;
        for (const [type, pointerId, clientX, clientY] of moves) {
            const touch = { pointerType: 'touch', pointerId, clientX, clientY, bubbles: true, buttons: 1 };
            view.dispatchEvent(new PointerEvent(type, touch));
        }
    }"""
    down = [["pointerdown", 5, x - 20, y], ["pointerdown", 6, x + 20, y]]
    view.evaluate(fingers, [*down, ["pointermove", 6, x + 100, y]])
    expect(view).to_have_attribute("data-zoom", "3")
    view.evaluate(fingers, [["pointerup", 5, x, y], ["pointerup", 6, x, y]])


def test_a_picture_that_is_dropped_is_a_workflow_or_a_node(editor: Editor, tmp_path: Path) -> None:
    _drop(editor, "circle.png", _output(editor.server, "circle-0001.png"))
    expect(editor.field("draw", "prompt")).to_have_value(CIRCLE)
    plain = io.BytesIO()
    PIL.Image.new("RGB", (32, 32), "orange").save(plain, "PNG")
    _drop(editor, "plain.png", plain.getvalue())
    expect(editor.node("load_image")).to_be_visible()
    file = editor.document()["nodes"]["load_image"]["with"]["file"]
    assert editor.server.fetch(f"/assets/{file}") == plain.getvalue()
    expect(editor.field("draw", "prompt")).to_have_value(CIRCLE)
    _drop(editor, "star.png", _output(editor.server, "star-0001.png"), shift=True)
    expect(editor.node("load_image_2")).to_be_visible()
    paste = """(bytes) => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }));
        document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData }));
    }"""
    editor.page.evaluate(paste, list(plain.getvalue()))
    expect(editor.node("load_image_3")).to_be_visible()
    expect(editor.field("draw", "prompt")).to_have_value(CIRCLE)


def test_a_picture_is_chosen_for_an_input(editor: Editor, tmp_path: Path) -> None:
    editor.open("chosen", USES)
    button = editor.node("inputs").get_by_role("button", name="choose a picture")
    button.click()
    dialog = editor.dialog("Choose a picture")
    scene = dialog.get_by_role("list", name="Beside the workflows").get_by_role(
        "button", name="pictures/scene.png", exact=True
    )
    expect(scene.locator("img")).to_have_js_property("naturalWidth", 64)
    scene.click()
    assert editor.document()["inputs"]["picture"]["default"] == "pictures/scene.png"
    button.click()
    dialog.get_by_label("Search pictures").fill("star-0001")
    dialog.get_by_role("list", name="Made by runs").get_by_role("button").click()
    expect(dialog).to_be_hidden()
    sent = editor.document()["inputs"]["picture"]["default"]
    assert editor.server.fetch(f"/assets/{sent}") == _output(editor.server, "star-0001.png")
    button.click()
    (tmp_path / "own.png").write_bytes(_output(editor.server, "circle-0001.png"))
    dialog.get_by_label("Upload a picture").set_input_files(tmp_path / "own.png")
    expect(dialog).to_be_hidden()
    assert editor.document()["inputs"]["picture"]["default"] != sent


def test_a_colour_is_picked_or_written(editor: Editor) -> None:
    editor.open("colour", {"nodes": {"plain": {"node": "core.plain_image", "with": {"color": "teal"}}}})
    picker = editor.node("plain").locator("input[type=color]")
    expect(picker).to_have_value("#008080")
    picker.fill("#ff8800")
    expect(editor.field("plain", "color")).to_have_value("#ff8800")
    assert editor.document()["nodes"]["plain"]["with"]["color"] == "#ff8800"
    editor.field("plain", "color").fill("navy")
    expect(picker).to_have_value("#000080")


def _find(server: Served, name: str) -> dict[str, Any]:
    found = server.ask("GET", f"/outputs?limit=200&text={name}")["outputs"]
    return next(one for one in found if one["path"] == name)


def _output(server: Served, name: str) -> bytes:
    return server.fetch(f"/outputs/{_find(server, name)['id']}")


def _drop(editor: Editor, name: str, content: bytes, *, shift: bool = False) -> None:
    """Drop a file on the canvas."""
    drop = """(canvas, [name, bytes, shiftKey]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
        const at = { clientX: 500, clientY: 400, shiftKey, bubbles: true, cancelable: true, dataTransfer: data };
        canvas.dispatchEvent(new DragEvent('drop', at));
    }"""
    editor.page.locator(".canvas").evaluate(drop, [name, list(content), shift])


def test_older_outputs_stay_when_a_run_ends(editor: Editor) -> None:
    editor.open("later", drawing(CIRCLE, "later"))
    panel = gallery(editor)
    panel.get_by_role("button", name="Older ones").click()
    expect(panel.get_by_role("button", name="Older ones")).to_be_hidden()
    before = panel.locator(".gallery li").count()
    editor.run()
    expect(panel.locator(".gallery li")).to_have_count(before + 1)
