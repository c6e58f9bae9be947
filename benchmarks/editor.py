"""The editor in headless Chromium with software raster: frames while a node is dragged and while the canvas is panned.

Mouse moves are offered at 60 a second for two seconds. `far` shows the whole graph; `near` is zoom 1, where about ten
nodes are seen. Opening is from the address to the first nodes on the canvas. Written for `python -m benchmarks editor`.
"""

from __future__ import annotations

import gzip
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from graph_web.build import STATIC
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.e2e.editor import Editor
from tests.web.e2e.servers import Served, serving

_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]
_CHAIN = ("shapes.render", "core.crop", "core.resize", "core.levels", "core.blur", "core.save_image")
_VALUES = {"core.resize": {"with": {"width": 64, "height": 64}}}
_MOVES = 120
_FRAMES = """() => {
  window.frames_seen = [];
  const tick = (time) => { window.frames_seen.push(time); window.frames_going && requestAnimationFrame(tick); };
  window.frames_going = true;
  requestAnimationFrame(tick);
}"""


def graph(nodes: int) -> dict[str, Any]:
    """Chains of six nodes with fields, sliders and drop-downs, laid out in a grid."""
    found: dict[str, Any] = {}
    places: dict[str, Any] = {}
    columns = max(1, round((nodes / len(_CHAIN)) ** 0.5 / 2))
    for index in range(nodes):
        chain, step = divmod(index, len(_CHAIN))
        row, column = divmod(chain, columns)
        name = f"n{index}"
        found[name] = {"node": _CHAIN[step], **_VALUES.get(_CHAIN[step], {})}
        if step:
            found[name]["from"] = {"image": f"n{index - 1}.image"}
        places[name] = {"position": [(column * len(_CHAIN) + step) * 340, row * 420]}
    return {"nodes": found, "ui": places}


def frames_while(page: Page, moves: list[tuple[float, float]]) -> float:
    """Frames a second while the mouse goes along `moves`, 60 of them a second."""
    page.evaluate(_FRAMES)
    begun = time.perf_counter()
    for index, (x, y) in enumerate(moves):
        page.mouse.move(x, y)
        time.sleep(max(0.0, begun + (index + 1) / 60 - time.perf_counter()))
    times = page.evaluate("() => { window.frames_going = false; return window.frames_seen; }")
    return (len(times) - 1) / ((times[-1] - times[0]) / 1000)


def path(x: float, y: float) -> list[tuple[float, float]]:
    """Back and forth from a place."""
    return [(x + 2 * (index % 60), y + (index % 60)) for index in range(_MOVES)]


def dragged(editor: Editor) -> float:
    """Frames a second while a node in the middle is dragged."""
    mouse, (x, y) = editor.page.mouse, _a_node(editor.page)
    mouse.move(x, y)
    mouse.down()
    found = frames_while(editor.page, path(x, y))
    mouse.up()
    return found


def panned(editor: Editor) -> float:
    """Frames a second while the canvas is panned."""
    mouse = editor.page.mouse
    mouse.move(500, 400)
    mouse.down(button="middle")
    found = frames_while(editor.page, path(500, 400))
    mouse.up(button="middle")
    return found


def _a_node(page: Page) -> tuple[float, float]:
    """A place on the canvas where a node can be taken hold of."""
    found = page.evaluate(
        """() => [...document.querySelectorAll('.stage')]
          .map((one) => one.getBoundingClientRect())
          .map((box) => [box.x + box.width / 4, box.y + Math.min(8, box.height / 4)])
          .filter(([x, y]) => x > 200 && y > 150 && x < 900 && y < 700)
          .find(([x, y]) => document.elementFromPoint(x, y)?.closest('.stage'))"""
    )
    assert found, "no node can be reached"
    return found[0], found[1]


def opened(editor: Editor, name: str) -> float:
    """Seconds from the address to the nodes on the canvas."""
    editor.page.goto("about:blank")
    begun = time.perf_counter()
    editor.page.goto(f"{editor.server.origin}/#/{name}")
    editor.page.locator(".react-flow__node").first.wait_for()
    editor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return time.perf_counter() - begun


def measured(browser: Browser, server: Served, nodes: int) -> list[str]:
    """The row of one graph."""
    page = browser.new_page(viewport={"width": 1400, "height": 860}, reduced_motion="reduce")
    editor = Editor(page, server)
    editor.sign_in()
    server.save(f"bench-{nodes}", {"format": 1, **graph(nodes)})
    seconds = statistics.median(opened(editor, f"bench-{nodes}") for _ in range(3))
    page.wait_for_timeout(1500)
    editor.press("Control+0")
    page.wait_for_timeout(1000)
    near = [dragged(editor), panned(editor)]
    editor.press("Home")
    page.wait_for_timeout(4000)
    far = [dragged(editor), panned(editor)]
    page.close()
    return [str(nodes), f"{seconds:.2f}", *(f"{value:.0f}" for value in (*near, *far))]


def main() -> None:
    """Print the tables."""
    sizes = [len(gzip.compress(file.read_bytes(), 9)) for file in STATIC.iterdir() if file.suffix in (".js", ".css")]
    with sync_playwright() as tool, tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        rows = [measured(browser, server, nodes) for nodes in (20, 200, 1000)]
    print("| nodes | opened s | drag near | pan near | drag far | pan far |\n|---|---|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    print(f"\nAll JavaScript and CSS: {sum(sizes) / 1000:.0f} kB compressed (limit 220).")


if __name__ == "__main__":
    main()
