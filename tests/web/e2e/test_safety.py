"""Nothing is lost: by two tabs, by a reload, by a server that goes away, by types that are not installed, by text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .editor import Editor
from .servers import Served, start

DOT = {
    "inputs": {"prompt": {"type": "text", "default": "a red circle"}},
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"size": 64}, "from": {"prompt": "inputs.prompt"}},
        "save": {"node": "core.save_image", "with": {"name": "dot"}, "from": {"image": "draw"}},
    },
    "outputs": {"image": "save"},
}


def second(editor: Editor, name: str) -> Editor:
    """Another tab of the same browser, on the same workflow."""
    other = Editor(editor.page.context.new_page(), editor.server)
    other.page.goto(f"{editor.server.origin}/#/{name}")
    other.page.locator(".react-flow__node").first.wait_for()
    other.settle()
    return other


def prompt(editor: Editor) -> Any:
    return editor.field("inputs", "prompt")


def banner(editor: Editor, text: str) -> Any:
    return editor.page.locator(".banner", has_text=text)


# Tabs ---------------------------------------------------------------------------------------------------------------


def test_two_tabs_keep_their_own_drafts_of_one_workflow_and_know_of_each_other(editor: Editor) -> None:
    editor.open("two-tabs", DOT)
    prompt(editor).fill("a blue star")
    editor.settle()
    other = second(editor, "two-tabs")
    expect(prompt(other)).to_have_value("a red circle")
    banner(other, "also open in another tab, with changes that are not saved").wait_for()
    banner(editor, "two-tabs is also open in another tab").wait_for()
    prompt(other).fill("a green cross")
    other.settle()
    for tab, text in ((editor, "a blue star"), (other, "a green cross")):
        tab.page.reload()
        expect(prompt(tab)).to_have_value(text)
    other.page.close()
    expect(banner(editor, "also open")).to_have_count(0)
    assert other.complaints == []


def test_a_save_in_one_tab_is_followed_by_another_and_undo_goes_back(editor: Editor) -> None:
    editor.open("followed", DOT)
    other = second(editor, "followed")
    prompt(other).fill("a green cross")
    other.press("Control+s")
    expect(prompt(editor)).to_have_value("a green cross")
    expect(editor.page.locator(".dirty")).to_have_count(0)
    editor.page.locator(".react-flow__pane").click(position={"x": 5, "y": 300})
    editor.press("Control+z")
    expect(prompt(editor)).to_have_value("a red circle")


@pytest.mark.parametrize(
    ("button", "here", "saved"), [("Show theirs", "theirs", "theirs"), ("Save mine", "mine", "mine")]
)
def test_a_change_of_somebody_else_is_told_before_it_is_overwritten(
    editor: Editor, button: str, here: str, saved: str
) -> None:
    editor.open("shared", DOT)
    prompt(editor).fill("mine")
    editor.settle()
    theirs = {**DOT, "inputs": {"prompt": {"type": "text", "default": "theirs"}}}
    editor.server.save("shared", {"format": 1, **theirs})
    told = banner(editor, "shared was saved elsewhere, and you have changes of your own")
    told.wait_for()
    editor.press("Escape")
    editor.press("Control+s")
    editor.settle()
    assert default(editor.server, "shared") == "theirs"
    told.get_by_role("button", name=button).first.click()
    expect(told).to_have_count(0)
    expect(prompt(editor)).to_have_value(here)
    assert default(editor.server, "shared") == saved
    expect(editor.page.locator(".dirty")).to_have_count(0)
    editor.complaints[:] = [one for one in editor.complaints if "412" not in one]


def default(server: Served, name: str) -> Any:
    return server.ask("GET", f"/workflows/{name}")["document"]["inputs"]["prompt"]["default"]


def test_the_draft_of_a_tab_that_was_closed_waits_for_the_next_one(editor: Editor) -> None:
    other = second_on(editor, "closed")
    prompt(other).fill("half done")
    other.settle()
    other.page.close()
    editor.open("closed")
    expect(prompt(editor)).to_have_value("half done")
    expect(editor.page.locator(".note", has_text="Unsaved changes of closed were restored")).to_be_visible()


def second_on(editor: Editor, name: str) -> Editor:
    editor.server.save(name, {"format": 1, **DOT})
    return second(editor, name)


def test_a_document_without_a_name_survives_a_reload(editor: Editor) -> None:
    name = editor.add("shapes.render")
    editor.field(name, "prompt").fill("not saved anywhere")
    editor.settle()
    editor.page.reload()
    expect(editor.field(name, "prompt")).to_have_value("not saved anywhere")


def test_a_file_that_was_deleted_elsewhere_can_be_saved_again(editor: Editor) -> None:
    editor.open("gone", DOT)
    editor.server.ask("DELETE", "/workflows/gone")
    banner(editor, "was deleted or renamed elsewhere").wait_for()
    editor.press("Control+s")
    editor.page.locator(".note", has_text="Saved gone").wait_for()
    assert default(editor.server, "gone") == "a red circle"
    editor.complaints[:] = [one for one in editor.complaints if "404" not in one]


# A server that goes away --------------------------------------------------------------------------------------------


@pytest.fixture
def own(bundle: None, context: BrowserContext, tmp_path: Path) -> Any:
    """A server for one test, which may end it, with the editor on it."""
    served = start(tmp_path)
    editor = Editor(context.new_page(), served)
    editor.sign_in()
    yield editor
    editor.server.process.kill()
    editor.server.process.wait(10)


def again(editor: Editor) -> None:
    """Start the server anew on its folders and its port."""
    port = int(editor.server.origin.rsplit(":", 1)[1])
    editor.server = start(editor.server.folder, port)


GLIDE = Path(__file__).parents[3] / "workflows" / "glide.yaml"


def test_a_run_survives_the_death_of_the_server_and_its_picture_arrives(own: Editor) -> None:
    own.server.ask("PUT", "/workflows/glide", {"text": GLIDE.read_text()})
    own.open("glide")
    own.field("inputs", "steps").fill("300")
    own.press("Enter", "Escape")
    own.press("Control+Enter")
    badge = own.node("base").locator(".badge.running")
    expect(badge).to_contain_text("/300", timeout=60_000)
    own.server.process.kill()
    own.server.process.wait(10)
    banner(own, "The server does not answer").wait_for()
    own.field("inputs", "guidance_scale").fill("4")
    own.press("Enter", "Escape")
    own.settle()
    again(own)
    expect(banner(own, "The server does not answer")).to_have_count(0, timeout=20_000)
    expect(badge).to_contain_text("/300", timeout=60_000)
    own.page.locator(".toolbar .status.ok").wait_for(timeout=90_000)
    picture = own.page.get_by_role("complementary", name="Result").locator("img.large")
    expect(picture).to_have_js_property("naturalWidth", 64, timeout=15_000)
    expect(own.field("inputs", "guidance_scale")).to_have_value("4")


def test_a_server_with_another_token_asks_for_it_and_nothing_is_lost(own: Editor) -> None:
    own.open("kept", DOT)
    prompt(own).fill("kept through it all")
    own.settle()
    own.page.context.clear_cookies()
    own.page.reload()
    field = own.page.get_by_label("Token")
    field.fill("wrong")
    own.page.get_by_role("button", name="Sign in").click()
    expect(own.page.locator("main")).to_contain_text("not this server's")
    own.page.get_by_label("Token").fill("a-token-for-the-browser")
    own.page.get_by_role("button", name="Sign in").click()
    own.page.locator(".canvas").wait_for()
    expect(prompt(own)).to_have_value("kept through it all")


# What is not installed ----------------------------------------------------------------------------------------------


def test_three_hundred_unknown_nodes_open_keep_their_values_and_say_what_to_install(editor: Editor) -> None:
    nodes = {
        f"n{index}": {"node": f"film.{'grain' if index % 3 else 'leak'}", "with": {"amount": index, "deep": {"a": [1]}}}
        for index in range(300)
    }
    nodes["last"] = {"node": "core.blurr", "from": {"image": "n7.picture"}}
    document = {"format": 1, "nodes": nodes, "outputs": {"image": "last"}}
    editor.server.save("unknown", document)
    editor.page.goto(f"{editor.server.origin}/#/unknown")
    banner(editor, "film (300 nodes), core (1 node)").get_by_role("button", name="What to install").click()
    dialog = editor.dialog("What to install")
    expect(dialog).to_contain_text("Install the package that brings the plugin film")
    expect(dialog).to_contain_text("film.leak, film.grain")
    expect(dialog).to_contain_text("The plugin core is installed, but its version has no such nodes: core.blurr")
    editor.press("Escape")
    editor.press("Control+s")
    editor.page.locator(".note", has_text="Saved unknown; it cannot run yet").wait_for()
    saved = editor.server.ask("GET", "/workflows/unknown")["document"]
    assert (saved["nodes"], saved["outputs"]) == (nodes, document["outputs"])


# Text ---------------------------------------------------------------------------------------------------------------

EVIL = "<img src=/static/none onerror=\"document.title='hurt'\"><script>document.title='hurt'</script>"


def test_text_that_looks_like_markup_stays_text(editor: Editor) -> None:
    nodes = {
        "draw": {"node": "shapes.render", "title": EVIL, "with": {"prompt": EVIL, "size": 64}},
        "load": {"node": "core.load_image", "with": {"file": EVIL}},
        "strange": {"node": EVIL},
    }
    inputs = {"words": {"type": "text", "default": EVIL, "description": EVIL}}
    outputs = {"image": "draw", "other": "load.image"}
    editor.open("evil", {"title": EVIL, "description": EVIL, "inputs": inputs, "nodes": nodes, "outputs": outputs})
    expect(editor.page.locator(".toolbar h1")).to_contain_text("<img src=/static/none")
    expect(editor.title("draw")).to_contain_text("<img src=/static/none")
    editor.select("strange")
    editor.press("Delete")
    editor.press("Control+Enter")
    expect(editor.page.locator(".error", has_text="<img src=").first).to_be_visible(timeout=60_000)
    editor.press("Control+o")
    expect(editor.dialog("Open a workflow")).to_contain_text("<img src=/static/none")
    assert hurt(editor.page) == []


def hurt(page: Page) -> list[str]:
    """What of a text became an element."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('[onerror], img[src*=none], body script')].map((one) => one.outerHTML)"
    )
    return found + ([page.title()] if page.title() == "hurt" else [])


# Earlier versions ---------------------------------------------------------------------------------------------------


def test_an_earlier_version_is_looked_at_and_restored_and_undo_goes_back(editor: Editor) -> None:
    editor.open("versions", DOT)
    prompt(editor).fill("a green cross")
    editor.press("Control+s")
    editor.page.locator(".note", has_text="Saved versions").wait_for()
    editor.run_command("Earlier versions")
    dialog = editor.dialog("Earlier versions")
    dialog.locator(".choice").first.click()
    dialog.locator(".lines .gone", has_text="a red circle").wait_for()
    dialog.locator(".lines .new", has_text="a green cross").wait_for()
    dialog.get_by_role("button", name="Restore this version").click()
    expect(prompt(editor)).to_have_value("a red circle")
    assert default(editor.server, "versions") == "a red circle"
    editor.page.locator(".react-flow__pane").click(position={"x": 5, "y": 300})
    editor.press("Control+z")
    expect(prompt(editor)).to_have_value("a green cross")


def test_an_unsaved_workflow_that_another_took_the_place_of_is_kept(editor: Editor) -> None:
    name = editor.add("shapes.render")
    editor.field(name, "prompt").fill("put aside")
    editor.settle()
    editor.press("Escape")
    editor.new()
    editor.run_command("Earlier versions")
    editor.dialog("Earlier versions").get_by_role("button", name="Untitled").click()
    expect(editor.field(name, "prompt")).to_have_value("put aside")
