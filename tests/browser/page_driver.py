"""Driving the page in Chromium: what a person does, in whole steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.server import PetnameServer


@dataclass
class PageDriver:
    """One open page and what went wrong in it."""

    server: PetnameServer
    page: Page
    problems: list[str] = field(default_factory=list)
    """Errors in the console, failed requests, requests to other hosts."""

    def __post_init__(self) -> None:
        """Listen to everything that goes wrong."""
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on(
            "console",
            lambda message: (
                self.problems.append(f"console: {message.text}")
                if message.type == "error"
                else None
            ),
        )
        self.page.on("request", lambda request: self._check_host(request.url))
        self.page.on(
            "response",
            lambda answer: (
                self.problems.append(f"{answer.status} {answer.url}")
                if answer.status >= 400
                else None
            ),
        )

    def _check_host(self, url: str) -> None:
        if url.startswith("http") and not url.startswith(self.server.url):
            self.problems.append(f"another host: {url}")

    def open(self, path: str = "/") -> PageDriver:
        """Open the page and wait until it is ready to be used."""
        self.page.goto(path)
        self.page.wait_for_selector("html.pn-ready")
        return self

    def go(self, tab: str) -> Locator:
        """Open a tab and return its panel."""
        self.page.click(f"#pn-tab-{tab}")
        panel = self.page.locator(f"#pn-panel-{tab}")
        panel.wait_for(state="visible")
        self.settle()
        return panel

    def settle(self) -> None:
        """Wait until the page has no command under way."""
        self.page.wait_for_function("!document.documentElement.classList.contains('pn-busy')")

    def upload(self, photos: Sequence[Path]) -> None:
        """Pick photos, as a person does, and wait until they are shown."""
        shown = self.page.locator("#pn-upload-photos [data-photo]")
        wanted = shown.count() + len(photos)
        self.page.set_input_files("#pn-upload-input", [str(path) for path in photos])
        expect(shown.nth(wanted - 1)).to_be_attached(timeout=120_000)
        self.settle()

    def fill(self, field_id: str, text: str) -> None:
        """Type into a field and leave it."""
        self.page.fill(f"#{field_id}", text)
        self.page.press(f"#{field_id}", "Tab")
        self.settle()

    def run(self, method: str) -> Locator:
        """Return the newest run of a method on the train tab."""
        return self.page.locator(f"#pn-train-runs [data-run][data-method={method}]").first

    def wait_for_run(self, method: str, status: str, timeout_seconds: float) -> None:
        """Wait until a run has a status; fails at once when it failed instead."""
        give_up = time.monotonic() + timeout_seconds
        run = self.run(method)
        run.wait_for(state="attached")
        while (now := run.get_attribute("data-status")) != status:
            assert now != "failed" or status == "failed", run.inner_text()
            assert time.monotonic() < give_up, f"still {now}: {run.inner_text()}"
            self.page.wait_for_timeout(500)

    def wait_for_step(self, method: str, step: int, timeout_seconds: float) -> int:
        """Wait until a run has reached a step; return the step it is at."""
        give_up = time.monotonic() + timeout_seconds
        while (now := int(self.run(method).get_attribute("data-step") or 0)) < step:
            assert time.monotonic() < give_up, self.run(method).inner_text()
            self.page.wait_for_timeout(300)
        return now
