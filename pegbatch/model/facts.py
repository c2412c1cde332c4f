"""Facts: what the planner must know of the outside, looked up once before planning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One local file that the run needs."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Answers to what the planner asked."""

    files: Mapping[str, FileFacts] = field(default_factory=dict)
    """By absolute path."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """By absolute path or URL: why a file could not be read (`No such file or directory`)."""
    brought: Mapping[str, str] = field(default_factory=dict)
    """By URL, of objects that only the client reaches: the path of its copy on this machine."""
