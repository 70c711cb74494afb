"""Measurements in a JSON lines file: what is there is not measured again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Line = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """Which measurements are this process's, of several that measure side by side."""

    number: int = 0
    """From 0."""
    of: int = 1


class Records:
    """The measurements of one stamp: one state of the model and of what measures it.

    Lines of other stamps stay in the file and are not looked at.
    """

    def __init__(self, path: Path, stamp: str, share: Share | None = None) -> None:
        """Read what is there; a line cut off by a crash is passed over."""
        self.path, self.stamp, self.share = path, stamp, share or Share()
        self._groups: dict[tuple[str, str], int] = {}
        self._known: dict[tuple[str, str], Line] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for one in text.splitlines():
            line = _parsed(one)
            if line.get("stamp") == stamp:
                self._known[line["part"], line["key"]] = line
        self._end = "\n" if text and not text.endswith("\n") else ""
        """What has to be written before the next line."""

    def get(
        self, part: str, key: str, measure: Callable[[], Line], together: str | None = None
    ) -> Line:
        """Return a measurement: the one on file, or a new one, which is put on file.

        One that another process has to make is an empty line. All that are to be measured
        `together` are made by the same one, in turn with the other groups.
        """
        group = self._groups.setdefault((part, together or key), len(self._groups))
        known = self._known.get((part, key))
        if known is not None:
            return known
        if group % self.share.of != self.share.number:
            return {}
        line = {"stamp": self.stamp, "part": part, "key": key, **measure()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{self._end}{json.dumps(line, ensure_ascii=False)}\n")
        self._end = ""
        self._known[part, key] = line
        return line


def fingerprint_of(folder: Path) -> str:
    """Return eight hex digits that change with any weight or configuration in the folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _parsed(text: str) -> Line:
    try:
        line = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return line if isinstance(line, dict) else {}
