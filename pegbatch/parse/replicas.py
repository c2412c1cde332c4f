"""What all layouts of the replica catalog do alike: checksums, patterns, replicas by LFN."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pegbatch.model.catalogs import Replica, ReplicaCatalog, ReplicaPattern
from pegbatch.parse.java_regex import translate_java
from pegbatch.parse.reading import Reading

_SHA256 = re.compile("[0-9a-f]{64}")


def checksum(reading: Reading, line: int, text: str) -> str | None:
    """Return a SHA-256 in lower case; a value that is none is a problem."""
    digits = text.lower()
    if _SHA256.fullmatch(digits):
        return digits
    if not reading.is_open(text):
        reading.refuse(line, f"{text!r} is no SHA-256: it takes 64 hexadecimal digits")
    return None


class Entry(NamedTuple):
    """One place of one file, or of all files that a pattern matches."""

    lfn: str
    replica: Replica
    line: int
    is_pattern: bool = False


def build_replicas(
    reading: Reading, version: str, found: Iterable[Entry], entries: int
) -> ReplicaCatalog:
    """Put the replicas of a file together, in the order written.

    Errors: InputError with all problems that the reading has met.
    """
    by_lfn: dict[str, list[Replica]] = {}
    by_pattern: dict[str, list[Replica]] = {}
    expressions: dict[str, re.Pattern[str]] = {}
    for entry in found:
        if not entry.is_pattern:
            by_lfn.setdefault(entry.lfn, []).append(entry.replica)
        elif entry.lfn in expressions or _take_pattern(reading, entry, expressions):
            by_pattern.setdefault(entry.lfn, []).append(entry.replica)
    reading.finish()
    return ReplicaCatalog(
        source=reading.source,
        replicas={lfn: tuple(replicas) for lfn, replicas in by_lfn.items()},
        patterns=tuple(
            ReplicaPattern(expressions[text], tuple(replicas))
            for text, replicas in by_pattern.items()
        ),
        version=version,
        entries=entries,
        warnings=tuple(reading.warnings),
    )


def _take_pattern(reading: Reading, entry: Entry, expressions: dict[str, re.Pattern[str]]) -> bool:
    """Translate an expression; one that Python cannot match with is a problem."""
    try:
        expressions[entry.lfn] = translate_java(entry.lfn)
    except ValueError as error:
        reading.refuse(entry.line, f"regex {entry.lfn!r}: {error}")
        return False
    return True
