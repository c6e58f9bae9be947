"""Sub-workflows: made of a selection, entered and left, used twice and edited once, given a face, put back."""

from __future__ import annotations

from typing import Any

import pytest

from .editor import Editor

CHAIN: dict[str, Any] = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle", "size": 64}},
        "levels": {"node": "core.levels", "with": {"white": 0.9}, "from": {"image": "draw"}},
        "blur": {"node": "core.blur", "from": {"image": "levels"}},
        "save": {"node": "core.save_image", "with": {"name": "sub"}, "from": {"image": "blur.image"}},
    },
    "outputs": {"image": "save"},
    "ui": {
        "draw": {"position": [0, 0]},
        "levels": {"position": [320, 0]},
        "blur": {"position": [640, 0]},
        "save": {"position": [960, 0]},
    },
}


@pytest.fixture
def chain(editor: Editor) -> Editor:
    editor.open("subgraphs", CHAIN)
    return editor


def collapse(editor: Editor, *names: str, title: str) -> None:
    editor.select(*names)
    editor.press("Control+Shift+E")
    editor.dialog("Make a sub-workflow").get_by_label("Name").fill(title)
    editor.press("Enter")


def test_a_selection_becomes_a_sub_workflow_that_is_used_twice_and_edited_once(chain: Editor) -> None:
    collapse(chain, "levels", "blur", title="Soften")
    document = chain.document()
    assert set(document["nodes"]) == {"draw", "soften", "save"}
    assert document["nodes"]["soften"] == {"node": "subgraph:soften", "from": {"image": "draw"}}
    assert document["nodes"]["save"]["from"] == {"image": "soften.image"}

    chain.page.mouse.click(*chain.wire_middle("save.image.0"))
    chain.press("i")
    chain.page.get_by_role("dialog").get_by_role("combobox").fill("soften")
    chain.press("Enter")
    assert chain.links("soften_2") == {"image": "soften.image"}
    chain.run()
    (first,) = chain.server.ask("GET", "/outputs?limit=1")["outputs"]

    chain.page.get_by_role("button", name="Go into Soften").first.click()
    chain.node("blur").wait_for()
    assert set(chain.names()) == {"inputs", "levels", "blur"}
    sigma = chain.field("blur", "sigma")
    sigma.focus()
    sigma.fill("4")
    sigma.press("Enter")
    chain.press("Escape", "Escape", "Escape")
    chain.node("soften_2").wait_for()
    assert chain.document()["subgraphs"]["soften"]["nodes"]["blur"]["with"] == {"sigma": 4}
    chain.run()
    (second,) = chain.server.ask("GET", "/outputs?limit=1")["outputs"]
    assert second["id"] != first["id"]


def test_the_way_in_and_out(chain: Editor) -> None:
    collapse(chain, "levels", "blur", title="Outer")
    chain.press("Alt+ArrowDown")
    chain.node("blur").wait_for()
    collapse(chain, "blur", title="Inner <b>")
    chain.press("Alt+ArrowDown")
    crumbs = chain.page.get_by_label("Subgraphs")
    crumbs.get_by_text("Inner <b>").wait_for()
    assert crumbs.get_by_role("button").all_inner_texts() == ["Workflow", "Outer", "Inner <b>"]
    crumbs.get_by_role("button", name="Outer").click()
    chain.node("levels").wait_for()
    chain.press("Alt+ArrowUp")
    chain.node("save").wait_for()
    chain.press("Control+z", "Control+z")
    assert set(chain.names()) == {"draw", "levels", "blur", "save"}


def test_undo_inside_a_sub_workflow_that_goes_leads_out(chain: Editor) -> None:
    collapse(chain, "blur", title="Soften")
    chain.press("Alt+ArrowDown")
    chain.node("inputs").wait_for()
    chain.press("Control+z")
    chain.node("save").wait_for()
    assert set(chain.names()) == {"draw", "levels", "blur", "save"}
    assert chain.page.get_by_label("Subgraphs").count() == 0


def test_its_face_is_edited_and_what_uses_it_follows(chain: Editor) -> None:
    collapse(chain, "levels", "blur", title="Soften")
    chain.press("Alt+ArrowDown")
    chain.node("blur").wait_for()
    chain.node("blur").get_by_label("Make sigma of Blur an input of the workflow").click()
    chain.press("Shift+F")
    face = chain.dialog("Inputs and outputs")
    name = face.get_by_label("Name of the input sigma")
    name.fill("softness")
    name.press("Enter")
    texts = {"Default of softness": "3", "max of softness": "8", "Description of softness": "how soft"}
    for label, text in texts.items():
        field = face.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
    face.get_by_label("Move softness up").click()
    output = face.get_by_label("Name of the output image")
    output.fill("picture")
    output.press("Enter")
    wrong = face.get_by_label("Name of the input image")
    wrong.fill("softness")
    assert wrong.get_attribute("aria-invalid") == "true"
    wrong.press("Enter")
    face.get_by_role("button", name="Close").click()
    document = chain.document()
    inner = document["subgraphs"]["soften"]
    assert list(inner["inputs"]) == ["softness", "image"]
    assert inner["inputs"]["softness"] == {"type": "float", "min": 0, "max": 8, "default": 3, "description": "how soft"}
    assert inner["nodes"]["blur"]["from"]["sigma"] == "inputs.softness"
    assert document["nodes"]["save"]["from"] == {"image": "soften.picture"}
    chain.press("Alt+ArrowUp")
    chain.field("soften", "softness").first.wait_for()
    chain.run()


def test_it_is_put_back_in_place(chain: Editor) -> None:
    collapse(chain, "levels", "blur", title="Soften")
    chain.press("Control+Alt+E")
    document = chain.document()
    assert document["nodes"]["blur"]["from"] == {"image": "levels"}
    assert document["nodes"]["levels"]["with"] == {"white": 0.9}
    assert document["nodes"]["save"]["from"] == {"image": "blur.image"}
    assert "subgraphs" not in document
    assert document["ui"]["blur"]["position"] == [640, 0]


def test_a_selection_that_would_feed_itself_is_refused(chain: Editor) -> None:
    collapse(chain, "levels", "save", title="No")
    chain.page.get_by_text("blur takes from these nodes and feeds them").wait_for()
    assert set(chain.names()) == {"draw", "levels", "blur", "save"}
