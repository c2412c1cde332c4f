"""Which logs a run has, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pegbatch.report.status import size_text


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCount:
    """The logs of one array that lie in the store."""

    array: str
    kind: str
    children: int
    heard: int
    """Children that have put one."""
    logs: int
    """Of all attempts and tries."""
    size_bytes: int


def counts_text(counts: Sequence[LogCount]) -> str:
    """Return a table of the arrays."""
    width = max([len("ARRAY"), *(len(one.array) for one in counts)])
    lines = [f"{'ARRAY':<{width}}  {'CHILDREN':>9}  {'WITH LOG':>9}  {'LOGS':>7}  {'SIZE':>10}"]
    lines += [
        f"{one.array:<{width}}  {one.children:>9,}  {one.heard:>9,}  {one.logs:>7,}"
        f"  {size_text(one.size_bytes):>10}"
        for one in counts
    ]
    return "\n".join(lines)
