"""Files that appear whole or not at all: what breaks off leaves what was there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_LONGEST_NAME = 40
"""Characters of the file's own name in that of its draft, which must not get too long."""


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Lend a draft beside the file, which takes its name and its mode at the end.

    Shapes: what is no plain file, a pipe, a device or a link, is written as it stands. No link is
    followed that somebody else may have put in the draft's place.
    Errors: OSError.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with path.open("wb") as file:
            yield file
        return
    draft = path.with_name(f".{path.name[:_LONGEST_NAME]}.{os.getpid()}.unfinished")
    draft.unlink(missing_ok=True)
    try:
        with draft.open("xb") as file:
            yield file
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
