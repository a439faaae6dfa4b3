"""The dress of every page: head, policy, styles, script; nothing in it asks the network for anything."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from harness.report.markup import Html, el, plain

_STYLES = ("base.css", "sections.css", "trials.css", "panel.css", "comparison.css", "print.css")
EXPLORER = (
    "dom.js",
    "format.js",
    "store.js",
    "select.js",
    "state.js",
    "filters.js",
    "table.js",
    "diff.js",
    "detail.js",
    "compare.js",
    "panel.js",
    "main.js",
)
"""The scripts that draw the trials, in the order in which they build on each other."""


def page(title: str, body: tuple[Html, ...], *blocks: Html, script: str = "") -> str:
    """A page in the house's dress: styles and script are allowed by their hash, everything else is denied."""
    style = "".join(_resource(name) for name in _STYLES)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {_allowed(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name_="referrer", content="no-referrer"),
        el("meta", name_="color-scheme", content="light dark"),
        el("link", rel="icon", href="data:,"),
        el("title", plain(title)),
        el("style", Html(style)),
    )
    scripts = el("script", Html(script)) if script else Html()
    return f"<!doctype html>\n{el('html', head, el('body', *body, *blocks, scripts), lang='en')}\n"


def script_of(names: tuple[str, ...]) -> str:
    """The named scripts as one, in a scope of their own."""
    return f'(() => {{\n"use strict";\n{"".join(_resource(name) for name in names)}}})();\n'


def _resource(name: str) -> str:
    return (files("harness.report") / "page" / name).read_text(encoding="utf-8")


def _allowed(script: str) -> str:
    return f"'{_hash(script)}'" if script else "'none'"


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}"
