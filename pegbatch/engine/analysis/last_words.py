"""What tasks say at their end: the line that tells most, and messages that say the same."""

from __future__ import annotations

import re

LONGEST_LINE = 400
"""Characters of a line that are looked at."""

_FRAME = re.compile(r'\s+File "[^"]{1,400}", line \d+')
_ERROR = re.compile(r"[A-Za-z_][\w.]*(?:\Z|: )")
"""The last line of a traceback: a class, and mostly what it says."""
_HEADING = "Traceback (most recent call last):"

_FOLDS = (
    (re.compile(r"[a-z][a-z0-9+.-]{1,15}://[^\s'\"<>]+", re.IGNORECASE), "<url>"),
    (re.compile(r"(?<![\w/])\.{0,2}(?:/[^\s/:;,'\"()<>]+)+/?"), "<path>"),
    (re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE), "#"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "#"),
    (re.compile(r"\b(?=[a-f]*[0-9])[0-9a-f]{8,}\b", re.IGNORECASE), "#"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    (re.compile(r"\s+"), " "),
)


def last_line(text: str) -> str:
    """Return the last line that says anything, without white space around it."""
    for line in reversed(text.splitlines()):
        if line.strip():
            return line.strip()[:LONGEST_LINE]
    return ""


def traceback_line(text: str) -> str:
    """Return the sentence that ends the last Python traceback of a text; empty without one.

    Shapes: the text may begin, and the line be followed, by anything else.
    """
    lines = [line.rstrip()[:LONGEST_LINE] for line in text.splitlines()]
    frames = [number for number, line in enumerate(lines) if _FRAME.match(line)]
    if not frames and _HEADING not in lines:
        return ""
    start = frames[-1] + 1 if frames else 0
    for line in lines[start:]:
        if line and not line[0].isspace() and _ERROR.match(line):
            return line
    return ""


def fold(message: str, names: tuple[str, ...] = ()) -> str:
    """Return a message without what differs where the same goes wrong in many tasks.

    Numbers, paths, URLs and identifiers are folded, and the names given (of task and files).
    Shapes: one line.
    """
    text = message[:LONGEST_LINE]
    for name in names:
        if len(name) > 1:
            text = text.replace(name, "<name>")
    for pattern, instead in _FOLDS:
        text = pattern.sub(instead, text)
    return text.strip()
