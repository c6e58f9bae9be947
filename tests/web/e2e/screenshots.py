"""The pictures of docs/editor.md: `make screenshots` takes each of them of a real browser on a real server."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from graph_web import build
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from .editor import Editor
from .glide import glide
from .servers import Served, serving

FOLDER = Path(__file__).parents[3] / "docs/images/editor"
WORKFLOWS = Path(__file__).parents[3] / "workflows"
Shot = Callable[[Editor], None]
SHOTS: dict[str, Shot] = {}


def shot(take: Shot) -> Shot:
    """A screenshot by the name of the function that makes it."""
    SHOTS[take.__name__.replace("_", "-")] = take
    return take


def shipped(name: str) -> dict[str, Any]:
    """A workflow that ships."""
    return dict(yaml.safe_load((WORKFLOWS / f"{name}.yaml").read_text("utf-8")))


@shot
def first_run(editor: Editor) -> None:
    editor.page.goto(editor.server.link)
    editor.node("save").wait_for()
    editor.page.wait_for_timeout(1500)


@shot
def running(editor: Editor) -> None:
    editor.open("glide", glide(steps=100))
    editor.press("Control+Enter")
    editor.node("base").locator("img.preview").wait_for(timeout=60_000)
    editor.page.wait_for_timeout(2000)


@shot
def palette(editor: Editor) -> None:
    editor.open("glide", glide())
    editor.press("Shift+A")
    editor.page.keyboard.type("guid")
    editor.page.wait_for_timeout(500)


@shot
def mask_painter(editor: Editor) -> None:
    document = shipped("glide_inpaint")
    editor.open("inpaint", document)
    editor.page.get_by_role("button", name="paint a mask").first.click()
    dialog = editor.dialog("Paint a mask")
    box = dialog.locator("canvas").bounding_box()
    assert box is not None
    editor.page.wait_for_timeout(1000)
    left, top, size = box["x"], box["y"], min(box["width"], box["height"])
    mouse = editor.page.mouse
    for row in range(5):
        mouse.move(left + size * 0.3, top + size * (0.3 + row / 12))
        mouse.down()
        mouse.move(left + size * 0.7, top + size * (0.3 + row / 12), steps=10)
        mouse.up()
    editor.page.wait_for_timeout(500)


@shot
def sub_workflow(editor: Editor) -> None:
    editor.open("glide", glide())
    editor.select("low_resolution", "upsample", "decode")
    editor.press("Control+Shift+E")
    editor.page.keyboard.type("enlarge")
    editor.press("Enter")
    editor.page.wait_for_timeout(500)
    editor.press("Alt+ArrowDown")
    editor.page.wait_for_timeout(1500)


@shot
def form(editor: Editor) -> None:
    editor.open("glide", glide())
    editor.run()
    editor.page.goto(f"{editor.server.origin}/#/glide?view=form")
    editor.page.wait_for_timeout(2500)


@shot
def compare(editor: Editor) -> None:
    for seed in (5, 6):
        editor.open("glide", glide(seed=seed))
        editor.run()
    editor.page.goto(f"{editor.server.origin}/#/glide")
    editor.page.get_by_role("button", name="Gallery").click()
    panel = editor.page.get_by_role("complementary", name="Gallery")
    for index in range(2):
        panel.get_by_role("checkbox", name="Mark").nth(index).check()
    panel.get_by_role("button", name="Compare").click()
    editor.page.wait_for_timeout(1000)


@shot
def failure(editor: Editor) -> None:
    document = glide()
    document["nodes"]["low_resolution"]["from"]["denoiser"] = "model.vae"
    document["nodes"]["base"]["with"] = {"schedular": "ddim"}
    editor.open("wrong", document)
    editor.page.wait_for_timeout(1500)


@shot
def light(editor: Editor) -> None:
    editor.open("glide", glide())
    editor.run()
    editor.page.wait_for_timeout(1500)


def take(browser: Browser, server: Served, name: str) -> None:
    """One screenshot, in a new profile of the browser."""
    scheme = "light" if name == "light" else "dark"
    context = browser.new_context(viewport={"width": 1400, "height": 860}, color_scheme=scheme, reduced_motion="reduce")
    editor = Editor(context.new_page(), server)
    editor.sign_in()
    SHOTS[name](editor)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        editor.page.screenshot(path=file.name)
        Image.open(file.name).convert("RGB").save(FOLDER / f"{name}.webp", quality=82, method=6)
    print(FOLDER / f"{name}.webp")
    context.close()


def main() -> None:
    """Take all screenshots, or those that are named."""
    if not build.is_current():
        build.build()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as tool, tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in sys.argv[1:] or SHOTS:
            take(browser, server, name)


if __name__ == "__main__":
    main()
