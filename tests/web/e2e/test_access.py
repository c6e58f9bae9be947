"""For everybody: the list in place of the canvas, keys for all, axe, light and dark, small and touched screens."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

from .editor import Editor

CHAIN = {
    "inputs": {"prompt": {"type": "text", "default": "a red circle"}},
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"size": 64}, "from": {"prompt": "inputs.prompt"}},
        "blur": {"node": "core.blur", "from": {"image": "draw.image"}},
        "save": {"node": "core.save_image", "with": {"name": "list"}, "from": {"image": "blur"}},
    },
    "outputs": {"image": "save"},
}


def row(editor: Editor, name: str) -> Locator:
    """A node of the list."""
    return editor.page.locator(".outline tbody tr", has=editor.page.locator("small", has_text=name)).first


def test_the_list_builds_and_runs_a_workflow_without_a_canvas_and_without_a_pointer(editor: Editor) -> None:
    page = editor.page
    editor.press("Alt+3")
    for query in ("shapes.render", "core.save_image"):
        editor.press("Shift+A")
        editor.dialog("Add a node").get_by_role("combobox").fill(query)
        editor.press("Enter")
    page.get_by_role("button", name="render").first.focus()
    editor.press("Enter")
    page.get_by_label("Render: prompt", exact=True).first.fill("a red circle")
    page.get_by_role("button", name="save_image").focus()
    editor.press("Enter")
    page.get_by_label("Save image: image, fed by").select_option("render.image")
    expect(row(editor, "save_image")).to_contain_text("render")
    document = editor.document()
    assert document["nodes"]["save_image"]["from"] == {"image": "render.image"}
    assert document["nodes"]["render"]["with"]["prompt"] == "a red circle"
    editor.run()
    page.get_by_role("complementary", name="Result").locator("img.large").wait_for()


def test_the_list_changes_values_and_wires_and_leads_along_them(editor: Editor) -> None:
    editor.open("listed", CHAIN)
    editor.press("Alt+3")
    page = editor.page
    row(editor, "draw").get_by_role("button").click()
    page.get_by_role("button", name="feeds image of blur").click()
    expect(row(editor, "blur").get_by_role("button")).to_be_focused()
    page.get_by_label("Blur: image, fed by").select_option("")
    assert "from" not in editor.document()["nodes"]["blur"]
    page.get_by_label("Blur: image, fed by").select_option("draw.image")
    assert editor.document()["nodes"]["blur"]["from"] == {"image": "draw.image"}
    page.get_by_role("button", name="Delete blur").click()
    expect(page.get_by_role("rowheader")).to_have_count(3)
    editor.press("Control+z")
    expect(page.get_by_role("rowheader")).to_have_count(4)


def widths(editor: Editor) -> dict[str, Any]:
    """How wide the page is and how wide its contents want to be."""
    found: dict[str, Any] = editor.page.evaluate(
        "() => ({ page: document.documentElement.scrollWidth, window: innerWidth })"
    )
    return found
