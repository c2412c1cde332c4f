"""Left-overs of writers that were killed."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

OLD_SECONDS = 600.0
_DRAFT = re.compile(r".#\d+\Z")


def sweep_drafts(buckets: Path, older_than_seconds: float = OLD_SECONDS) -> int:
    """Delete what writers left unfinished below a folder of buckets, and return how many.

    Shapes: obstore writes `name#1` and renames it; no key may end so, hence nothing else is hit.
    Young ones stay, somebody may be writing them.
    """
    found = 0
    limit = time.time() - older_than_seconds
    for root, _, files in os.walk(buckets):
        for name in filter(_DRAFT.search, files):
            path = Path(root) / name
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()
                    found += 1
    return found
