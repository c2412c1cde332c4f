"""Registered outputs: what a run adds to a replica catalog."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredFile:
    """One place of one file that a run has made, or taken over from an earlier one."""

    lfn: str
    pfn: str
    """A URL; the path of a `file://` one is percent-encoded."""
    site: str
    sha256: str | None
    """None where an earlier run's catalog did not state it."""
    size_bytes: int | None
