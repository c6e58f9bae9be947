"""All runs of the past: looked into, brought back, run again, compared."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

from .editor import Editor
from .servers import Served


def picture(title: str, prompt: str, size: int = 32) -> dict[str, Any]:
    return {
        "title": title,
        "inputs": {"prompt": {"type": "text", "default": prompt}},
        "nodes": {
            "draw": {"node": "shapes.render", "with": {"size": size}, "from": {"prompt": "inputs.prompt"}},
            "save": {"node": "core.save_image", "with": {"name": "past"}, "from": {"image": "draw.image"}},
        },
        "outputs": {"image": "save"},
    }


def past(editor: Editor) -> Locator:
    if editor.page.get_by_role("complementary", name="History").count() == 0:
        editor.press("Escape", "H")
    return editor.page.get_by_role("list", name="Runs that have ended").locator("> li")


def submit(server: Served, document: dict[str, Any], **more: Any) -> int:
    run = server.ask("POST", "/runs", {"document": {"format": 1, **document}, "wait": 60, **more})
    return int(run["seq"])


def test_a_run_is_looked_into_and_its_graph_and_values_come_back(editor: Editor, server: Served) -> None:
    editor.open("restored", picture("Restored", "a red circle"))
    editor.run()
    server.ask("POST", "/workflows/restored/run", {"inputs": {"prompt": "a blue square"}, "wait": 60})
    editor.field("inputs", "prompt").fill("a green triangle")
    first = past(editor).first
    first.get_by_text("Details").click()
    expect(first.get_by_label("Inputs")).to_contain_text("a blue square")
    expect(first.get_by_label("Nodes")).to_contain_text("draw")
    expect(first.locator(".thumbs img")).to_be_visible()
    first.get_by_title("Bring back its workflow and values").click()
    expect(editor.field("inputs", "prompt")).to_have_value("a blue square")
    editor.press("Control+z")
    expect(editor.field("inputs", "prompt")).to_have_value("a green triangle")
    past(editor).nth(1).get_by_title("Bring back its workflow and values").click()
    expect(editor.field("inputs", "prompt")).to_have_value("a red circle")


def test_a_run_of_another_workflow_comes_back_as_a_new_one(editor: Editor, server: Served) -> None:
    seq = submit(server, picture("Elsewhere", "a yellow circle"))
    editor.open("here", picture("Here", "a red circle"))
    past(editor)
    editor.page.get_by_label(f"Restore run {seq}").click()
    expect(editor.field("inputs", "prompt")).to_have_value("a yellow circle")
    assert editor.page.evaluate("() => location.hash") == "#/"
    assert server.ask("GET", "/workflows/here")["document"]["title"] == "Here"


def test_two_runs_and_a_run_and_the_canvas_are_compared_value_by_value(editor: Editor, server: Served) -> None:
    one = submit(server, picture("Compared", "a red circle"))
    two = submit(server, picture("Compared", "a red circle", size=64), inputs={"prompt": "a blue <b>square</b>"})
    editor.open("compared", picture("Compared", "a red circle"))
    past(editor)
    editor.page.get_by_label(f"Compare run {one}").check()
    editor.page.get_by_label(f"Compare run {two}").check()
    editor.page.get_by_role("button", name=f"What differs: #{one} and #{two}").click()
    rows = editor.dialog("What differs").locator("tbody tr")
    expect(rows).to_have_text(["inputs.prompta red circlea blue <b>square</b>", "draw.size3264"])
    editor.press("Escape")
    editor.page.get_by_label(f"Compare run {two}").uncheck()
    editor.page.get_by_role("button", name=f"What differs: #{one} and the canvas").click()
    editor.dialog("What differs").get_by_text("Nothing differs").wait_for()


def test_the_history_is_filtered_and_paged(editor: Editor, server: Served) -> None:
    server.save("often", {"format": 1, **picture("Often", "a red circle")})
    for _ in range(33):
        server.ask("POST", "/workflows/often/run", {})
    server.ask("POST", "/workflows/often/run", {"wait": 60})
    failed = submit(server, picture("Broken", "an elephant"))
    editor.open("often")
    rows = past(editor)
    editor.page.get_by_label("Which runs").select_option("Failed")
    expect(rows.first).to_contain_text("the prompt names 0")
    expect(rows.first).to_contain_text(f"#{failed}")
    editor.page.get_by_label("Which runs").select_option("All")
    editor.page.get_by_label("This workflow only").check()
    expect(rows).to_have_count(30)
    editor.page.get_by_role("button", name="Older ones").click()
    expect(rows).to_have_count(34)
    expect(editor.page.get_by_role("button", name="Older ones")).to_have_count(0)


def test_a_run_of_the_past_runs_again(editor: Editor, server: Served) -> None:
    seq = submit(server, picture("Again", "a red circle"))
    editor.open("again", picture("Again", "a red circle"))
    rows = past(editor)
    editor.page.get_by_label(f"Run again: run {seq}").click()
    expect(rows.first).to_contain_text("done")
    expect(rows.first).to_contain_text(f"#{seq + 1}")
    assert server.ask("GET", "/runs?limit=1")["runs"][0]["parent"] is not None
