"""GLIDE is built from an empty canvas by palette and wires alone; the shell makes the same pixels of what was saved."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from PIL import Image

from .editor import Editor
from .servers import TOKEN

WIRES = [
    ("load_model", "text_encoder", "encode_text", "encoder"),
    ("load_model", "denoiser", "denoise", "denoiser"),
    ("load_model", "upsampler", "low_resolution", "denoiser"),
    ("encode_text", "text_embedding", "denoise", "text"),
    ("classifier_free_guidance", "guidance", "denoise", "guidance"),
    ("denoise", "latents", "low_resolution", "image"),
    ("low_resolution", "denoiser", "denoise_2", "denoiser"),
    ("encode_text", "text_embedding", "denoise_2", "text"),
    ("denoise_2", "latents", "decode", "latents"),
    ("decode", "image", "save_image", "image"),
]
NODES = [
    *("load model", "encode text", "classifier free guidance", "core.denoise"),
    *("low resolution", "core.denoise", "core.decode", "save image"),
]


PROMPT = "a large purple star on a yellow background"


def type_into(editor: Editor, node: str, name: str, text: str) -> None:
    """Look at a node and type into one of its fields."""
    editor.press("Home")
    editor.select(node)
    editor.press("f")
    editor.field(node, name).click()
    editor.press("ControlOrMeta+a")
    editor.page.keyboard.type(text)
    editor.press("Escape")


def picture_of(editor: Editor) -> Image.Image:
    """The newest output of the server."""
    newest = editor.server.ask("GET", "/outputs?limit=1")["outputs"][0]
    request = urllib.request.Request(editor.server.origin + newest["url"], headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return Image.open(io.BytesIO(answer.read())).convert("RGB")


def test_glide_from_an_empty_canvas_gives_the_same_pixels_by_the_shell(editor: Editor, tmp_path: Path) -> None:
    for query in NODES:
        editor.add(query)
    editor.press("Escape", "l")
    editor.settle()
    editor.press("Home")
    editor.settle()
    for wire in WIRES:
        editor.wire(*wire)
    document = editor.document()
    links = [
        (source, output, target, name)
        for target, entry in document["nodes"].items()
        for name, link in entry.get("from", {}).items()
        for source, output in [link.split(".")]
    ]
    assert sorted(links) == sorted(WIRES)

    editor.press("l")
    editor.settle()
    type_into(editor, "load_model", "model", "shapes/glide")
    type_into(editor, "encode_text", "prompt", PROMPT)
    type_into(editor, "denoise", "steps", "8")
    type_into(editor, "denoise_2", "steps", "4")
    editor.press("Control+s")
    dialog = editor.dialog("Save the workflow")
    dialog.get_by_label("Name").fill("built")
    dialog.get_by_role("button", name="Save").click()
    editor.page.get_by_text("Saved built").wait_for()

    editor.page.reload()
    editor.node("save_image").wait_for()
    editor.settle()
    assert editor.document()["nodes"]["encode_text"]["with"]["prompt"] == PROMPT
    editor.run()
    shown = picture_of(editor)

    saved = editor.server.folder / "data/workflows/built.yaml"
    shell = Path(sys.executable).with_name("graph-engine")
    places = ["--out", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu", "--json"]
    done = subprocess.run([str(shell), "run", str(saved), *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    file = json.loads(done.stdout)["outputs"]["image"]
    assert Image.open(file).convert("RGB").tobytes() == shown.tobytes()
