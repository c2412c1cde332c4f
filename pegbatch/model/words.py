"""Splitting an argument string into words, as POSIX quoting does."""

from __future__ import annotations

import shlex

_BLANKS = str.maketrans("\t\r\n", "   ")


def needs_quoting_rules(text: str) -> bool:
    """Tell whether the text holds a quote or a backslash, so that splitting may fail."""
    return '"' in text or "'" in text or "\\" in text


def split_words(text: str) -> list[str]:
    """Split into words: quotes and backslash count; `$`, globs and `;` are plain characters.

    Errors: ValueError where a quote is not closed or a backslash ends the text.
    Source: POSIX Shell Command Language, 2.2 Quoting.
    """
    if needs_quoting_rules(text):
        return shlex.split(text)
    if text.isprintable():  # the only white space in it is the blank
        return text.split()
    return [word for word in text.translate(_BLANKS).split(" ") if word]
