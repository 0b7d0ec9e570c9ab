"""Puts data, style and script into one HTML page."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from typing import Any


def make_page(title: str, body: str, script: str, data: dict[str, Any]) -> str:
    """A page that shows *data*; *body* and *script* name files of this package."""
    # In a script element only its end tag, and the start of a comment, mean anything to an HTML parser.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(title),
        "STYLE": _read("picture.css"),
        "BODY": _read(body),
        "DATA": text,
        "SCRIPT": f"{_read('common.js')}\n{_read(script)}",
    }
    page = _read("page.html")
    before = ""
    for name, part in parts.items():
        start, _, page = page.partition(f"@{name}@")
        before += start + part
    return before + page


def _read(name: str) -> str:
    return files("pytest_reloadwatch.pictures").joinpath(name).read_text(encoding="utf-8")
