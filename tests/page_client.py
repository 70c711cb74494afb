"""Speaks to the page as its script does, without a browser: load, act and tick over HTTP."""

from __future__ import annotations

import html
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.server import PetnameServer, new_token

LINK = re.compile(r"/media/[\w.~=-]+")
_CONFIG = re.compile(r"window\.gradio_config = (\{.*?\});</script>", re.DOTALL)


@dataclass
class PageClient:
    """One browser's worth of requests to one page."""

    server: PetnameServer
    token: str = field(default_factory=new_token)
    page: str = ""
    """``""`` for English, ``/fr`` for French."""
    concept_id: str = ""
    seen: str = ""
    wake: str = ""
    toast: str = ""
    """HTML of the last message."""
    parts: dict[str, str] = field(default_factory=dict)
    """HTML by ``elem_id``, as far as it was sent."""
    _session: str = field(default_factory=lambda: secrets.token_hex(5))
    _config: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """What Gradio tells the browser about the page."""
        if not self._config:
            text = self.server.get(self.page + "/").text
            found = _CONFIG.search(text)
            assert found, text[:2000]
            self._config = json.loads(found.group(1))
        return self._config

    def event(self, name: str, *data: Any) -> list[Any]:
        """Run one event and return its outputs, skipped ones as they come."""
        dependency = next(one for one in self.config["dependencies"] if one["api_name"] == name)
        answer = self.server.post(
            f"{self.page}/gradio_api/run/{name}",
            json={
                "data": list(data),
                "fn_index": dependency["id"],
                "session_hash": self._session,
            },
            headers={"Origin": self.server.url},
        )
        assert answer.status_code == 200, answer.text
        outputs: list[Any] = answer.json()["data"]
        self.take(dependency["outputs"], outputs)
        return outputs

    def take(self, output_ids: list[int], outputs: list[Any]) -> None:
        """Remember what the page would show now."""
        ids = {one["id"]: one["props"].get("elem_id", "") for one in self.config["components"]}
        for output_id, value in zip(output_ids, outputs, strict=True):
            if not isinstance(value, str):
                continue
            name = ids[output_id]
            if name == "pn-concept":
                self.concept_id = value
            elif name == "pn-seen":
                self.seen = value
            elif name == "pn-wake":
                self.wake = value
            elif name == "pn-toast":
                self.toast = value
            elif name.startswith("pn-") and name != "pn-owner":
                self.parts[name] = value

    def load(self) -> PageClient:
        """Open the page."""
        self.event("load", self.token, self.concept_id)
        return self

    def act(self, do: str, **fields: Any) -> list[Any]:
        """Send one command."""
        return self.event("act", self.token, self.concept_id, json.dumps({"do": do, **fields}))

    def tick(self) -> list[Any]:
        """Ask what is new."""
        woken = self.wake
        outputs = self.event("tick", self.token, self.concept_id, self.seen)
        if self.wake != woken:
            self.event("look", self.token, self.concept_id, self.seen)
        return outputs

    def tick_until(self, done: Callable[[PageClient], bool], timeout_seconds: float) -> None:
        """Keep asking, as an open page does, until ``done`` says so."""
        give_up = time.monotonic() + timeout_seconds
        while not done(self):
            assert time.monotonic() < give_up, self.parts.get("pn-train-runs", "")[:3000]
            time.sleep(1)
            self.tick()

    def links(self, part: str = "") -> list[str]:
        """Return the signed links shown in one part, or in all."""
        texts = [self.parts.get(part, "")] if part else list(self.parts.values())
        return list(
            dict.fromkeys(link for text in texts for link in LINK.findall(html.unescape(text)))
        )

    def attributes(self, part: str, name: str) -> list[str]:
        """Return the values of an HTML attribute within a part, in order."""
        found = re.findall(rf'\b{re.escape(name)}="([^"]*)"', self.parts.get(part, ""))
        return [html.unescape(value) for value in found]
