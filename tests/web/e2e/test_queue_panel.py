"""Several runs at once: queued from the editor, seen in order, moved, paused, cancelled and tried again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from .editor import Editor
from .servers import Served


@pytest.fixture(autouse=True)
def idle(server: Served) -> Iterator[None]:
    """A queue in which nothing is left, before and after."""
    server.ask("POST", "/queue/cancel")
    yield
    server.ask("POST", "/queue/cancel")
    server.ask("PATCH", "/queue", {"paused": False})


def picture(title: str, prompt: str = "a red circle") -> dict[str, Any]:
    return {
        "title": title,
        "nodes": {
            "draw": {"node": "shapes.render", "with": {"prompt": prompt, "size": 32}},
            "save": {"node": "core.save_image", "with": {"name": "queue"}, "from": {"image": "draw.image"}},
        },
        "outputs": {"image": "save"},
    }


def queued(server: Served, *titles: str) -> None:
    """Runs that wait, as another client submits them to a paused queue."""
    server.ask("PATCH", "/queue", {"paused": True})
    for title in titles:
        server.ask("POST", "/runs", {"document": {"format": 1, **picture(title)}})


def order(server: Served) -> list[str]:
    return [run["title"] for run in server.ask("GET", "/queue")["runs"]]


def rows(editor: Editor) -> Any:
    return editor.page.get_by_role("list", name="Runs that go on or wait").locator("li")


def test_one_press_queues_several_runs_and_the_next_press_queues_more(editor: Editor, server: Served) -> None:
    editor.open("several", picture("Several"))
    server.ask("PATCH", "/queue", {"paused": True})
    editor.page.get_by_label("How many runs").fill("3")
    editor.press("Control+Enter", "Control+Enter", "Escape", "Q")
    expect(rows(editor)).to_have_count(6)
    expect(editor.page.locator(".rail .count")).to_have_text("6")
    expect(editor.page.locator(".toolbar .status")).to_contain_text("5 more waiting")
    assert editor.page.title().startswith("waiting +5 · ")
    editor.page.get_by_role("button", name="Go on").click()
    expect(rows(editor)).to_have_count(0, timeout=30_000)
    editor.page.locator(".toolbar .status.ok").wait_for()
    ended = server.ask("GET", "/runs?workflow=several")["runs"]
    assert [run["state"] for run in ended] == ["ok"] * 6


def test_a_run_in_front_goes_before_those_that_wait(editor: Editor, server: Served) -> None:
    queued(server, "first", "second")
    editor.open("urgent", picture("Urgent"))
    editor.press("Control+Shift+Enter", "Q")
    expect(rows(editor).first).to_contain_text("Urgent")
    assert order(server) == ["Urgent", "first", "second"]


def test_waiting_runs_are_moved_by_keys_by_buttons_and_by_dragging(editor: Editor, server: Served) -> None:
    queued(server, "one", "two", "three")
    editor.open("mover", picture("Mover"))
    editor.press("Q")
    rows(editor).filter(has_text="three").focus()
    editor.press("Alt+ArrowUp")
    expect(rows(editor)).to_contain_text(["one", "three", "two"])
    editor.press("Home")
    expect(rows(editor)).to_contain_text(["three", "one", "two"])
    editor.page.get_by_role("button", name="Later: three").click()
    expect(rows(editor)).to_contain_text(["one", "three", "two"])
    editor.page.get_by_role("button", name="To the front: two").click()
    expect(rows(editor)).to_contain_text(["two", "one", "three"])
    rows(editor).filter(has_text="three").drag_to(rows(editor).filter(has_text="two"))
    expect(rows(editor)).to_contain_text(["three", "two", "one"])
    assert order(server) == ["three", "two", "one"]


def test_the_queue_is_paused_and_goes_on_whoever_asks_for_it(editor: Editor, server: Served) -> None:
    editor.open("pauses", picture("Pauses"))
    editor.press("Q")
    editor.page.get_by_role("button", name="Pause").click()
    editor.page.get_by_text("Paused: nothing that waits is begun").wait_for()
    assert server.ask("GET", "/queue")["paused"] is True
    editor.press("Escape", "Control+Enter")
    expect(editor.page.locator(".toolbar .status")).to_contain_text("the queue is paused")
    server.ask("PATCH", "/queue", {"paused": False})
    editor.page.locator(".toolbar .status.ok").wait_for()
    expect(editor.page.get_by_text("Paused: nothing that waits is begun")).to_have_count(0)


def test_one_run_or_all_are_cancelled_and_tried_again(editor: Editor, server: Served) -> None:
    queued(server, "kept", "dropped")
    editor.open("cancels", picture("Cancels"))
    editor.press("Q")
    editor.page.get_by_role("button", name="Cancel: dropped").click()
    expect(rows(editor)).to_have_count(1)
    editor.page.get_by_role("button", name="Run again: dropped").click()
    expect(rows(editor)).to_contain_text(["kept", "dropped"])
    rows(editor).filter(has_text="kept").focus()
    editor.press("Delete")
    expect(rows(editor)).to_contain_text(["dropped"])
    expect(rows(editor)).to_have_count(1)
    assert editor.names() == ["draw", "save"]
    editor.page.get_by_role("button", name="Cancel all").click()
    expect(rows(editor)).to_have_count(0)
    lately = editor.page.get_by_role("list", name="Runs that ended lately").locator("li")
    expect(lately.filter(has_text="cancelled").first).to_contain_text("dropped")
    assert order(server) == []


def test_a_run_is_cancelled_by_key_and_the_next_one_is_shown(editor: Editor, server: Served) -> None:
    server.ask("PATCH", "/queue", {"paused": True})
    editor.open("cancelled", picture("Cancelled"))
    editor.press("Control+Enter", "Control+Enter")
    expect(editor.page.locator(".toolbar .status")).to_contain_text("1 more waiting")
    editor.press("Control+Alt+Enter")
    expect(editor.page.locator(".toolbar .status")).not_to_contain_text("more waiting")
    server.ask("PATCH", "/queue", {"paused": False})
    editor.page.locator(".toolbar .status.ok").wait_for()
    assert [run["state"] for run in server.ask("GET", "/runs?workflow=cancelled")["runs"]] == ["ok", "cancelled"]


def test_after_a_reload_the_runs_that_wait_are_still_this_tabs(editor: Editor, server: Served) -> None:
    server.ask("PATCH", "/queue", {"paused": True})
    editor.open("reloaded", picture("Reloaded"))
    editor.press("Control+Enter", "Control+Enter")
    expect(editor.page.locator(".toolbar .status")).to_contain_text("1 more waiting")
    editor.page.reload()
    expect(editor.page.locator(".toolbar .status")).to_contain_text("1 more waiting")
    server.ask("PATCH", "/queue", {"paused": False})
    editor.page.locator(".toolbar .status.ok").wait_for()
    expect(editor.node("save").get_by_alt_text("Result of Save image")).to_be_visible()
    assert [run["state"] for run in server.ask("GET", "/runs?workflow=reloaded")["runs"]] == ["ok", "ok"]
