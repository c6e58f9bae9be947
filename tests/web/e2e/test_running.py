"""Running: to a node, to outputs, without the cache; what nodes show of it, and what a failure says."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from .editor import Editor
from .glide import glide
from .servers import Served


def chain(prompt: str = "a red circle", **draw: Any) -> dict[str, Any]:
    """draw -> blur -> save, and a second output that is made by the side."""
    return {
        "title": "Chain",
        "nodes": {
            "draw": {"node": "shapes.render", "with": {"prompt": prompt, "size": 32, **draw}},
            "blur": {"node": "core.blur", "from": {"image": "draw.image"}},
            "save": {"node": "core.save_image", "with": {"name": "chain"}, "from": {"image": "blur"}},
            "other": {"node": "core.save_image", "with": {"name": "other"}, "from": {"image": "draw.image"}},
        },
        "outputs": {"image": "save", "plain": "other"},
        "ui": {name: {"position": [at * 320, 0]} for at, name in enumerate(["draw", "blur", "save", "other"])},
    }


def last_run(server: Served) -> dict[str, Any]:
    newest = server.ask("GET", "/runs?limit=1")["runs"][0]
    return dict(server.ask("GET", f"/runs/{newest['id']}"))


def ran(server: Served, state: str = "ran") -> list[str]:
    return sorted(name for name, node in last_run(server)["nodes"].items() if node["state"] == state)


def badge(editor: Editor, node: str) -> Any:
    return editor.node(node).locator(".badge")


def test_a_run_to_a_node_runs_what_it_needs_and_no_more(editor: Editor, server: Served) -> None:
    editor.open("to-here", chain("a large blue square"))
    editor.select("blur")
    editor.press("Alt+Enter")
    expect(badge(editor, "blur")).to_contain_text("✓")
    expect(badge(editor, "save")).to_contain_text("will run")
    assert ran(server) == ["blur", "draw"]
    assert last_run(server)["options"]["targets"] == ["blur"]


def test_a_run_to_the_node_that_has_the_keyboard(editor: Editor, server: Served) -> None:
    editor.open("to-focus", chain("a large green square"))
    editor.node("draw").focus()
    editor.press("Alt+Enter")
    expect(badge(editor, "draw")).to_contain_text("✓")
    assert ran(server) == ["draw"]


def test_a_run_to_chosen_outputs_without_the_cache(editor: Editor, server: Served) -> None:
    editor.open("chosen", chain())
    editor.run()
    editor.page.get_by_role("button", name="Run with choices").click()
    dialog = editor.dialog("Run with choices")
    dialog.get_by_label("plain").uncheck()
    dialog.get_by_label("Without the cache").check()
    before = last_run(server)["id"]
    dialog.get_by_role("button", name="Run", exact=True).click()
    editor.page.locator(f".toolbar .status.ok:not([data-run='{before}'])").wait_for()
    assert ran(server) == ["blur", "draw", "save"]


def test_without_the_cache_everything_runs_again(editor: Editor, server: Served) -> None:
    editor.open("fresh", chain())
    editor.run()
    editor.run()
    assert ran(server) == []
    editor.run("Run without the cache")
    assert ran(server) == ["blur", "draw", "other", "save"]


def test_the_plan_colours_what_would_run_and_says_why(editor: Editor) -> None:
    editor.open("plan", chain("a small yellow circle"))
    editor.run()
    expect(editor.node("draw").locator(".stage")).not_to_have_class(re.compile("will-run"))
    field = editor.field("blur", "sigma").first
    field.focus()
    field.fill("3")
    editor.press("Enter", "Escape")
    expect(editor.node("blur").locator(".stage")).to_have_class(re.compile("will-run"))
    expect(badge(editor, "draw")).to_contain_text(re.compile("cached|✓"))
    tip = badge(editor, "blur").locator(".tip")
    expect(tip).to_be_hidden()
    badge(editor, "blur").hover()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("sigma")
    expect(editor.page.locator(".toolbar .plan")).to_have_text("2 to run")


def test_a_failed_node_says_what_to_do_and_hands_on_a_report(editor: Editor, server: Served) -> None:
    editor.open("fails", chain("an elephant <img src=x onerror=alert(1)>"))
    editor.press("Control+Enter")
    failure = editor.node("draw").locator(".failure")
    expect(failure).to_contain_text("the prompt names 0")
    expect(failure).to_contain_text("run again")
    expect(badge(editor, "draw")).to_have_text("✕ failed")
    assert editor.page.title().startswith("✕ ")
    trace = failure.locator("pre")
    expect(trace).to_be_hidden()
    failure.get_by_text("Traceback", exact=True).click()
    expect(trace).to_contain_text("ValueError")
    failure.get_by_role("button", name="Copy report").click()
    editor.page.get_by_text("The report is on the clipboard").wait_for()
    report = editor.page.evaluate("() => navigator.clipboard.readText()")
    assert "Node: draw (shapes.render)" in report
    assert f"Run: {last_run(server)['id']}" in report
    assert 'File "' in report
    blamed = editor.page.get_by_role("complementary", name="Result").get_by_role("button", name="draw failed")
    expect(blamed).to_be_visible()


def test_seeds_go_on_after_each_run_as_their_modes_say(editor: Editor, server: Served) -> None:
    document = chain()
    document["inputs"] = {"seed": {"type": "seed", "default": 5}}
    document["nodes"]["draw"]["from"] = {"seed": "inputs.seed"}
    document["nodes"]["noisy"] = {"node": "shapes.render", "with": {"prompt": "a red circle", "seed": 1}}
    editor.open("seeds", document)
    editor.page.get_by_label("Inputs: seed: after each run").select_option("next")
    editor.node("noisy").get_by_label("seed: after each run").select_option("random")
    editor.page.get_by_label("How many runs").fill("3")
    editor.run()
    expect(editor.page.locator(".toolbar .status")).not_to_contain_text("more")
    editor.page.locator(".toolbar .status.ok").wait_for()
    runs = server.ask("GET", "/runs?limit=3")["runs"]
    documents = [server.ask("GET", f"/runs/{run['id']}/document") for run in reversed(runs)]
    assert [one["inputs"]["seed"]["default"] for one in documents] == [5, 6, 7]
    assert len({one["nodes"]["noisy"]["with"]["seed"] for one in documents}) == 3
    assert editor.document()["inputs"]["seed"]["default"] == 8


GLIDE_STEPS = 300


def test_progress_and_what_is_left_are_told_in_the_bar_the_title_and_the_node(editor: Editor) -> None:
    editor.open("progress", glide(steps=GLIDE_STEPS))
    editor.press("Control+Enter")
    expect(badge(editor, "base")).to_contain_text(re.compile(rf"▶ \d+/{GLIDE_STEPS}"), timeout=60_000)
    expect(editor.page).to_have_title(re.compile(r"^\d+ % .* left · "))
    expect(editor.page.locator(".toolbar .eta")).to_contain_text("left")
    expect(editor.node("base").get_by_role("progressbar")).to_be_visible()
    preview = editor.node("base").locator("img.preview")
    expect(preview).to_be_visible()
    large = editor.page.get_by_role("complementary", name="Result").get_by_alt_text("Preview of the work so far")
    expect(large).to_be_visible()
    editor.press("Control+Alt+Enter")
    expect(editor.page.locator(".toolbar .status")).to_have_text("cancelled")


def test_a_sound_and_a_notification_tell_that_a_run_is_done(editor: Editor) -> None:
    page = editor.page
    page.context.grant_permissions(["notifications", "clipboard-read", "clipboard-write"])
    page.add_init_script(
        "window.told = []; window.tones = 0;"
        "window.Notification = class { static permission = 'granted';"
        " static requestPermission() { return Promise.resolve('granted'); }"
        " constructor(title) { window.told.push(title); } };"
        "const make = AudioContext.prototype.createOscillator;"
        "AudioContext.prototype.createOscillator = function () { window.tones++; return make.call(this); };"
    )
    editor.open("done", chain())
    editor.run()
    assert page.evaluate("() => [window.tones, window.told.length]") == [0, 0]
    editor.run_command("Sound when a run is done")
    editor.run_command("Notification when a run is done")
    page.wait_for_function("() => window.tones === 2")
    page.evaluate("() => { document.hasFocus = () => false; }")
    editor.run()
    page.wait_for_function("() => window.tones === 4 && window.told.length === 1")
    assert page.evaluate("() => window.told[0]").startswith("Chain: done in ")


def test_any_output_can_be_looked_at_by_its_eye_or_by_key(editor: Editor, server: Served) -> None:
    editor.open("looks", chain("a large white circle"))
    editor.port("blur", "image", "source").hover()
    editor.page.get_by_role("button", name="Look at image of blur").click()
    picture = editor.node("blur").get_by_alt_text("Result of Blur")
    expect(picture).to_be_visible()
    expect(editor.node("save").get_by_alt_text("Result of Save image")).to_have_count(0)
    assert picture.evaluate("(img) => img.complete && img.naturalWidth > 0")
    editor.select("draw")
    editor.press("1")
    expect(editor.node("draw").get_by_alt_text("Result of Render")).to_be_visible()
    assert "look" not in editor.document()["nodes"]


def test_values_that_a_run_gives_are_shown_on_the_node_and_in_the_result(editor: Editor) -> None:
    numbers = {"node": "core.integer_range", "with": {"start": 3, "count": 3}}
    editor.open("values", {"nodes": {"numbers": numbers}, "outputs": {"seeds": "numbers"}})
    editor.run()
    expect(editor.node("numbers").locator(".values")).to_contain_text("4")
    result = editor.page.get_by_role("complementary", name="Result").locator(".values")
    expect(result).to_contain_text("seeds")
    expect(result).to_contain_text("5")
