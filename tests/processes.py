"""What has become of a process that is not a child of the test."""

from __future__ import annotations

from pathlib import Path


def gone(pid: int) -> bool:
    """Say whether a process has ended, whether or not its parent has taken note of it."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
