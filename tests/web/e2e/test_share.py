"""A workflow given to others: by a link, as YAML or JSON, as a picture with the workflow inside; taken from them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import PIL.Image
import yaml
from playwright.sync_api import expect

from graph_engine.png import workflow_text

from .editor import Editor

DOT = {
    "title": "A dot & more",
    "inputs": {"prompt": {"type": "text", "default": 'yes: it\'s "quoted"\nand long'}},
    "nodes": {
        "draw": {"node": "shapes.render", "with": {"size": 64}, "from": {"prompt": "inputs.prompt"}},
        "pair": {"node": "some.where", "with": {"deep": {"list": [1e-3, None, "no", True]}}},
        "save": {"node": "core.save_image", "from": {"image": "draw"}},
    },
    "outputs": {"image": "save"},
}


def exported(editor: Editor, button: str, folder: Path) -> Path:
    """What the share dialog gives as a file."""
    if editor.dialog("Share and export").count() == 0:
        editor.press("Control+e")
    with editor.page.expect_download() as download:
        editor.dialog("Share and export").get_by_role("button", name=button, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def without_ui(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "ui"}


def drop(editor: Editor, path: Path, onto: str = ".canvas") -> None:
    """Drop a file of the disk on the page."""
    transfer = editor.page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name));
            return transfer;
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    editor.page.dispatch_event(onto, "drop", {"dataTransfer": transfer})


def test_yaml_json_and_picture_all_carry_the_whole_workflow_as_it_is_on_the_canvas(
    editor: Editor, tmp_path: Path
) -> None:
    editor.open("shared-dot", DOT)
    editor.field("draw", "size").fill("128")
    editor.press("Enter", "Escape")
    wanted = {"format": 1, **DOT}
    wanted["nodes"]["draw"] = {**wanted["nodes"]["draw"], "with": {"size": 128}}
    assert without_ui(yaml.safe_load(exported(editor, "YAML", tmp_path).read_text())) == wanted
    assert without_ui(json.loads(exported(editor, "JSON", tmp_path).read_text())) == wanted
    picture = exported(editor, "Picture (PNG)", tmp_path)
    assert without_ui(json.loads(workflow_text(picture))) == wanted
    with PIL.Image.open(picture) as image:
        image.load()
        assert image.width > 1000
        assert len(image.convert("RGB").getcolors(1 << 24)) > 50


def test_each_exported_file_is_a_workflow_again_when_it_is_dropped(editor: Editor, tmp_path: Path) -> None:
    editor.open("dropped", {**DOT, "title": "Dropped"})
    files = [exported(editor, button, tmp_path) for button in ("YAML", "JSON", "Picture (PNG)")]
    editor.press("Escape")
    for path, onto in zip(files, (".canvas", ".form-view", ".outline"), strict=True):
        editor.new()
        editor.press({".canvas": "Alt+1", ".form-view": "Alt+2", ".outline": "Alt+3"}[onto])
        drop(editor, path, onto)
        expect(editor.page.locator(".toolbar h1")).to_contain_text("Dropped")
        assert without_ui(editor.document()) == {"format": 1, **DOT, "title": "Dropped"}
        editor.press("Escape")
    assert "dropped" in {one["name"] for one in editor.server.ask("GET", "/workflows")["workflows"]}


def test_yaml_that_is_pasted_becomes_nodes(editor: Editor) -> None:
    text = "format: 1\nnodes:\n  dot: {node: shapes.render, with: {prompt: a red circle}}\n"
    editor.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    editor.press("Control+v")
    expect(editor.field("dot", "prompt")).to_have_value("a red circle")


def test_a_link_that_was_copied_opens_the_saved_workflow(editor: Editor) -> None:
    editor.open("linked-here", DOT)
    editor.press("Control+e")
    editor.dialog("Share and export").get_by_role("button", name="Copy the link").click()
    link = editor.page.evaluate("() => navigator.clipboard.readText()")
    assert link == f"{editor.server.origin}/#/linked-here"
    other = editor.page.context.new_page()
    other.goto(link)
    expect(other.locator(".toolbar h1")).to_contain_text("A dot & more")
    other.goto(f"{link}?view=form")
    expect(other.get_by_role("region", name="Form")).to_contain_text("A dot & more")


def test_a_file_that_is_no_workflow_is_refused_with_the_reason(editor: Editor, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("format: 1\nnodes: 3\n")
    drop(editor, path)
    expect(editor.page.locator(".note.error")).to_contain_text("nodes")
    assert editor.names() == []
    editor.complaints[:] = [one for one in editor.complaints if "/convert" not in one]
