"""The report as one HTML file that loads nothing: style, scripts, library and data are in it.

Its policy names each style and script by checksum, and allows nothing else: a word of the
workflow's that were markup after all could neither run nor fetch anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pegbatch.report.markup import Markup, element

SECTIONS = {
    "summary": "Summary",
    "failures": "Failures",
    "sub-workflows": "Sub-workflows",
    "timeline": "Timeline",
    "arrays": "Array jobs",
    "transformations": "Transformations",
    "resources": "Resources",
    "cost": "Cost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    """The files that every report carries."""

    style: str
    scripts: Sequence[str]
    """In this order, the charting library first."""
    notice: str
    """Whose work the library is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is in one report."""

    title: str
    head: Markup
    """Below the title."""
    sections: Mapping[str, Markup]
    """By the keys of SECTIONS, whose order is that of the page."""
    data: Mapping[str, Any]
    """What charts are drawn from."""
    made: str
    """By what and when the report was made."""


def page(contents: Contents, parts: PageParts) -> str:
    """Return the whole file."""
    known = [key for key in SECTIONS if key in contents.sections]
    links = [element("a", SECTIONS[key], href=f"#{key}") for key in known]
    theme = element("button", "Theme: system", type="button", id="theme", class_="scripted")
    body = element(
        "body",
        element("a", "Skip to the content", href="#main", class_="skip"),
        element(
            "header",
            element("h1", contents.title),
            contents.head,
            element("nav", *links, aria_label="Sections"),
            theme,
        ),
        element("main", *(contents.sections[key] for key in known), id="main"),
        element("footer", element("p", contents.made), element("p", parts.notice)),
        element("noscript", element("p", "Charts need scripts; tables and words are complete.")),
        Markup(f'<script type="application/json" id="data">{json_text(contents.data)}</script>'),
        *(Markup(f"<script>{script}</script>") for script in parts.scripts),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(parts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{contents.title}: report"),
        Markup(f"<style>{parts.style}</style>"),
    )
    return "<!doctype html>\n" + element("html", head, "\n", body, lang="en") + "\n"


def policy(parts: PageParts) -> str:
    """Return the content security policy of a page of these parts."""
    scripts = " ".join(_checksum(script) for script in parts.scripts)
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_checksum(parts.style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def json_text(data: Mapping[str, Any]) -> Markup:
    """Return JSON that no parser of HTML takes for the end of the script it stands in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _checksum(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
