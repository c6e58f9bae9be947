"""A real Chromium on a real server: a browser and a server for all tests here, a fresh page for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from graph_web import build

from .editor import Editor
from .servers import Served, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; `make test` installs it")

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_PATIENCE_MS = 20_000
"""A worker that starts on a busy machine takes its time."""
_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="no Chromium on the PATH; on Debian: apt install chromium")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            if _CHROMIUM is None:
                item.add_marker(missing)


@pytest.fixture(scope="package")
def bundle() -> None:
    """The committed bundle is tested as it is; in a tree whose sources have changed it is built first."""
    if not build.is_current():
        build.build()


@pytest.fixture(scope="package")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(bundle: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests here, so that its models are warm; each test has workflows of its own."""
    with serving(tmp_path_factory.mktemp("server")) as served:
        yield served


def profile(browser: playwright.Browser) -> playwright.BrowserContext:
    """A new browser profile."""
    context = browser.new_context(viewport={"width": 1400, "height": 860}, reduced_motion="reduce")
    context.set_default_timeout(_PATIENCE_MS)
    playwright.expect.set_options(timeout=_PATIENCE_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


@pytest.fixture
def context(browser: playwright.Browser) -> Iterator[playwright.BrowserContext]:
    """A profile for one test."""
    with profile(browser) as context:
        yield context


@pytest.fixture(scope="module")
def desk(browser: playwright.Browser, server: Served) -> Iterator[Editor]:
    """One page for all tests of a file that load it anew themselves, for which a sign-in each would take too long."""
    with profile(browser) as context:
        editor = Editor(context.new_page(), server)
        editor.sign_in()
        yield editor
        assert editor.complaints == []


@pytest.fixture
def editor(context: playwright.BrowserContext, server: Served) -> Iterator[Editor]:
    """The editor, signed in, on an empty canvas; the test fails when the page complained or asked another server."""
    editor = Editor(context.new_page(), server)
    editor.sign_in()
    yield editor
    assert editor.complaints == []
