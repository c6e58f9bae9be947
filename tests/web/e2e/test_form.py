"""The form: a workflow without nodes, with its result; what it is built of; the same call over HTTP and in a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from .editor import Editor
from .servers import TOKEN

ASKS = {
    "title": "A dot",
    "description": "Draws a shape.",
    "inputs": {
        "prompt": {"type": "text", "default": "a red circle", "description": "what to draw"},
        "count": {"type": "int", "default": 3, "min": 1, "max": 9},
        "loud": {"type": "bool", "default": True},
        "words": {"type": "list[text]", "default": ["one"]},
    },
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"size": 64}, "from": {"prompt": "inputs.prompt"}},
        "save": {"node": "core.save_image", "with": {"name": "form"}, "from": {"image": "draw"}},
        "numbers": {"node": "core.integer_range", "from": {"count": "inputs.count"}},
        "said": {"node": "core.list_of", "from": {"items": "inputs.words"}},
    },
    "outputs": {"image": "save", "numbers": "numbers", "said": "said"},
}


def opened(editor: Editor, name: str, document: dict[str, Any] = ASKS) -> Locator:
    """A workflow as a form, by its link."""
    editor.server.save(name, {"format": 1, **document})
    editor.page.goto("about:blank")
    editor.page.goto(f"{editor.server.origin}/#/{name}?view=form")
    form = editor.page.get_by_role("region", name="Form")
    form.wait_for()
    editor.settle()
    return form


def test_a_form_runs_the_workflow_and_shows_each_output_under_its_name(editor: Editor) -> None:
    form = opened(editor, "asks")
    expect(form).to_contain_text("Draws a shape.")
    expect(form).to_contain_text("what to draw")
    form.get_by_label("Prompt").fill("a blue star")
    form.get_by_role("spinbutton", name="Count").fill("5")
    editor.press("Enter")
    form.get_by_role("button", name="Run", exact=True).click()
    result = editor.page.get_by_role("region", name="Result")
    picture = result.get_by_role("region", name="image").locator("img")
    expect(picture).to_have_js_property("naturalWidth", 64, timeout=60_000)
    numbers = result.get_by_role("region", name="numbers").locator("pre")
    assert json.loads(numbers.inner_text()) == [0, 1, 2, 3, 4]
    assert editor.document()["inputs"]["prompt"]["default"] == "a blue star"


def test_graph_form_and_list_show_the_same_workflow_and_the_address_says_which(editor: Editor) -> None:
    form = opened(editor, "ways")
    form.get_by_label("Prompt").fill("from the form")
    editor.press("Alt+1")
    expect(editor.field("inputs", "prompt")).to_have_value("from the form")
    assert editor.page.url.endswith("#/ways")
    editor.field("inputs", "prompt").fill("from the graph")
    editor.press("Alt+2")
    assert editor.page.url.endswith("#/ways?view=form")
    expect(form.get_by_label("Prompt")).to_have_value("from the graph")
    editor.page.get_by_role("button", name="Show the list of nodes").click()
    expect(editor.page.get_by_role("rowheader")).to_have_count(5)


def test_what_is_ticked_on_nodes_is_in_the_form_and_is_put_in_order_and_described(editor: Editor) -> None:
    nodes = {name: {"node": "shapes.render", "with": {"prompt": name, "size": 64}} for name in ("first", "second")}
    editor.open("ticked", {"nodes": nodes})
    for name in ("first", "second"):
        editor.node(name).get_by_role("button", name="Make prompt of").click()
    editor.node("first").get_by_role("button", name="Output of the workflow: image").click()
    editor.press("Alt+2")
    form = editor.page.get_by_role("region", name="Form")
    expect(form.locator("label")).to_have_text(["Prompt", "Prompt 2"])
    form.get_by_role("button", name="Inputs and outputs").click()
    face = editor.dialog("Inputs and outputs")
    face.get_by_role("button", name="Move prompt_2 up").click()
    face.get_by_label("Description of prompt_2").fill("comes first now")
    editor.press("Enter", "Escape")
    expect(form.locator("label")).to_have_text(["Prompt 2", "Prompt"])
    expect(form).to_contain_text("comes first now")
    document = editor.document()
    assert list(document["inputs"]) == ["prompt_2", "prompt"]
    assert list(document["outputs"].values()) == ["first.image"]


def test_the_lines_for_curl_and_the_shell_do_what_the_form_does(editor: Editor, tmp_path: Path) -> None:
    form = opened(editor, "lines")
    form.get_by_label("Prompt").fill("a green cross")
    form.get_by_role("spinbutton", name="Count").fill("2")
    editor.press("Enter")
    form.get_by_label("Loud").click()
    form.get_by_label("Words").fill("it's a 'quoted' $HOME\nthree")
    form.get_by_label("Prompt").focus()
    form.get_by_text("The same from a program or a shell").click()
    form.get_by_role("button", name="Copy the HTTP line").click()
    line = editor.page.evaluate("() => navigator.clipboard.readText()")
    answer = json.loads(shell(line, tmp_path))
    sent = {"prompt": "a green cross", "count": 2, "loud": False, "words": ["it's a 'quoted' $HOME", "three"]}
    assert (answer["state"], answer["inputs"], answer["outputs"]["numbers"]) == ("ok", sent, [0, 1])
    assert answer["outputs"]["said"] == sent["words"]
    form.get_by_role("button", name="Copy the shell line").click()
    line = editor.page.evaluate("() => navigator.clipboard.readText()")
    (tmp_path / "lines.yaml").write_text(editor.server.ask("GET", "/workflows/lines")["text"])
    told = json.loads(shell(f"{line} --json --out {tmp_path}/out --cache-dir {tmp_path}/cache", tmp_path))
    assert (told["status"], told["outputs"]["numbers"], told["outputs"]["said"]) == ("ok", [0, 1], sent["words"])


def shell(line: str, folder: Path) -> str:
    """What a shell prints for a line, in a folder, with the token in its environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**os.environ, "TOKEN": TOKEN, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout
