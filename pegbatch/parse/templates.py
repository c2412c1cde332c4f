"""Unfilled templates: catalogs that still carry the placeholders of a generator."""

from __future__ import annotations

import re

from pegbatch.parse.reading import Reading

_STATEMENT = re.compile(r"^[ \t]*\{%.*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]{0,200}\}\}")


def blank_statements(text: str, reading: Reading) -> str:
    """Return the text with each `{% … %}` line made blank, so that the rest can be read.

    Whoever only looks at the file is warned; for everyone else such a line is a problem, for
    nobody can say which of the branches was meant.
    """
    note = reading.warn if reading.looks_only else reading.refuse
    lines = [text.count("\n", 0, found.start()) + 1 for found in _STATEMENT.finditer(text)]
    if lines:
        note(
            lines[0],
            f"an unfilled template: {len(lines)} lines are statements like `{{% … %}}`",
            "fill the template in, and give the result",
        )
    return _STATEMENT.sub("", text)


def warn_of_placeholders(text: str, reading: Reading) -> None:
    """Warn once of a `{{…}}`: odd, but a legal value in some places."""
    found = _PLACEHOLDER.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        reading.warn(line, f"holds {found[0]}: is this an unfilled template?")
