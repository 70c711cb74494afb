"""From the file to its page on the Hub, in a real browser, server and courier."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import tests.server
from tests.browser.page_driver import PageDriver
from tests.hub_stand_in import TOKEN, HubStandIn, Repository
from tests.photo_makers import write_small_embedding
from tests.server import PetnameServer, server_environment

pytestmark = pytest.mark.browser


def test_a_file_goes_to_the_hub_and_the_token_nowhere_else(
    chromium: Any, hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def environment(data_dir: Path, **settings: str) -> dict[str, str]:
        return server_environment(data_dir, **settings) | hub.environment

    monkeypatch.setattr(tests.server, "server_environment", environment)
    hub.repositories["anna/rex"] = Repository(private=True, files={"mine.txt": b"mine"})
    embedding = write_small_embedding(tmp_path / "rexdog.safetensors")
    with PetnameServer(tmp_path / "data") as server:
        visitor = chromium.new_context(base_url=server.url, locale="en-GB")
        visitor.set_default_timeout(60_000)
        page = PageDriver(server, visitor.new_page()).open().page
        token = page.evaluate("window.petnameToken")
        server.upload(token, [embedding], purpose="artifact")
        page.reload()
        page.wait_for_selector("html.pn-ready")
        page.click("#pn-tab-manage")
        page.click('[data-do="publish.open"]')
        page.fill("#pn-publish-repository", "my rex")
        page.fill("#pn-publish-token", TOKEN)
        page.click("#pn-publish-go")
        page.wait_for_selector("dialog[open] [role=alert]")
        # The suggestion is there, the token still is, and the name is another now.
        assert page.input_value("#pn-publish-repository") == "my-rex"
        assert page.input_value("#pn-publish-token") == TOKEN
        page.fill("#pn-publish-repository", "rex")
        page.press("#pn-publish-repository", "Enter")
        page.wait_for_selector("dialog[open] [data-do='publish.update']")
        assert "anna/rex" in page.inner_text("dialog[open]")
        # A browser that is closed and opened again finds the question where it was.
        page.reload()
        page.wait_for_selector("html.pn-ready")
        page.click("#pn-publications [data-do='publish.update']")
        page.wait_for_selector("#pn-publications [data-status=done]")
        link = page.locator("#pn-publications a", has_text=re.compile("Open its page"))
        assert link.get_attribute("href") == f"{hub.url}/anna/rex"
        assert TOKEN not in page.content()
        assert TOKEN not in str(visitor.storage_state())
        visitor.close()
    files = hub.repositories["anna/rex"].files
    assert {"mine.txt", "README.md", "learned_embeds.safetensors"} <= set(files)
    assert TOKEN not in "\n".join(server.lines)
    kept = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]
