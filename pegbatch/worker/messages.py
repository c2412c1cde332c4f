"""Messages in a task's output that say whether it succeeded, whatever its exit code says.

The output is searched as it comes, line by line, so that its size does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pegbatch.model.manifest import TaskLine

LONGEST_LINE_BYTES = 1 << 16
"""A longer line is searched in pieces."""
OVERLAP_BYTES = 1 << 12
"""What pieces of one line share, so that a message across the cut is found."""

Pattern = re.Pattern[bytes]


class LineSearch:
    """Looks for patterns in the lines of one stream."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        """Take what to look for; each is dropped once it was found."""
        self._wanted = list(patterns)
        self._rest = b""
        self.found: set[Pattern] = set()

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if not self._wanted:
            return
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._search(whole)
        if len(self._rest) > LONGEST_LINE_BYTES:
            self._search([self._rest])
            self._rest = self._rest[-OVERLAP_BYTES:]

    def close(self) -> None:
        """Take the end of the stream, which ends the last line."""
        self._search([self._rest])
        self._rest = b""

    def _search(self, lines: list[bytes]) -> None:
        for pattern in self._wanted[:]:
            if any(map(pattern.search, lines)):
                self.found.add(pattern)
                self._wanted.remove(pattern)


def patterns_of(task: TaskLine) -> tuple[Pattern, ...]:
    """Return what has to be looked for in the output of a task; most have nothing."""
    texts = (task.failure_message, task.success_message)
    return tuple(re.compile(_searched(text)) for text in texts if text)


def why_not_by_messages(task: TaskLine, searches: Iterable[LineSearch]) -> str | None:
    """Say which message makes a task that exited with 0 a failed one; None where none does.

    Source: Pegasus, profiles exitcode.failuremsg and exitcode.successmsg.
    """
    found = {pattern.pattern for search in searches for pattern in search.found}
    failure, success = task.failure_message, task.success_message
    if failure and _searched(failure) in found:
        return f"exit code 0, but its output matches exitcode.failuremsg {failure!r}"
    if success and _searched(success) not in found:
        return f"exit code 0, but its output does not match exitcode.successmsg {success!r}"
    return None


def _searched(text: str) -> bytes:
    """Return the expression without a leading `.*`.

    Searching finds the same without it, and not in the square of the time of a long line.
    """
    while text.startswith(".*") and text[2:3] not in ("", *"?+*{") and "|" not in text:
        text = text[2:]
    return text.encode()
