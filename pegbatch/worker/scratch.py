"""The child's working folder, and trees that tasks have left in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder of our own and remove it with everything in it, however the block ends."""
    folder = parent / f"pegbatch-{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder, read-only parts included; what cannot be removed stays."""
    try:
        folder.chmod(0o700)
        with os.scandir(folder) as entries:
            for entry in list(entries):
                if entry.is_dir(follow_symlinks=False):
                    remove_tree(Path(entry.path))
                else:
                    Path(entry.path).unlink()
        folder.rmdir()
    except OSError:
        # A task may have left what is not ours to remove; it must not fail for that.
        return
