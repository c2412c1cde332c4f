"""A real browser, Debian's Chromium, for tests of pages; skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
)


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Lend a browser; tests of a module share it."""
    with sync_playwright() as playwright:
        # Root may not use the sandbox; pages here are our own.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, and everything that went wrong on it."""

    page: Page
    troubles: list[str] = field(default_factory=list)
    """What the console said, errors, dialogs, and requests for anything but the file itself."""

    @property
    def range(self) -> str:
        """Return what the timeline says of its view."""
        return self.page.locator("#timeline-range").inner_text()


@contextmanager
def opened(browser: Browser, path: Path, **settings: Any) -> Iterator[Watched]:
    """Open a file in a context of its own, and watch it."""
    context: BrowserContext = browser.new_context(**settings)
    try:
        watched = Watched(context.new_page())
        tell = watched.troubles.append
        address = path.as_uri()

        def asked(request: Request) -> None:
            if request.url != address:
                tell(f"request: {request.url}")

        watched.page.on("console", lambda said: tell(f"console: {said.type}: {said.text}"))
        watched.page.on("pageerror", lambda error: tell(f"error: {error}"))
        watched.page.on(
            "dialog", lambda dialog: (tell(f"dialog: {dialog.message}"), dialog.dismiss())
        )
        watched.page.on("request", asked)
        watched.page.goto(address)
        yield watched
    finally:
        context.close()
