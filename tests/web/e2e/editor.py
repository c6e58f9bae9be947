"""What a person does in the editor, in the words of the editor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page

from .servers import Served

SETTLE_MS = 500
DRAWN_MS = 60


class Editor:
    """A page with the editor in it. `complaints` are errors of the page, and requests that left its server."""

    def __init__(self, page: Page, server: Served) -> None:
        self.page, self.server = page, server
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("request", lambda request: self._asked(request.url))

    def _heard(self, message: Any) -> None:
        url = message.location.get("url", "")
        # A run that is asked for and refused is no complaint: the server says 422, and the browser writes that down.
        unready = "422" in message.text and url.endswith("/runs")
        if message.type in ("error", "warning") and not unready:
            self.complaints.append(f"console: {message.text} ({url})")

    def _asked(self, url: str) -> None:
        own = (self.server.origin, self.server.origin.replace("http", "ws", 1), "blob:", "data:")
        if not url.startswith(own):
            self.complaints.append(f"asked {url}")

    # Files ----------------------------------------------------------------------------------------------------------

    def sign_in(self) -> None:
        """Open the link that the server printed, and begin with an empty canvas."""
        self.page.goto(self.server.link)
        self.page.locator(".canvas").wait_for()
        self.settle()
        self.press("Escape")
        self.new()

    def new(self) -> None:
        """An empty canvas."""
        self.run_command("New, empty workflow")
        self.page.locator(".empty").wait_for()

    def open(self, name: str, document: dict[str, Any] | None = None) -> None:
        """Open a saved workflow by its link; `document` is saved under the name first."""
        if document is not None:
            self.server.save(name, {"format": 1, **document})
        self.page.goto("about:blank")
        self.page.goto(f"{self.server.origin}/#/{name}")
        self.page.locator(".react-flow__node").first.wait_for()
        self.settle()

    def document(self) -> dict[str, Any]:
        """The document on the canvas, as the draft that the editor keeps has it, or the saved file."""
        self.page.wait_for_timeout(DRAWN_MS)
        self.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # keeps the draft at once
        name = self.page.evaluate("() => sessionStorage.getItem('graph-engine:current') ?? ''")
        key = "`graph-engine:draft:${sessionStorage.getItem('graph-engine:tab')}:${name}`"
        draft = self.page.evaluate(f"(name) => localStorage.getItem({key})", name)
        if draft is not None:
            return dict(json.loads(draft)["document"])
        return dict(self.server.ask("GET", f"/workflows/{name}")["document"]) if name else {"format": 1, "nodes": {}}

    def settle(self) -> None:
        """Let the editor draw, keep its draft and ask for its plan."""
        self.page.wait_for_timeout(SETTLE_MS)

    # Keys and commands ----------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as nothing is typed into."""
        for key in keys:
            self.page.keyboard.press(key)

    def run_command(self, title: str) -> None:
        """Find a command by its title, as Ctrl+K does."""
        self.press("Control+k")
        self.dialog("Find a command").get_by_role("combobox").fill(title)
        self.press("Enter")

    def dialog(self, label: str) -> Locator:
        """An open dialog, by its label."""
        return self.page.get_by_role("dialog", name=label)

    # Nodes and wires ------------------------------------------------------------------------------------------------

    def node(self, name: str) -> Locator:
        """A node on the canvas."""
        return self.page.locator(f'.react-flow__node[data-id="{name}"]')

    def title(self, name: str) -> Locator:
        """The part of a node that it is dragged by."""
        return self.node(name).locator(".title")

    def field(self, node: str, name: str) -> Locator:
        """The widget of an input."""
        return self.page.locator(f"[id='{node}-{name}']")

    def port(self, node: str, name: str, side: str = "target") -> Locator:
        """A port of a node: side `target` for an input, `source` for an output."""
        return self.node(node).locator(f'.react-flow__handle[data-handleid="{name}"].{side}')

    def add(self, query: str, *, at: tuple[float, float] | None = None) -> str:
        """Add the node that a search finds first; returns its name."""
        before = set(self.names())
        if at is None:
            self.press("Shift+A")
        else:
            self.page.mouse.dblclick(*at)
        self.dialog("Add a node").get_by_role("combobox").fill(query)
        self.press("Enter")
        self.page.wait_for_function(
            "(count) => document.querySelectorAll('.react-flow__node').length > count", arg=len(before)
        )
        (name,) = set(self.names()) - before
        return name

    def names(self) -> list[str]:
        """The names of the nodes on the canvas."""
        return self.page.locator(".react-flow__node").evaluate_all("(all) => all.map((one) => one.dataset.id)")

    def select(self, *names: str) -> None:
        """Select nodes by clicking on their titles."""
        self.title(names[0]).click()
        for name in names[1:]:
            self.title(name).click(modifiers=["ControlOrMeta"])

    def wire(self, source: str, output: str, target: str, name: str) -> None:
        """Draw a wire from an output to an input."""
        self.drag(self.port(source, output, "source"), self.port(target, name))

    def drag(
        self,
        start: Locator | tuple[float, float],
        end: Locator | tuple[float, float],
        *,
        keys: tuple[str, ...] = (),
        during: Callable[[], None] | None = None,
        wiggle: bool = False,
    ) -> None:
        """Press at one place, move to another in steps, and let go; `wiggle`: move once more after `during`."""
        mouse, (x, y), (to_x, to_y) = self.page.mouse, _middle(start), _middle(end)
        for key in keys:
            self.page.keyboard.down(key)
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + (8 if to_x >= x else -8), y, steps=2)
        mouse.move(to_x, to_y, steps=8)
        if during is not None:
            during()
        if wiggle:
            mouse.move(to_x + 5, to_y + 3, steps=2)
        mouse.up()
        for key in keys:
            self.page.keyboard.up(key)

    def wire_middle(self, wire: str) -> tuple[float, float]:
        """Where the middle of a wire is; a wire is called by its input, `node.input.0`."""
        path = self.page.locator(f'.react-flow__edge[data-id="{wire}"] .react-flow__edge-path')
        found = path.evaluate(
            "(path) => { const middle = path.getPointAtLength(path.getTotalLength() / 2);"
            " const at = middle.matrixTransform(path.getScreenCTM()); return [at.x, at.y]; }"
        )
        return (found[0], found[1])

    def links(self, node: str) -> dict[str, Any]:
        """The links of a node in the document."""
        return dict(self.document()["nodes"][node].get("from", {}))

    # Running --------------------------------------------------------------------------------------------------------

    def run(self, command: str = "", *, seconds: float = 90) -> None:
        """Run, by its key or by the title of a command, and wait for the end of that run."""
        before = self.page.locator(".toolbar .status").get_attribute("data-run")
        if command:
            self.run_command(command)
        else:
            self.press("Control+Enter")
        self.page.locator(f".toolbar .status.ok:not([data-run='{before}'])").wait_for(timeout=seconds * 1000)


def _middle(place: Locator | tuple[float, float]) -> tuple[float, float]:
    if isinstance(place, tuple):
        return place
    place.scroll_into_view_if_needed()
    place.element_handle().wait_for_element_state("stable")
    box = place.bounding_box()
    assert box is not None, f"{place} is not shown"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
