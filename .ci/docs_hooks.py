"""What mkdocs does to a page of docs/: links to other parts of the repository become their names.

The guide is built from docs/ alone, so that a page cannot link to README.md or conf/ as it does
in the repository.
"""

from __future__ import annotations

import re

_OUTWARD = re.compile(r"\[([^\]]+)\]\(\.\./([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return the page with `[text](../place)` as text, and the place where it says more."""
    return _OUTWARD.sub(_named, markdown)


def _named(link: re.Match[str]) -> str:
    text, place = link[1], link[2]
    return text if text.strip("`") == place else f"{text} (`{place}`)"
