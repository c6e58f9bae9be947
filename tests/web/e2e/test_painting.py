"""The mask painter: strokes, shapes, changes of the whole mask, undo; its mask goes into an inpainting run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import yaml
from playwright.sync_api import Locator, expect

from .editor import Editor
from .servers import Served

MASKED = {
    "nodes": {
        "picture": {"node": "core.load_image", "with": {"file": "pictures/star.png"}},
        "mask": {"node": "core.load_mask"},
        "overlay": {"node": "core.mask_overlay", "from": {"image": "picture.image", "mask": "mask"}},
        "save": {"node": "core.save_image", "with": {"name": "masked"}, "from": {"image": "overlay"}},
    },
    "outputs": {"image": "save"},
}


class Painter:
    """The mask painter on a page, at 64 x 64 pixels."""

    def __init__(self, editor: Editor, node: str = "mask") -> None:
        self.editor, self.page = editor, editor.page
        editor.node(node).get_by_role("button", name="paint a mask").click()
        self.dialog = editor.dialog("Paint a mask")
        self.view = self.dialog.get_by_role("application")
        self.dialog.get_by_role("status").filter(has_text="64 × 64").wait_for()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture is on the screen."""
        box = self.dialog.locator("canvas").bounding_box()
        assert box is not None
        return box["x"] + x * box["width"] / 64, box["y"] + y * box["height"] / 64

    def stroke(self, *points: tuple[float, float], button: str = "left") -> None:
        """Press at the first place, move over the others, let go."""
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down(button=button)  # type: ignore[arg-type]
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=6)
        mouse.up(button=button)  # type: ignore[arg-type]

    def set(self, label: str, value: float) -> None:
        """Type a number."""
        self.dialog.get_by_label(f"{label}, number").fill(str(value))

    def press(self, *names: str) -> None:
        """Press buttons by their names."""
        for name in names:
            self.dialog.get_by_role("button", name=name, exact=True).click()

    def use(self) -> None:
        """Save the mask."""
        self.press("Use the mask")
        expect(self.dialog).to_be_hidden()

    def pixels(self) -> list[int]:
        """The mask, row by row."""
        read = """(canvas) => Array.from(
            canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
        ).filter((_, at) => at % 4 === 3)"""
        return list(self.dialog.locator("canvas").evaluate(read))

    def value(self, x: int, y: int) -> int:
        """The mask at a pixel."""
        return self.pixels()[y * 64 + x]

    def share(self) -> float:
        """How much of the picture is painted."""
        pixels = self.pixels()
        return sum(pixels) / 255 / len(pixels)


@pytest.fixture
def painter(desk: Editor) -> Painter:
    desk.page.evaluate("() => localStorage.clear()")
    desk.open("masked", MASKED)
    return Painter(desk)


def asset(server: Served, name: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(server.fetch(f"/assets/{name}")))


def test_strokes_paint_and_erase_and_are_taken_back(painter: Painter) -> None:
    painter.set("Hardness", 1)
    painter.set("Size", 8)
    painter.stroke((10, 20), (50, 20))
    assert [painter.value(x, 20) for x in (10, 30, 50)] == [255, 255, 255]
    assert painter.value(30, 26) == 0
    painter.stroke((30, 10), (30, 30), button="right")
    assert (painter.value(30, 20), painter.value(10, 20)) == (0, 255)
    painter.editor.press("e")
    painter.stroke((10, 20))
    assert painter.value(10, 20) == 0
    painter.editor.press("Control+z", "Control+z")
    assert (painter.value(30, 20), painter.value(10, 20)) == (255, 255)
    painter.editor.press("Control+y")
    assert (painter.value(30, 20), painter.value(10, 20)) == (0, 255)
    painter.press("Clear")
    assert painter.share() == 0


def test_a_soft_brush_fades_and_opacity_is_the_strongest_of_a_stroke(painter: Painter) -> None:
    painter.set("Size", 24)
    painter.set("Hardness", 0)
    painter.stroke((32, 32))
    fading = [painter.value(32 + step, 32) for step in (0, 4, 8, 11)]
    assert fading == sorted(fading, reverse=True)
    assert fading[0] > 250 > fading[1] > fading[2] > 0
    painter.press("Clear")
    painter.set("Hardness", 1)
    painter.set("Opacity", 0.5)
    painter.stroke((20, 20), (40, 20), (20, 20))
    assert painter.value(30, 20) == pytest.approx(128, abs=1)


def test_shift_paints_a_straight_line_and_brackets_change_the_size(painter: Painter) -> None:
    painter.set("Hardness", 1)
    painter.set("Size", 4)
    painter.view.focus()
    painter.editor.press("[", "]", "]")
    expect(painter.dialog.get_by_label("Size, number")).to_have_value("6")
    painter.stroke((5, 5))
    painter.page.keyboard.down("Shift")
    painter.stroke((55, 55))
    painter.page.keyboard.up("Shift")
    assert painter.value(30, 30) == 255
    assert painter.value(30, 40) == 0


def test_shapes(painter: Painter) -> None:
    painter.press("Rectangle")
    painter.stroke((10.5, 10.5), (29.5, 19.5))
    assert painter.share() == 20 * 10 / 64**2
    painter.press("Clear", "Lasso")
    painter.stroke((32, 8), (56, 56), (8, 56))
    assert painter.share() == pytest.approx(48 * 48 / 2 / 64**2, rel=0.05)
    painter.press("Fill")
    painter.stroke((2, 2))
    assert painter.share() > 0.97
    painter.stroke((32, 40), button="right")
    assert painter.share() < 0.05


def test_changes_of_the_whole_mask(painter: Painter) -> None:
    painter.press("Rectangle")
    painter.stroke((20.5, 20.5), (39.5, 39.5))
    painter.press("Invert")
    assert (painter.value(30, 30), painter.value(5, 5)) == (0, 255)
    painter.press("Invert")
    painter.dialog.get_by_label("Pixels to grow").fill("4")
    painter.press("Grow")
    assert (painter.value(17, 30), painter.value(14, 30)) == (255, 0)
    painter.press("Shrink", "Feather")
    assert 0 < painter.value(18, 30) < painter.value(21, 30) < 255
    painter.press("Cover all")
    assert painter.share() == 1


def test_the_transparent_part_of_a_picture_becomes_the_mask(editor: Editor, tmp_path: Path) -> None:
    cut = PIL.Image.new("RGBA", (64, 64), "teal")
    cut.paste((0, 0, 0, 0), (0, 0, 32, 64))
    cut.save(tmp_path / "cut.png")
    editor.open("cut", MASKED)
    editor.node("picture").get_by_role("button", name="choose a picture").click()
    editor.dialog("Choose a picture").get_by_label("Upload a picture").set_input_files(tmp_path / "cut.png")
    editor.node("picture").locator(".file img").wait_for()
    painter = Painter(editor)
    painter.press("From alpha")
    assert (painter.value(10, 10), painter.value(50, 10)) == (255, 0)
    assert painter.share() == 0.5


def test_wheel_and_space_look_closer_and_paint_where_the_pointer_is(painter: Painter) -> None:
    page = painter.page
    painter.set("Size", 1)
    painter.set("Hardness", 1)
    page.mouse.move(*painter.at(12.5, 12.5))
    before = float(painter.view.get_attribute("data-zoom") or 0)
    page.mouse.wheel(0, -100)
    page.mouse.wheel(0, -100)
    page.wait_for_function(
        "(zoom) => Number(document.querySelector('.pixel-view').dataset.zoom) > zoom * 1.5", arg=before
    )
    x, y = painter.at(12.5, 12.5)
    page.keyboard.down("Space")
    painter.editor.drag((x, y), (x + 60, y + 40))
    page.keyboard.up("Space")
    assert painter.share() == 0
    assert painter.at(12.5, 12.5) == pytest.approx((x + 60, y + 40), abs=1.5)
    painter.stroke((12.5, 12.5))
    assert [at for at, value in enumerate(painter.pixels()) if value == 255] == [12 * 64 + 12]


def test_a_pen_presses_harder_for_a_wider_stroke(painter: Painter) -> None:
    painter.set("Size", 20)
    painter.set("Hardness", 1)
    draw = """(view, strokes) => {
        for (const [pressure, x, y, button] of strokes) {
            const all = { pointerId: 7, pointerType: 'pen', pressure, clientX: x, clientY: y, bubbles: true, button };
            view.setPointerCapture = () => undefined;
            view.dispatchEvent(new PointerEvent('pointerdown', { ...all, buttons: 1 }));
            view.dispatchEvent(new PointerEvent('pointerup', { ...all, buttons: 0 }));
        }
    }"""
    painter.view.evaluate(draw, [[0.2, *painter.at(16, 32), 0], [1, *painter.at(44, 32), 0]])
    row = painter.pixels()[32 * 64 : 33 * 64]
    assert sum(value > 127 for value in row[:30]) == pytest.approx(4, abs=1)
    assert sum(value > 127 for value in row[30:]) == pytest.approx(20, abs=1)
    painter.view.evaluate(draw, [[1, *painter.at(44, 32), 5]])
    assert painter.value(44, 32) == 0


def test_a_mask_is_not_lost_by_one_key(painter: Painter) -> None:
    painter.stroke((20, 20), (40, 40))
    painter.editor.press("Escape")
    expect(painter.dialog.get_by_role("alert")).to_contain_text("not used yet")
    painter.stroke((20, 40), (40, 20))
    expect(painter.dialog.get_by_role("alert")).to_be_hidden()
    painter.press("Cancel", "Cancel")
    expect(painter.dialog).to_be_hidden()
    assert painter.editor.document()["nodes"]["mask"].get("with") is None


def test_the_first_stroke_lands_where_the_pointer_is_before_any_resize_is_observed(editor: Editor) -> None:
    late = """() => {
        const Observer = window.ResizeObserver;
        window.ResizeObserver = class extends Observer {
            constructor(hear) { super((...seen) => setTimeout(hear, 5000, ...seen)); }
        };
    }"""
    editor.open("masked", MASKED)
    editor.page.evaluate(late)
    painter = Painter(editor)
    painter.stroke((20, 20), (40, 40))
    assert painter.value(30, 30) > 0
    painter.editor.press("Escape")
    expect(painter.dialog.get_by_role("alert")).to_contain_text("not used yet")


def test_the_mask_is_saved_in_grey_and_opened_again(painter: Painter, server: Served) -> None:
    painter.press("Rectangle")
    painter.stroke((0.5, 0.5), (31.5, 63.5))
    painter.view.focus()
    painter.editor.press("Enter")
    expect(painter.dialog).to_be_hidden()
    file = painter.editor.document()["nodes"]["mask"]["with"]["file"]
    with asset(server, file) as saved:
        assert (saved.mode, saved.size) == ("L", (64, 64))
        assert (saved.getpixel((10, 10)), saved.getpixel((50, 10))) == (255, 0)
    again = Painter(painter.editor)
    assert (again.value(10, 10), again.value(50, 10)) == (255, 0)
    again.press("Cancel")
    painter.editor.press("Control+z")
    assert painter.editor.document()["nodes"]["mask"].get("with") is None


def test_beside_a_picture_the_mask_becomes_a_node(editor: Editor) -> None:
    editor.open("beside", {"nodes": {"picture": MASKED["nodes"]["picture"]}})
    painter = Painter(editor, "picture")
    painter.stroke((10, 10), (50, 50))
    painter.use()
    expect(editor.node("load_mask")).to_be_visible()
    assert editor.document()["nodes"]["picture"]["with"]["file"] == "pictures/star.png"
    assert editor.document()["nodes"]["load_mask"]["with"]["file"].endswith(".png")


def inpainting() -> dict[str, Any]:
    """The workflow that ships, with a painted mask in the place of the rectangle."""
    found = Path(__file__).parents[3] / "workflows" / "glide_inpaint.yaml"
    document: dict[str, Any] = yaml.safe_load(found.read_text())
    for side in ("left", "top", "right", "bottom"):
        del document["inputs"][side]
    document["nodes"]["mask"] = {"node": "core.load_mask"}
    document["inputs"]["count"]["default"] = 1
    document["inputs"]["steps"]["default"] = 8
    return document


def test_a_painted_mask_says_what_an_inpainting_run_changes(editor: Editor, server: Served) -> None:
    editor.open("inpaint", inpainting())
    painter = Painter(editor)
    backdrop: Locator = painter.dialog.locator(".pixels img")
    expect(backdrop).to_have_attribute("alt", "Inputs: image (pictures/star.png)")
    painter.press("Rectangle")
    painter.stroke((38.5, 0.5), (63.5, 63.5))
    painter.use()
    editor.run()
    with PIL.Image.open(io.BytesIO(server.fetch("/picture?path=pictures/star.png"))) as opened:
        before = opened.convert("RGB")
    (output,) = [one for one in server.ask("GET", "/outputs?workflow=&limit=50")["outputs"] if "inpaint" in one["path"]]
    with PIL.Image.open(io.BytesIO(server.fetch(f"/outputs/{output['id']}"))) as opened:
        after = opened.convert("RGB")
    differ = [
        (x, y) for x in range(64) for y in range(64) if _far(before.getpixel((x, y)), after.getpixel((x, y))) > 24
    ]
    assert len(differ) > 100
    assert min(x for x, _ in differ) >= 36


def _far(a: Any, b: Any) -> int:
    return max(abs(one - other) for one, other in zip(a, b, strict=True))
