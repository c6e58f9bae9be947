"""The canvas beside wires: frames, notes, colours, collapsing, muting, lines; copies between windows."""

from __future__ import annotations

from typing import Any

import pytest

from .editor import Editor

CHAIN: dict[str, Any] = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle", "size": 64}},
        "blur": {"node": "core.blur", "from": {"image": "draw"}},
        "save": {"node": "core.save_image", "with": {"name": "chain"}, "from": {"image": "blur.image"}},
    },
    "outputs": {"image": "save"},
    "ui": {
        "draw": {"position": [0, 0]},
        "blur": {"position": [420, 0]},
        "save": {"position": [840, 40]},
        "theirs": {"kept": True},
    },
}


@pytest.fixture
def chain(editor: Editor) -> Editor:
    editor.open("canvas", CHAIN)
    return editor


def test_a_frame_is_titled_and_coloured_and_carries_what_is_on_it(chain: Editor) -> None:
    chain.select("draw", "blur")
    chain.press("Control+g")
    chain.page.keyboard.type("Soft <i>edges</i>")
    chain.press("Enter")
    chain.press("c")
    chain.dialog("Colour").get_by_role("button", name="teal").click()
    frame = chain.document()["ui"]["$frames"]["1"]
    assert (frame["title"], frame["color"]) == ("Soft <i>edges</i>", "teal")
    bar = chain.node("$frames.1").locator(".frame-title")
    box = bar.bounding_box()
    assert box is not None
    chain.drag((box["x"] + 90, box["y"] + 12), (box["x"] + 90, box["y"] + 132))
    ui = chain.document()["ui"]
    right, down = (now - old for now, old in zip(ui["$frames"]["1"]["at"], frame["at"], strict=True))
    assert down > 80
    assert ui["draw"]["position"] == [right, down]
    assert ui["blur"]["position"] == [420 + right, down]
    assert ui["save"]["position"] == [840, 40], "what is not on the frame stays"
    assert ui["theirs"] == {"kept": True}
    chain.press("Control+z")
    assert chain.document()["ui"]["blur"]["position"] == [420, 0], "one step"
    chain.drag(chain.node("$frames.1").locator(".resize"), (box["x"] + 300, box["y"] + 500))
    assert chain.document()["ui"]["$frames"]["1"]["size"] != frame["size"]
    bar.click()
    chain.press("Delete")
    document = chain.document()
    assert "$frames" not in document["ui"]
    assert set(document["nodes"]) == {"draw", "blur", "save"}


def test_a_note_shows_markdown_and_no_html(chain: Editor) -> None:
    chain.press("Shift+N")
    text = "# Why\n- **soft** first\n- then `save`\n\n<img src=x onerror=alert(1)>"
    chain.page.get_by_label("Text of the note, in Markdown").fill(text)
    chain.press("Escape")
    note = chain.node("$notes.1")
    assert note.get_by_role("heading", name="Why").is_visible()
    assert note.locator("li").all_inner_texts() == ["soft first", "then save"]
    assert note.locator("img").count() == 0
    assert "<img src=x onerror=alert(1)>" in note.inner_text()
    assert chain.document()["ui"]["$notes"]["1"]["text"] == text


def test_a_collapsed_node_keeps_its_wires_and_takes_new_ones(chain: Editor) -> None:
    chain.select("blur")
    chain.press("Alt+c")
    assert chain.document()["ui"]["blur"]["collapsed"] is True
    assert chain.field("blur", "sigma").count() == 0
    box = chain.node("blur").bounding_box()
    assert box is not None
    assert box["height"] < 60
    (x, y) = chain.wire_middle("save.image.0")
    assert x > box["x"] + box["width"]
    chain.page.mouse.click(x, y)
    chain.press("Delete")
    chain.page.mouse.click(*chain.wire_middle("blur.image.0"))
    chain.press("Delete")
    chain.drag(chain.port("draw", "image", "source"), chain.title("blur"))
    assert chain.links("blur") == {"image": "draw.image"}
    chain.page.get_by_role("button", name="Open Blur").click()
    chain.field("blur", "sigma").wait_for()


def test_mute_and_bypass_are_striped_and_written_to_the_file(chain: Editor) -> None:
    chain.select("blur")
    chain.press("Control+b")
    assert chain.document()["nodes"]["blur"]["mode"] == "bypass"
    assert "bypassed" in chain.title("blur").inner_text()
    striped = chain.title("blur").evaluate("(title) => getComputedStyle(title).backgroundImage")
    assert "repeating-linear-gradient" in striped
    chain.press("Control+m")
    assert chain.document()["nodes"]["blur"]["mode"] == "mute"
    chain.press("Control+m")
    assert "mode" not in chain.document()["nodes"]["blur"]


def test_colour_of_nodes(chain: Editor) -> None:
    chain.select("draw", "save")
    chain.press("c")
    chain.dialog("Colour").get_by_role("button", name="purple").click()
    ui = chain.document()["ui"]
    assert (ui["draw"]["color"], ui["save"]["color"]) == ("purple", "purple")
    assert "color" not in ui["blur"]
    plain, tinted = (
        chain.title(name).evaluate("(title) => getComputedStyle(title).backgroundColor") for name in ("blur", "draw")
    )
    assert plain != tinted


def test_shift_and_arrows_align_and_one_node_alone_is_moved(chain: Editor) -> None:
    chain.select("draw", "blur", "save")
    chain.press("Shift+ArrowDown")
    tops = chain.document()["ui"]
    heights = {name: tops[name]["position"][1] for name in ("draw", "blur", "save")}
    assert len(set(heights.values())) > 1, "lower edges, of nodes of several heights"
    chain.press("Shift+ArrowUp")
    ui = chain.document()["ui"]
    assert len({ui[name]["position"][1] for name in ("draw", "blur", "save")}) == 1
    chain.press("Control+Shift+ArrowRight")
    chain.press("Escape")
    chain.node("draw").focus()
    chain.press("Enter", "Shift+ArrowRight")
    assert chain.document()["ui"]["draw"]["position"][0] > ui["draw"]["position"][0]
    assert chain.document()["ui"]["draw"]["position"][1] == ui["draw"]["position"][1]


def test_nodes_and_notes_are_copied_to_another_window(chain: Editor) -> None:
    chain.press("Shift+N")
    chain.page.get_by_label("Text of the note, in Markdown").fill("hello")
    chain.press("Escape")
    chain.press("Escape")
    chain.press("Control+a")
    chain.press("Control+c")
    other = Editor(chain.page.context.new_page(), chain.server)
    other.sign_in()
    other.page.locator(".canvas").hover()
    other.press("Control+v")
    other.node("save").wait_for()
    document = other.document()
    assert document["nodes"]["save"]["from"] == {"image": "blur.image"}
    assert document["ui"]["$notes"]["1"]["text"] == "hello"
    assert other.complaints == []


def test_everything_in_the_graph_is_found_also_in_sub_workflows(editor: Editor) -> None:
    inner = {
        "inputs": {"image": {"type": "Image"}},
        "nodes": {"deep": {"node": "core.blur", "title": "Very soft", "from": {"image": "inputs.image"}}},
        "outputs": {"image": "deep"},
    }
    nodes = {**CHAIN["nodes"], "sub": {"node": "subgraph:inner", "from": {"image": "draw"}}}
    editor.open("found", {**CHAIN, "nodes": nodes, "subgraphs": {"inner": inner}})
    editor.press("Control+f")
    find = editor.dialog("Find in the graph")
    find.get_by_role("combobox").fill("red circle")
    assert find.get_by_role("option").first.inner_text().startswith("Render")
    editor.press("Enter")
    assert "selected" in (editor.node("draw").get_attribute("class") or "")
    editor.press("Control+f")
    find.get_by_role("combobox").fill("very soft")
    editor.press("Enter")
    editor.node("deep").wait_for()
    assert "selected" in (editor.node("deep").get_attribute("class") or "")


def test_menus_offer_what_can_be_done_there(chain: Editor) -> None:
    page = chain.page
    chain.title("blur").click(button="right")
    menu = page.get_by_role("menu", name="Menu of the node")
    assert menu.get_by_role("menuitem", name="Go into the sub-workflow").count() == 0
    menu.get_by_role("menuitem", name="Bypass").click()
    assert chain.document()["nodes"]["blur"]["mode"] == "bypass"

    page.mouse.click(*chain.wire_middle("save.image.0"), button="right")
    menu = page.get_by_role("menu", name="Menu of the wire")
    menu.get_by_role("menuitem", name="Lead the wire through a point here").click()
    assert list(chain.document()["ui"]["$reroutes"]) == ["blur.image>save.image"]

    page.mouse.click(150, 750, button="right")
    menu = page.get_by_role("menu", name="Menu of the canvas")
    assert menu.get_by_role("menuitem").first.evaluate("(item) => item === document.activeElement")
    chain.press("ArrowDown", "Enter")
    page.get_by_label("Text of the note, in Markdown").fill("by menu")
    chain.press("Escape", "Escape")
    chain.select("draw")
    chain.press("Shift+F10")
    page.get_by_role("menu", name="Menu of the node").get_by_role("menuitem", name="Rename").wait_for()
    chain.press("Escape")
    assert chain.document()["ui"]["$notes"]["1"]["text"] == "by menu"


def test_a_bypassed_node_is_passed_by_in_a_run(chain: Editor) -> None:
    chain.run()
    blurred = newest(chain)
    chain.select("blur")
    chain.press("Control+b")
    chain.run()
    assert newest(chain) != blurred


def newest(editor: Editor) -> bytes:
    """The pixels of the newest picture."""
    (output,) = editor.server.ask("GET", "/outputs?limit=1")["outputs"]
    return bytes(
        editor.page.evaluate(
            """async (url) => {
              const picture = await createImageBitmap(await (await fetch(url)).blob());
              const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
              canvas.drawImage(picture, 0, 0);
              return [...canvas.getImageData(0, 0, picture.width, picture.height).data];
            }""",
            output["url"],
        )
    )
