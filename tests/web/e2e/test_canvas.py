"""The canvas and its fields: where it looks, how nodes are added and pinned, and how values are entered."""

from __future__ import annotations

import re

import pytest

from .editor import Editor

CHAIN = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle on white"}},
        "blur": {"node": "core.blur", "from": {"image": "draw.image"}},
        "steps": {"node": "core.denoise"},
    },
    "ui": {
        "draw": {"position": [0, 0]},
        "blur": {"position": [340, 0]},
        "steps": {"position": [680, 0]},
    },
}


def view(editor: Editor) -> tuple[float, float, float]:
    """Where the canvas looks: x, y and zoom."""
    style = editor.page.locator(".react-flow__viewport").get_attribute("style") or ""
    x, y, zoom = re.findall(r"-?[\d.]+", style)[:3]
    return float(x), float(y), float(zoom)


@pytest.fixture
def chain(editor: Editor) -> Editor:
    editor.open("canvas", CHAIN)
    return editor


def test_the_canvas_is_panned_by_dragging_it_and_by_the_middle_button(chain: Editor) -> None:
    x, y, _ = view(chain)
    chain.drag((300, 700), (380, 760))
    after = view(chain)
    assert (round(after[0] - x), round(after[1] - y)) == (80, 60)
    chain.page.mouse.move(*(400, 700))
    chain.page.mouse.down(button="middle")
    chain.page.mouse.move(360, 660, steps=5)
    chain.page.mouse.up(button="middle")
    assert (round(view(chain)[0] - after[0]), round(view(chain)[1] - after[1])) == (-40, -40)


def test_the_wheel_zooms_at_the_pointer_and_keys_zoom_and_fit(chain: Editor) -> None:
    chain.press("Home")
    whole = view(chain)
    chain.page.mouse.move(500, 600)
    chain.page.mouse.wheel(0, -400)
    chain.page.wait_for_timeout(300)
    x, y, zoom = view(chain)
    assert zoom > whole[2]
    pane = chain.page.locator(".react-flow").bounding_box()
    assert pane is not None
    before = ((500 - pane["x"] - whole[0]) / whole[2], (600 - pane["y"] - whole[1]) / whole[2])
    after = ((500 - pane["x"] - x) / zoom, (600 - pane["y"] - y) / zoom)
    assert after == pytest.approx(before, abs=2)
    chain.press("Alt+-")
    assert view(chain)[2] < zoom
    chain.press("Alt+=")
    assert view(chain)[2] == pytest.approx(zoom, rel=0.02)
    chain.press("Control+0")
    assert view(chain)[2] == 1
    for key in (".", "Home"):
        chain.page.mouse.wheel(0, -200)
        chain.page.wait_for_timeout(200)
        chain.press(key)
        assert view(chain) == pytest.approx(whole, abs=1)
    chain.select("blur")
    chain.press("f")
    assert view(chain)[2] > whole[2]


def test_nodes_are_added_by_space_by_double_click_and_from_the_menu_with_the_latest_first(chain: Editor) -> None:
    chain.page.mouse.click(60, 640)
    chain.press("Space")
    palette = chain.dialog("Add a node")
    palette.get_by_role("combobox").fill("invmask")
    assert "core.invert_mask" in palette.get_by_role("option").first.inner_text()
    chain.press("ArrowDown", "ArrowUp", "Enter")
    chain.page.wait_for_function("() => document.querySelectorAll('.react-flow__node').length === 4")
    chain.press("Escape")
    assert chain.add("core.levels", at=(600, 640)) == "levels"
    chain.press("Shift+A")
    options = palette.get_by_role("option")
    assert ["core.levels" in options.nth(0).inner_text(), "core.invert_mask" in options.nth(1).inner_text()] == [1, 1]
    chain.press("Escape")
    chain.page.mouse.click(60, 120, button="right")
    chain.page.get_by_role("menuitem", name="Add a node").click()
    assert palette.is_visible()


def test_a_pinned_node_stays_where_it_is(chain: Editor) -> None:
    chain.select("blur")
    chain.press("p")
    title = chain.title("blur")
    chain.drag(title, (500, 700))
    chain.settle()
    assert chain.document()["ui"]["blur"] == {"position": [340, 0], "pinned": True}
    chain.select("blur")
    chain.press("p")
    chain.drag(title, (500, 700))
    assert chain.document()["ui"]["blur"]["position"] != [340, 0]


def test_a_number_is_scrubbed_typed_as_a_sum_and_put_back(chain: Editor) -> None:
    size = chain.field("draw", "size")

    def written() -> object:
        return chain.document()["nodes"]["draw"].get("with", {}).get("size")

    box = size.bounding_box()
    assert box is not None
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chain.drag(place, (place[0] + 80, place[1]))
    coarse = written()
    assert isinstance(coarse, int)
    assert coarse > 64
    chain.press("Control+z")
    assert written() is None
    chain.drag(place, (place[0] + 80, place[1]), keys=("Shift",))
    fine = written()
    assert isinstance(fine, int)
    assert 64 < fine < coarse
    size.click()
    size.fill("16*8 + 2")
    chain.press("Enter")
    assert written() == 130
    size.click()
    size.fill("99999")
    chain.press("Enter")
    assert written() == 1024
    chain.press("Escape")
    size.click(button="right")
    assert written() is None
    assert size.input_value() == "64"


def test_words_of_a_prompt_are_made_stronger_and_weaker(chain: Editor) -> None:
    prompt = chain.field("draw", "prompt")
    prompt.click()
    prompt.evaluate("(field) => field.setSelectionRange(3, 3)")
    for _ in range(2):
        chain.press("Control+ArrowUp")
        chain.page.wait_for_timeout(100)
    assert prompt.input_value() == "a (red:1.2) circle on white"
    for _ in range(2):
        chain.press("Control+ArrowDown")
        chain.page.wait_for_timeout(100)
    assert prompt.input_value() == "a red circle on white"


def test_one_of_many_choices_is_found_by_a_few_letters(chain: Editor) -> None:
    scheduler = chain.field("steps", "scheduler")
    assert scheduler.input_value() == "ddim"
    scheduler.click()
    chain.page.keyboard.type("heun")
    chain.press("Enter")
    assert "heun" in chain.document()["nodes"]["steps"]["with"]["scheduler"]
    scheduler.click()
    chain.page.keyboard.type("nonsense")
    chain.press("Tab")
    assert "heun" in scheduler.input_value()
