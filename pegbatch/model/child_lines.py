"""Child lines: what a worker says of its own attempt, among its records (docs/formats.md)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

LINE_START = b'{"child":'
"""Tells such a line from a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLine:
    """One attempt at one bag, as the worker that ran it saw it."""

    bag: int
    try_: int
    """`try` in JSON."""
    attempt: int
    """From 1."""
    host: str
    start: float
    """Seconds since the epoch, as `end`; of its process, as Batch bills it."""
    end: float | None = None
    """None while the bag is not done: a child that was killed leaves it so."""
    exit_code: int | None = None
    again: bool = False
    """It asks to be started again."""
    reason: str = ""
    """Why it ended before its bag was done; empty where it did not."""


def child_line(line: ChildLine) -> bytes:
    """Return the line as it stands in a records file, newline included."""
    told = {
        "bag": line.bag,
        "try": line.try_,
        "attempt": line.attempt,
        "host": line.host,
        "start": line.start,
        "end": line.end,
        "exit_code": line.exit_code,
        "again": line.again,
        "reason": line.reason,
    }
    return json.dumps({"child": told}).encode() + b"\n"


def find_child_line(data: bytes) -> ChildLine | None:
    """Return the last sound child line of a records file; None where there is none."""
    end = len(data)
    while (start := _last_start(data, end)) >= 0:
        line = _parse(data[start:end].partition(b"\n")[0])
        if line is not None:
            return line
        end = start
    return None


def _last_start(data: bytes, end: int) -> int:
    """Return where the last child line before a place begins; -1 where there is none."""
    at = data.rfind(b"\n" + LINE_START, 0, end)
    if at >= 0:
        return at + 1
    return 0 if end > 0 and data.startswith(LINE_START) else -1


def _parse(text: bytes) -> ChildLine | None:
    try:
        return _read(json.loads(text)["child"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _read(told: dict[str, Any]) -> ChildLine:
    end, exit_code = told["end"], told["exit_code"]
    if not all(map(math.isfinite, (told["start"], end or 0.0))):
        raise ValueError("not a time")
    return ChildLine(
        bag=int(told["bag"]),
        try_=int(told["try"]),
        attempt=int(told["attempt"]),
        host=str(told["host"]),
        start=float(told["start"]),
        end=None if end is None else float(end),
        exit_code=None if exit_code is None else int(exit_code),
        again=told["again"] is True,
        reason=str(told.get("reason", "")),
    )
