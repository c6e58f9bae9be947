"""A new user's first minutes: the link, a picture, one change that runs only what depends on it, templates, files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Locator, expect

from .editor import Editor
from .servers import Served

WORKFLOWS = Path(__file__).parents[3] / "workflows"
CHAIN = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"prompt": "a red circle", "size": 64}},
        "blur": {"node": "core.blur", "from": {"image": "draw.image"}},
        "save": {"node": "core.save_image", "with": {"name": "chain"}, "from": {"image": "blur"}},
    },
    "outputs": {"image": "save"},
}


@pytest.fixture
def newcomer(browser: Browser, server: Served) -> Iterator[Editor]:
    """The link opened in a browser that was never here."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    editor = Editor(context.new_page(), server)
    editor.page.goto(server.link)
    yield editor
    context.close()
    assert editor.complaints == []


def result(editor: Editor) -> Locator:
    return editor.page.get_by_role("complementary", name="Result").locator("img.large")


def test_a_saved_workflow_runs_and_its_picture_is_shown(editor: Editor) -> None:
    editor.open("chain", CHAIN)
    editor.run()
    result(editor).wait_for()
    expect(result(editor)).to_have_js_property("naturalWidth", 64)


def test_the_first_page_is_a_workflow_that_makes_a_picture_at_one_press(newcomer: Editor) -> None:
    page = newcomer.page
    expect(page.locator(".toolbar h1")).to_contain_text("GLIDE")
    expect(newcomer.field("inputs", "prompt")).to_be_focused()
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".toolbar .status.ok").wait_for(timeout=90_000)
    expect(result(newcomer)).to_have_js_property("naturalWidth", 64)
    first = result(newcomer).get_attribute("src")
    newcomer.field("inputs", "prompt").fill("a small green star")
    expect(newcomer.node("base").locator(".badge.stale")).to_be_visible()
    expect(newcomer.node("model").locator(".badge.stale")).to_have_count(0)
    newcomer.run()
    expect(newcomer.node("model").locator(".badge")).to_contain_text("cached")
    expect(result(newcomer)).not_to_have_attribute("src", first or "")


def test_every_workflow_that_ships_is_a_template_with_its_picture(editor: Editor) -> None:
    editor.press("Control+o")
    cards = editor.dialog("Open a workflow").get_by_role("region", name="Templates").locator(".card")
    shipped = {path: yaml.safe_load(path.read_text()) for path in WORKFLOWS.rglob("*.yaml")}
    expect(cards).to_have_count(len(shipped))
    assert set(cards.locator("strong").all_text_contents()) == {one["title"] for one in shipped.values()}
    for picture in cards.locator("img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).not_to_have_js_property("naturalWidth", 0)
    expect(cards.locator("img")).to_have_count(len(list(WORKFLOWS.glob("thumbnails/*.webp"))))


def test_a_template_whose_model_is_missing_stands_apart_and_says_what_it_needs(editor: Editor) -> None:
    missing = [one for one in editor.server.ask("GET", "/templates")["templates"] if lacks(one)]
    assert missing, "every model of every template is installed"
    editor.press("Control+o")
    apart = editor.dialog("Open a workflow").get_by_role("region", name="not here yet").locator(".card")
    expect(apart).to_have_count(len(missing))
    expect(apart.first).to_contain_text(f"needs {lacks(missing[0])[0]}")


def lacks(template: dict[str, Any]) -> list[str]:
    return [model["name"] for model in template["models"] if not model["installed"]]


def test_a_template_is_searched_opened_and_saved_as_ones_own(editor: Editor) -> None:
    editor.press("Control+o")
    dialog = editor.dialog("Open a workflow")
    dialog.get_by_role("searchbox").fill("inpaint")
    title = yaml.safe_load((WORKFLOWS / "glide_inpaint.yaml").read_text())["title"]
    card = dialog.get_by_role("region", name="Templates").locator(".card", has_text=title).first
    card.click()
    expect(editor.page.locator(".toolbar h1")).to_contain_text(title)
    editor.press("Control+s")
    save = editor.dialog("Save the workflow")
    save.get_by_label("Name").fill("my inpainting")
    editor.press("Enter")
    editor.page.locator(".note", has_text="Saved my inpainting").wait_for()
    saved = editor.server.ask("GET", "/workflows/my%20inpainting")
    assert (saved["title"], saved["problems"]) == (title, [])


def test_saved_workflows_are_renamed_duplicated_and_deleted_where_they_are_opened(editor: Editor) -> None:
    editor.open("first-name", CHAIN)
    editor.press("Control+o")
    dialog = editor.dialog("Open a workflow")
    dialog.get_by_role("button", name="Rename first-name", exact=True).click()
    dialog.get_by_label("New name of first-name").fill("second-name")
    editor.press("Enter")
    dialog.get_by_role("button", name="Duplicate second-name", exact=True).click()
    dialog.get_by_label("New name of second-name").fill("third-name")
    editor.press("Enter")
    dialog.get_by_role("button", name="Delete third-name", exact=True).click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("button", name="Rename third-name", exact=True)).to_have_count(0)
    names = {one["name"] for one in editor.server.ask("GET", "/workflows")["workflows"]}
    assert "second-name" in names
    assert not {"first-name", "third-name"} & names
    editor.press("Escape")
    assert editor.page.url.endswith("#/second-name")
    editor.press("Control+s")
    editor.page.locator(".note", has_text="Saved second-name").wait_for()


def test_an_empty_canvas_says_how_to_begin_and_the_help_sheet_has_the_keys(editor: Editor) -> None:
    expect(editor.page.locator(".empty")).to_contain_text("Press Space or double-click to add a node")
    editor.press("?")
    sheet = editor.dialog("Keys and gestures")
    expect(sheet).to_contain_text("Add a node")
    expect(sheet).to_contain_text("Drag from a port")
    editor.press("Escape")
    expect(sheet).to_have_count(0)
