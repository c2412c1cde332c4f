"""Bytes and names that a power loss leaves in place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pegbatch.engine.parallel import map_parallel

FEW_FILES = 1024
"""So many are handed to threads one by one, of more several at a time: a hand-over takes longer
than to sync a small file."""


def sync_tree(folder: Path) -> None:
    """Return when all files below a folder, and their names, are on the disk.

    Files are synced side by side: a file system brings many of them to the disk in one go.
    Errors: OSError where the disk does not take them.
    """
    folders = [(place, names) for place, _, names in os.walk(folder)]
    files = [f"{place}/{name}" for place, names in folders for name in names]
    share = len(files) // FEW_FILES + 1
    shares = (files[first : first + share] for first in range(0, len(files), share))
    for _ in map_parallel(_sync_all, shares):
        pass
    for place, _ in folders:
        sync_folder(Path(place))


def sync_folder(folder: Path) -> None:
    """Return when the names in one folder are on the disk, where its file system can say so."""
    with suppress(OSError):
        _sync(folder)


def _sync_all(paths: Iterable[str]) -> None:
    for path in paths:
        _sync(path)


def _sync(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_of(path: Path) -> Path:
    """Return the mount point of the disk that a path lies on, or would lie on."""
    place = path.absolute()
    while not place.exists() or not place.is_mount():
        place = place.parent
    return place


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; what was made is taken away again after a failure."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in missing:
            try:
                place.rmdir()
            except OSError:
                break  # somebody else has put something there
        raise
