"""HTML, built so that a word of the workflow's is never markup: what is no `Markup` is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from pegbatch.model.plain import plain

_VOID = frozenset({"meta", "input"})


class Markup(str):
    """HTML as it stands; made by this module, or from constants of ours alone."""

    __slots__ = ()


Child = str | Markup | None


def element(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return an element.

    Shapes: text is escaped, Markup is not, None is nothing; `class_` stands for `class`, other
    underscores for hyphens; True is an attribute without a value, None and False are none.
    """
    shown = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escape(plain(str(value)))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{joined(children)}</{name}>")


def joined(children: Iterable[Child], between: str = "") -> Markup:
    """Return several children as one; what stands between is text, too."""
    parts = [markup(child) for child in children if child is not None]
    return Markup(markup(between).join(parts))


def markup(child: str) -> Markup:
    """Return Markup as it is, and text escaped, its control characters written out."""
    return child if isinstance(child, Markup) else Markup(escape(plain(child)))


def table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    numbers: Iterable[int] = (),
    left_out: int = 0,
) -> Markup:
    """Return a table that scrolls sideways by itself where it is too wide, also by keys.

    Shapes: columns in `numbers` hold numbers; the first cell of each row is its heading; rows
    that are left out are counted below.
    """
    right = frozenset(numbers)
    body = [
        element("tr", *(_cell(place, cell, place in right) for place, cell in enumerate(row)))
        for row in rows
    ]
    heads = [
        element("th", name, scope="col", class_="number" if place in right else None)
        for place, name in enumerate(head)
    ]
    more = element("p", f"… and {left_out:,} more", class_="more") if left_out else None
    return joined(
        [
            element(
                "div",
                element(
                    "table",
                    element("caption", caption),
                    element("thead", element("tr", *heads)),
                    element("tbody", *body),
                ),
                class_="wide",
                tabindex=0,
                role="region",
                aria_label=caption,
            ),
            more,
        ]
    )


def _cell(place: int, cell: Child, number: bool) -> Markup:
    if place == 0:
        return element("th", cell, scope="row")
    return element("td", cell, class_="number" if number else None)


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
