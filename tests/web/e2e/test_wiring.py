"""Wires: led through points, cut, moved, drawn by clicks and keys; nodes taken out of them, swapped, cloned."""

from __future__ import annotations

from typing import Any

import pytest

from .editor import Editor

CHAIN: dict[str, Any] = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle", "size": 64}},
        "blur": {"node": "core.blur", "from": {"image": "draw"}},
        "levels": {"node": "core.levels", "from": {"image": "draw"}},
        "save": {"node": "core.save_image", "with": {"name": "chain"}, "from": {"image": "blur.image"}},
    },
    "outputs": {"image": "save"},
    "ui": {
        "draw": {"position": [0, 0]},
        "blur": {"position": [420, 0]},
        "levels": {"position": [420, 260]},
        "save": {"position": [840, 0]},
    },
}


@pytest.fixture
def chain(editor: Editor) -> Editor:
    editor.open("wires", CHAIN)
    return editor


def test_a_wire_is_led_through_points(chain: Editor) -> None:
    x, y = chain.wire_middle("save.image.0")
    chain.page.mouse.dblclick(x, y)
    point = chain.page.get_by_role("button", name="Point 1 of the wire from blur to save")
    point.wait_for()
    (before,) = chain.document()["ui"]["$reroutes"]["blur.image>save.image"]
    chain.drag(point, (x, y + 120))
    (after,) = chain.document()["ui"]["$reroutes"]["blur.image>save.image"]
    assert after[1] > before[1] + 80
    assert abs(after[0] - before[0]) < 5
    point.press("ArrowRight")
    assert chain.document()["ui"]["$reroutes"]["blur.image>save.image"] == [[after[0] + 8, after[1]]]
    point.press("Delete")
    assert "$reroutes" not in chain.document()["ui"]
    chain.press("Control+z")
    point.wait_for()


def test_a_stroke_cuts_what_it_crosses(chain: Editor) -> None:
    x, y = chain.wire_middle("blur.image.0")
    low = chain.wire_middle("levels.image.0")[1]
    chain.drag((x, y - 60), (x, low + 60), keys=("Control", "Alt"))
    assert "from" not in chain.document()["nodes"]["blur"]
    assert "from" not in chain.document()["nodes"]["levels"]
    assert chain.links("save") == {"image": "blur.image"}
    chain.press("Control+z")
    assert chain.links("blur") == {"image": "draw"}
    x, y = chain.wire_middle("save.image.0")
    chain.drag((x, y - 60), (x, y + 60), keys=("y",))
    assert "from" not in chain.document()["nodes"]["save"]


def test_all_wires_of_an_output_move(chain: Editor) -> None:
    start, end = chain.port("draw", "image", "source"), chain.port("levels", "image", "source")
    chain.drag(chain.port("blur", "image", "source"), end, keys=("Shift",))
    assert chain.links("save") == {"image": "levels.image"}
    chain.drag(start, end, keys=("Shift",))
    assert chain.links("blur") == {"image": "levels.image"}, "what fits has moved"
    assert chain.links("levels") == {"image": "draw"}, "levels cannot feed itself"
    chain.page.get_by_text("Not moved to levels: a node cannot feed itself").wait_for()


def test_alt_drag_takes_a_node_out_of_its_wires(chain: Editor) -> None:
    box = chain.title("blur").bounding_box()
    assert box is not None
    chain.drag(chain.title("blur"), (box["x"] + 140, box["y"] + 420), keys=("Alt",))
    assert "from" not in chain.document()["nodes"]["blur"]
    assert chain.links("save") == {"image": "draw"}
    chain.press("Control+z")
    assert chain.links("save") == {"image": "blur.image"}, "one step brings back wires and place"
    assert chain.document()["ui"]["blur"]["position"] == [420, 0]


def test_ctrl_drag_clones_and_ctrl_while_dragging_snaps(chain: Editor) -> None:
    chain.page.keyboard.down("Control")
    chain.drag(chain.title("levels"), (500, 700))
    chain.page.keyboard.up("Control")
    document = chain.document()
    assert document["ui"]["levels"]["position"] == [420, 260]
    assert document["nodes"]["levels_2"] == {"node": "core.levels"}
    chain.drag(chain.title("levels_2"), (560, 650), during=lambda: chain.page.keyboard.down("Control"), wiggle=True)
    chain.page.keyboard.up("Control")
    assert [place % 24 for place in chain.document()["ui"]["levels_2"]["position"]] == [0, 0]


def test_two_clicks_wire_and_esc_lets_go(chain: Editor) -> None:
    chain.port("levels", "image", "source").click()
    chain.press("Escape")
    chain.port("save", "image").click()
    chain.press("Escape")
    assert chain.links("save") == {"image": "blur.image"}
    chain.port("levels", "image", "source").click()
    assert "fits" in (chain.port("save", "image").get_attribute("class") or "")
    chain.port("save", "image").click()
    assert chain.links("save") == {"image": "levels.image"}
    chain.port("levels", "image", "source").click()
    chain.port("draw", "prompt").click()
    chain.page.get_by_text("Not wired: this wire would make a cycle").wait_for()


def test_wires_are_drawn_by_keys_alone(chain: Editor) -> None:
    chain.node("levels").focus()
    chain.press("Enter", "w")
    chain.dialog("Which port of levels?").get_by_role("combobox").fill("image")
    chain.press("Enter")
    chain.dialog("Wire levels.image to").get_by_role("combobox").fill("save")
    chain.press("Enter")
    assert chain.links("save") == {"image": "levels.image"}
    port = chain.port("blur", "image", "source")
    assert port.get_attribute("tabindex") == "-1", "only the selected node's ports are stops of the Tab key"
    chain.select("blur")
    port.press("Enter")
    chain.dialog("Wire blur.image to").get_by_role("combobox").fill("save")
    chain.press("Enter")
    assert chain.links("save") == {"image": "blur.image"}


def test_a_swapped_node_keeps_its_wires(chain: Editor) -> None:
    chain.select("blur")
    chain.press("Shift+S")
    chain.dialog("Swap blur for").get_by_role("combobox").fill("resize")
    chain.press("Enter")
    document = chain.document()
    assert document["nodes"]["blur"]["node"] == "core.resize"
    assert document["nodes"]["blur"]["from"] == {"image": "draw"}
    assert document["nodes"]["save"]["from"] == {"image": "blur.image"}


def test_a_node_is_added_into_the_selected_wire(chain: Editor) -> None:
    chain.page.mouse.click(*chain.wire_middle("save.image.0"))
    chain.press("i")
    chain.page.get_by_role("dialog").get_by_role("combobox").fill("resize")
    chain.press("Enter")
    assert chain.links("save") == {"image": "resize.image"}
    assert chain.links("resize") == {"image": "blur.image"}


def test_a_refused_wire_says_why(chain: Editor) -> None:
    def refused() -> None:
        hint = chain.page.locator(".wire-hint.refused")
        hint.wait_for()
        assert hint.inner_text() == "Image does not fit text"
        assert "unfit" in (chain.port("save", "name").get_attribute("class") or "")

    chain.drag(chain.port("levels", "image", "source"), chain.port("save", "name"), during=refused)
    assert chain.links("save") == {"image": "blur.image"}


def test_a_title_is_typed_after_f2(chain: Editor) -> None:
    chain.select("blur")
    chain.press("F2")
    chain.page.keyboard.type("Softer <b>edges</b>")
    chain.press("Enter")
    assert chain.document()["nodes"]["blur"]["title"] == "Softer <b>edges</b>"
    assert "Softer <b>edges</b>" in chain.title("blur").inner_text()


def test_a_wire_dropped_on_nothing_offers_what_fits(chain: Editor) -> None:
    chain.drag(chain.port("levels", "image", "source"), (700, 700))
    palette = chain.dialog("Add a node that takes Image")
    palette.get_by_role("combobox").fill("decode")
    assert not palette.get_by_text("core.decode", exact=True).is_visible(), "decode takes latents"
    palette.get_by_role("combobox").fill("resize")
    chain.press("Enter")
    assert chain.links("resize") == {"image": "levels.image"}
    chain.press("Control+z")
    assert set(chain.names()) == {"draw", "blur", "levels", "save"}, "the node and its wire are one step"


def test_a_wire_dropped_on_a_node_goes_to_its_first_fitting_port(chain: Editor) -> None:
    chain.drag(chain.port("levels", "image", "source"), chain.title("save"))
    assert chain.links("save") == {"image": "levels.image"}


def test_a_node_dropped_on_a_wire_is_put_into_it_unless_alt_is_held(chain: Editor) -> None:
    chain.page.mouse.move(600, 700)
    name = chain.add("resize")
    x, y = chain.wire_middle("save.image.0")
    chain.drag(chain.title(name), (x, y), keys=("Alt",))
    assert chain.links("save") == {"image": "blur.image"}
    chain.drag(chain.title(name), (500, 720))
    chain.drag(chain.title(name), chain.wire_middle("save.image.0"))
    assert chain.links(name) == {"image": "blur.image"}
    assert chain.links("save") == {"image": f"{name}.image"}


def test_the_end_of_a_wire_is_moved_or_let_go(chain: Editor) -> None:
    chain.drag(chain.port("levels", "image"), chain.port("save", "image"))
    assert chain.links("save") == {"image": "draw.image"}
    assert "from" not in chain.document()["nodes"]["levels"]
    box = chain.port("blur", "image").bounding_box()
    assert box is not None
    chain.drag((box["x"] - 12, box["y"] + box["height"] / 2), (600, 700))
    assert "from" not in chain.document()["nodes"]["blur"]


def test_alt_click_breaks_the_wires_of_a_port(chain: Editor) -> None:
    chain.port("draw", "image", "source").click(modifiers=["Alt"])
    nodes = chain.document()["nodes"]
    assert "from" not in nodes["blur"]
    assert "from" not in nodes["levels"]
    assert nodes["save"]["from"] == {"image": "blur.image"}


def test_a_node_is_deleted_and_its_chain_kept(chain: Editor) -> None:
    chain.select("blur")
    chain.press("Control+Delete")
    assert chain.links("save") == {"image": "draw"}
    chain.press("Control+z")
    chain.select("blur")
    chain.press("Delete")
    assert "from" not in chain.document()["nodes"]["save"]


def test_a_wired_input_has_no_widget_and_gets_it_back(chain: Editor) -> None:
    name = chain.add("core.number", at=(300, 700))
    chain.wire(name, "number", "blur", "sigma")
    assert chain.links("blur")["sigma"] == f"{name}.number"
    assert chain.field("blur", "sigma").count() == 0
    chain.port("blur", "sigma").click(modifiers=["Alt"])
    chain.field("blur", "sigma").wait_for()
    chain.node("blur").get_by_label("Make sigma of Blur an input of the workflow").click()
    assert chain.document()["inputs"]["sigma"]["type"] == "float"
    assert chain.links("blur")["sigma"] == "inputs.sigma"


def test_what_is_selected(chain: Editor) -> None:
    def chosen() -> set[str]:
        found = chain.page.locator(".react-flow__node.selected")
        return set(found.evaluate_all("(all) => all.map((one) => one.dataset.id)"))

    chain.select("blur")
    chain.press("Alt+Shift+ArrowLeft")
    assert chosen() == {"draw", "blur"}
    chain.press("Control+i")
    assert chosen() == {"levels", "save"}
    chain.press("Escape")
    assert chosen() == set()
    chain.select("draw")
    chain.press("Alt+Shift+ArrowRight")
    assert chosen() == {"draw", "blur", "levels", "save"}
    chain.press("Escape")
    box = chain.node("levels").bounding_box()
    assert box is not None
    start = (box["x"] - 25, box["y"] - 12)
    chain.drag(start, (box["x"] + box["width"] + 20, box["y"] + box["height"] + 20), keys=("Shift",))
    assert chosen() == {"levels"}


def test_copies_with_and_without_the_wires_that_came_in(chain: Editor) -> None:
    chain.select("levels")
    chain.press("Control+d", "Escape")
    chain.select("levels")
    chain.press("Control+Shift+D")
    nodes = chain.document()["nodes"]
    assert "from" not in nodes["levels_2"]
    assert nodes["levels_3"]["from"] == {"image": "draw"}
    chain.press("Control+c")
    chain.page.mouse.move(600, 760)
    chain.press("Control+v")
    chain.settle()
    chain.press("Control+Shift+V")
    nodes = chain.document()["nodes"]
    assert "from" not in nodes["levels_4"]
    assert nodes["levels_5"]["from"] == {"image": "draw"}


def test_tidy_lays_out_the_selection_or_everything(chain: Editor) -> None:
    chain.select("blur", "levels")
    chain.press("l")
    ui = chain.document()["ui"]
    assert (ui["draw"]["position"], ui["save"]["position"]) == ([0, 0], [840, 0])
    chain.press("Escape", "l")
    chain.settle()
    places = {name: ui["position"] for name, ui in chain.document()["ui"].items()}
    assert places["draw"][0] < places["blur"][0] == places["levels"][0] < places["save"][0]
