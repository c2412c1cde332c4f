"""Java properties files: keys and values with the line each begins on.

Syntax (continuations, escapes, blank separators) is the `javaproperties` library's; the line
numbers and the collection of all bad lines are ours.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import javaproperties

from pegbatch.errors import InputError, Problem
from pegbatch.parse.decoding import decode_java


@dataclass(frozen=True, slots=True)
class PropertyLine:
    """One entry as written, escapes undone, `${…}` still in place."""

    key: str
    value: str
    where: str
    """`file:line`, `-D`, or the name of an environment variable."""


def read_properties(data: bytes, source: str) -> tuple[PropertyLine, ...]:
    """Read a properties file.

    Shapes: in the order written, duplicates kept; blanks round a value are dropped, as Pegasus
    does when it looks a property up.
    Errors: InputError naming every line with a malformed escape or without a key.
    """
    lines = _Lines(decode_java(data, source))
    entries: list[PropertyLine] = []
    problems: list[Problem] = []
    while lines.left:
        _read_on(lines, source, entries, problems)
    if problems:
        raise InputError(problems=problems)
    return tuple(entries)


class _Lines(io.StringIO):
    """A text handle that counts the lines it has given out."""

    def __init__(self, text: str) -> None:
        super().__init__(text, newline="")
        self.taken = 0
        self.left = bool(text)

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        line = super().readline()
        self.taken += 1
        self.left = bool(line)
        return line


def _read_on(
    lines: _Lines, source: str, entries: list[PropertyLine], problems: list[Problem]
) -> None:
    """Read up to the end or to the first malformed line, whichever comes first."""
    first = lines.taken + 1
    try:
        for element in javaproperties.parse(lines):
            if isinstance(element, javaproperties.KeyValue):
                _take(element, f"{source}:{first}", entries, problems)
            first = lines.taken + 1
    except javaproperties.InvalidUEscapeError as error:
        problems.append(
            Problem(
                f"malformed escape {error.escape}: \\u takes four hexadecimal digits",
                f"{source}:{first}",
                "write a backslash as \\\\",
            )
        )


def _take(
    element: javaproperties.KeyValue,
    where: str,
    entries: list[PropertyLine],
    problems: list[Problem],
) -> None:
    if not element.key:
        problems.append(Problem("this line has a value and no key", where, "write `key = value`"))
        return
    entries.append(PropertyLine(element.key, element.value.strip(), where))
