"""Where pegbatch keeps what it can do without: below the user's cache (XDG base directories)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pegbatch.adapters.s3_logins import home_directory

CHECKSUMS = "checksums.db"
"""Checksums of local inputs."""
WATCHED = "watched"
"""Folder of the runs that `pegasus-run` has left a watcher for."""


def kept_file(environment: Mapping[str, str], name: str) -> Path | None:
    """Return where a file or folder of that name is kept; None where the user has no place."""
    cache = environment.get("XDG_CACHE_HOME")
    home = home_directory(environment)
    if cache and Path(cache).is_absolute():
        return Path(cache) / "pegbatch" / name
    return home / ".cache" / "pegbatch" / name if home else None
