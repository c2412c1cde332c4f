"""Lines of a screen: text in pieces, each with the style that a terminal may give it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

Style: TypeAlias = Literal["", "bold", "dim", "green", "red", "yellow", "cyan"]


class Piece(NamedTuple):
    """Text in one style, without line breaks and controls."""

    text: str
    style: Style = ""


Line: TypeAlias = tuple[Piece, ...]


def line_text(line: Line) -> str:
    """Return a line without its styles, and without spaces at its end."""
    return "".join(piece.text for piece in line).rstrip()


def lines_text(lines: Iterable[Line]) -> str:
    """Return lines as plain text, without a line break at the end."""
    return "\n".join(map(line_text, lines))


def cut(line: Line, width: int) -> Line:
    """Return a line that is no longer than so many characters; an ellipsis says that it was."""
    left, kept = width, []
    if len(line_text(line)) <= width:
        return line
    for piece in line:
        if len(piece.text) >= left:
            kept.append(piece._replace(text=piece.text[: max(0, left - 1)] + "…"))
            break
        kept.append(piece)
        left -= len(piece.text)
    return tuple(kept)


def labelled(label: str, text: str, width: int | None, style: Style = "") -> list[Line]:
    """Return a text behind a label, wrapped where there is a width, in lines below each other."""
    if width is None:
        return [(Piece(f"{label:<{LABEL}}"), Piece(text, style))]
    wrapped = textwrap.wrap(text, max(10, width - LABEL)) or [""]
    heads = [label, *[""] * (len(wrapped) - 1)]
    return [
        (Piece(f"{head:<{LABEL}}"), Piece(part, style))
        for head, part in zip(heads, wrapped, strict=True)
    ]


LABEL = 12
"""Characters of a label with the space behind it."""


def fitted(lines: Sequence[Line], width: int | None) -> list[Line]:
    """Cut lines to a width; None: they may be as long as they are."""
    return list(lines) if width is None else [cut(line, width) for line in lines]
