"""What a program is run with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 5.0
"""Between TERM and KILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run."""

    argv: Sequence[str]
    executable: str
    """A path, or a name to be found on PATH."""
    directory: Path
    environment: Mapping[str, str]
    stdin: Path | None = None
    """None: nothing to read."""
    timeout_seconds: float | None = None
    checkpoint_seconds: float | None = None
    """When it is told to end so that it can still write its checkpoint files."""
    grace_seconds: float = GRACE_SECONDS
