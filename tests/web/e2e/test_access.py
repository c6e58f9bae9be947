"""For everybody: the list in place of the canvas, keys for all, axe, light and dark, small and touched screens."""

from __future__ import annotations

import re
import shutil

import pytest
from graph_web import build
from playwright.sync_api import Browser, Locator, ViewportSize, expect

from .editor import Editor
from .servers import Served

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
    row(editor, "render").get_by_role("button").focus()
    editor.press("Enter")
    page.get_by_label("Render: prompt", exact=True).first.fill("a red circle")
    row(editor, "save_image").get_by_role("button").focus()
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


AXE = build.EDITOR / "node_modules/axe-core/axe.min.js"


def findings(editor: Editor) -> list[str]:
    """What axe finds wrong with the page as it is."""
    editor.page.evaluate(AXE.read_text())
    found = editor.page.evaluate("() => axe.run()")
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


DIALOGS = (
    *("Open a workflow", "Keys and gestures", "Settings", "Share and export", "Earlier versions", "Add a node"),
    *("Inputs and outputs", "Run with choices", "Save under another name"),
)


@pytest.mark.skipif(shutil.which("npm") is None, reason="axe-core needs npm")
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_in_any_view_panel_or_dialog(editor: Editor, theme: str) -> None:
    build.install()
    note = {"text": "# Why\n- because", "at": [0, 600], "size": [200, 120]}
    frame = {"title": "A part", "color": "red", "at": [-20, -60], "size": [400, 300]}
    editor.open("axe", {**CHAIN, "ui": {"$notes": {"1": note}, "$frames": {"1": frame}}})
    editor.page.evaluate("(theme) => document.documentElement.dataset.theme = theme", theme)
    editor.run()
    found = {"graph": findings(editor)}
    for key, view in (("Alt+2", "form"), ("Alt+3", "list")):
        editor.press(key)
        found[view] = findings(editor)
    row(editor, "draw").get_by_role("button").click()
    found["list, open"] = findings(editor)
    editor.press("Alt+1")
    for button in editor.page.locator(".rail button").all():
        button.click()
        editor.page.wait_for_timeout(200)
        found[button.inner_text()] = findings(editor)
    for title in DIALOGS:
        editor.run_command(title)
        editor.page.get_by_role("dialog").wait_for()
        found[title] = findings(editor)
        editor.press("Escape")
    assert {place: some for place, some in found.items() if some} == {}


# Screens ------------------------------------------------------------------------------------------------------------

OUTSIDE = """() => [...document.querySelectorAll('.toolbar button, .rail button, .form button, .form input')]
    .filter((one) => { const box = one.getBoundingClientRect(); return one.checkVisibility() && box.width > 0
        && (box.left < 0 || box.right > innerWidth + 1 || box.width < 24 || box.height < 20); })
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (820, 1180)])
def test_everything_is_within_reach_of_small_and_touched_screens(
    browser: Browser, server: Served, size: tuple[int, int]
) -> None:
    viewport = ViewportSize(width=size[0], height=size[1])
    context = browser.new_context(viewport=viewport, has_touch=True, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    editor = Editor(context.new_page(), server)
    editor.sign_in()
    editor.open("small", CHAIN)
    page = editor.page
    for view in ("Show the graph", "Show the form", "Show the list of nodes"):
        page.get_by_role("button", name=view).tap()
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Show the form").tap()
    page.get_by_label("Prompt").fill("a blue star")
    page.get_by_role("region", name="Form").get_by_role("button", name="Run", exact=True).tap()
    picture = page.get_by_role("region", name="Result").locator("img")
    expect(picture).to_have_js_property("naturalWidth", 64, timeout=60_000)
    page.get_by_role("button", name="Show the graph").tap()
    page.get_by_role("button", name="Show everything").or_(editor.title("draw")).first.tap()
    expect(editor.node("draw")).to_have_class(re.compile(r"\bselected\b"))
    context.close()
    assert editor.complaints == []


# Settings -----------------------------------------------------------------------------------------------------------


def test_theme_map_and_motion_are_set_at_once_and_kept(editor: Editor) -> None:
    editor.open("settings", CHAIN)
    page = editor.page
    expect(page.locator(".react-flow__minimap")).to_be_visible()
    editor.press("Control+,")
    dialog = editor.dialog("Settings")
    for theme in ("dark", "light"):
        dialog.get_by_label("Theme").select_option(theme)
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
    dialog.get_by_label("Map of the workflow").uncheck()
    dialog.get_by_label("Nothing moves by itself").check()
    editor.press("Escape")
    page.reload()
    editor.node("draw").wait_for()
    expect(page.locator(".react-flow__minimap")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("html")).to_have_attribute("data-motion", "never")


def test_a_command_gets_other_keys_which_the_help_sheet_shows_and_a_taken_one_is_refused(editor: Editor) -> None:
    editor.open("remapped", CHAIN)
    editor.press("Control+,")
    dialog = editor.dialog("Settings")
    dialog.get_by_label("Search commands").fill("Tidy")
    dialog.get_by_role("button", name="Change the keys of Tidy").click()
    editor.press("Control+s")
    expect(dialog).to_contain_text("Ctrl+S is the key of “Save”")
    editor.press("Control+Shift+t")
    expect(dialog.locator("kbd")).to_have_text(["Ctrl+Shift+T"])
    editor.press("Escape")
    editor.press("?")
    expect(editor.dialog("Keys and gestures")).to_contain_text("Ctrl+Shift+T")
    editor.press("Escape")
    before = editor.document().get("ui")
    editor.press("l")
    assert editor.document().get("ui") == before
    editor.drag(editor.title("draw"), (700.0, 600.0))
    moved = editor.document()["ui"]
    editor.press("Escape", "Control+Shift+t")
    editor.settle()
    assert editor.document()["ui"] != moved
