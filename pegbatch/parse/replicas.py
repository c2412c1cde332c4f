"""What all layouts of the replica catalog do alike: checksums, and replicas by LFN."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pegbatch.model.catalogs import Replica, ReplicaCatalog
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


def warn_of_regex(reading: Reading, line: int, pattern: str) -> None:
    """Tell that a regular expression is known but matches nothing yet."""
    reading.warn(line, f"regex replicas are not supported yet; {pattern!r} matches nothing")


def build_replicas(
    reading: Reading, version: str, replicas: Iterable[tuple[str, Replica]], entries: int
) -> ReplicaCatalog:
    """Put the replicas of a file together, in the order written.

    Errors: InputError with all problems that the reading has met.
    """
    reading.finish()
    by_lfn: dict[str, list[Replica]] = {}
    for lfn, replica in replicas:
        by_lfn.setdefault(lfn, []).append(replica)
    return ReplicaCatalog(
        source=reading.source,
        replicas={lfn: tuple(found) for lfn, found in by_lfn.items()},
        version=version,
        entries=entries,
        warnings=tuple(reading.warnings),
    )
