"""What is in the way of a run, what a run would do and why, and what the server is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from .editor import Editor
from .glide import glide
from .servers import Served, serving

LONG = "a red circle " * 60
BROKEN = {
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"size": 32}},
        "blur": {"node": "core.blur", "with": {"sigma": "much"}, "from": {"image": "draw.image"}},
        "lost": {"node": "elsewhere.<b>node</b>", "with": {"value": 3}},
        "save": {"node": "core.save_image", "from": {"image": "blur"}},
    },
    "outputs": {"image": "save"},
}


def panel(editor: Editor, name: str) -> Locator:
    editor.run_command(f"Show or hide the {name.lower()}")
    return editor.page.get_by_role("complementary", name=name)


def test_problems_are_counted_and_each_leads_to_its_place(editor: Editor) -> None:
    editor.open("broken", BROKEN)
    expect(editor.page.locator(".toolbar .plan.wrong")).to_have_text("2 problems")
    expect(editor.page.locator(".rail .count.problems")).to_have_text("2")
    editor.press("!")
    problems = editor.page.get_by_role("complementary", name="Problems").get_by_role("list", name="Problems")
    expect(problems.locator("li")).to_have_count(2)
    problems.get_by_role("button", name="sigma").click()
    expect(editor.field("blur", "sigma")).to_be_focused()
    editor.field("blur", "sigma").fill("2")
    editor.press("Enter", "Escape")
    expect(editor.page.locator(".rail .count.problems")).to_have_text("1")
    problems.get_by_role("button", name="elsewhere").click()
    expect(editor.page.locator('.react-flow__node.selected[data-id="lost"]')).to_be_visible()
    expect(problems).to_contain_text("elsewhere.<b>node</b>")
    editor.page.get_by_role("button", name="Node types are missing").click()
    expect(editor.dialog("What to install")).to_contain_text("elsewhere")


def test_what_a_run_would_do_is_listed_with_its_reasons_and_warnings_are_kept(editor: Editor) -> None:
    document = glide(prompt=LONG, steps=2)
    document["nodes"] = {name: document["nodes"][name] for name in ("model", "text")}
    document["outputs"] = {}
    editor.open("planned", document)
    side = panel(editor, "Problems")
    planned = side.get_by_role("list", name="What a run would do")
    expect(planned.get_by_role("button", name="text will run")).to_be_visible()
    editor.run()
    expect(side.get_by_role("heading", name="The last run warned")).to_be_visible()
    expect(side.locator(".warnings")).to_contain_text("the encoder reads")
    expect(planned.get_by_role("button", name="text cached")).to_be_visible()


def test_the_system_panel_tells_memory_models_and_plugins_and_frees_memory(editor: Editor) -> None:
    editor.open("memory", glide(steps=2))
    editor.run()
    side = panel(editor, "System")
    memory = side.get_by_label("Memory")
    expect(memory).to_contain_text("Worker process")
    expect(memory).to_contain_text("shapes/glide")
    expect(side.get_by_role("list", name="Models").locator("li").filter(has_text="shapes/glide").first).to_contain_text(
        "warm"
    )
    expect(side.get_by_role("list", name="Plugins").locator("li").filter(has_text="posterize")).to_contain_text("works")
    side.get_by_role("button", name="Free the memory").click()
    expect(memory).to_contain_text("Warm modelsnone")


def test_a_model_that_is_copied_into_the_folder_is_offered_at_once(editor: Editor) -> None:
    document = glide(steps=2)
    document["inputs"]["which"] = {"type": "text", "default": "shapes/glide"}
    document["nodes"]["model"] = {"node": "core.load_model", "from": {"model": "inputs.which"}}
    editor.open("offered", document)
    models = panel(editor, "System").get_by_role("list", name="Models").locator("li")
    offered = editor.page.locator("datalist option[value='arrived.safetensors']")
    folder = editor.server.folder / "data" / "models"
    folder.mkdir(exist_ok=True)
    (folder / "arrived.safetensors").write_bytes(b"cut")
    expect(models.filter(has_text="arrived.safetensors")).to_contain_text("cut short")
    expect(offered).to_have_count(1)
    (folder / "arrived.safetensors").unlink()
    expect(models.filter(has_text="arrived.safetensors")).to_have_count(0)
    expect(offered).to_have_count(0)


@pytest.fixture
def broken_server(
    tmp_path: Path, install: Callable[[str, str], dict[str, str]], monkeypatch: pytest.MonkeyPatch, bundle: None
) -> Iterator[Served]:
    """A server on a machine where a plugin raises when it is loaded."""
    environment = install("sorry", "raise RuntimeError('<i>no</i> luck today')\n")
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    with serving(tmp_path) as served:
        yield served


def test_a_broken_plugin_is_shown_with_what_it_raised(context: BrowserContext, broken_server: Served) -> None:
    editor = Editor(context.new_page(), broken_server)
    editor.sign_in()
    plugin = panel(editor, "System").get_by_role("list", name="Plugins").locator("li").filter(has_text="sorry")
    expect(plugin).to_contain_text("broken: its nodes are missing")
    expect(plugin).to_contain_text("<i>no</i> luck today")
    plugin.get_by_text("Traceback", exact=True).click()
    expect(plugin.locator("pre")).to_contain_text("RuntimeError")
    assert editor.complaints == []
