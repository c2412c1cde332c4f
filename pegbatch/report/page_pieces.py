"""Pieces that sections of the report are made of.

A chart is an empty figure that the page's script fills; its table stands below it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from pegbatch.report.markup import Child, Markup, element


def section(key: str, title: str, *children: Child) -> Markup:
    """Return a section with its heading, which links lead to."""
    return element(
        "section",
        element("h2", title, id=f"{key}-title"),
        *children,
        id=key,
        aria_labelledby=f"{key}-title",
    )


def chart(key: str, words: str, *, keys: bool = False) -> Markup:
    """Return the place of a chart, and what it shows in words for those who do not see it.

    Shapes: with `keys` it takes the focus, and keys that the section explains.
    """
    inner = element(
        "div",
        id=f"{key}-chart",
        class_="chart",
        role="application" if keys else "img",
        aria_label=words,
        aria_describedby=f"{key}-keys" if keys else None,
        tabindex=0 if keys else None,
    )
    return element("figure", inner, element("figcaption", words))


def folded(summary: str, *children: Child) -> Markup:
    """Return what is opened by a click or a key."""
    return element("details", element("summary", summary), *children)


def badge(word: str) -> Markup:
    """Return a state as a word with its colour."""
    return element("span", word, class_=f"badge {word}")


def when(moment: float) -> str:
    """Return a time as people read it; UTC, since a report travels."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"
