"""The directories in which tasks run: each task gets one that is as new.

Making and removing a directory takes as long as starting a small program, so one that is empty
again is given to the next task; one that is not as it was made is given to nobody.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

from pegbatch.worker.scratch import remove_tree


class TaskDirectories:
    """Directories below a folder, for tasks that run one after another."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made when it is needed."""
        self._folder = folder
        self._spare: Path | None = None
        self._as_made = (0, 0)
        """Mode and inode of the one that is in use, or spare."""

    def take(self) -> Path:
        """Return an empty directory.

        Errors: OSError.
        """
        spare, self._spare = self._spare, None
        return spare or self._make()

    def give_back(self, directory: Path) -> None:
        """Empty the directory of a task that has ended; what cannot be removed stays."""
        with suppress(OSError):
            # A task may have put anything in its place, a link to what is not ours among it.
            if _look(directory) == self._as_made and _is_emptied(directory):
                self._spare = directory
            elif directory.is_symlink():
                directory.unlink()
            else:
                remove_tree(directory)

    def _make(self) -> Path:
        self._folder.mkdir(exist_ok=True)
        for number in count():
            directory = self._folder / (f"task{number}" if number else "task")
            with suppress(FileExistsError):
                directory.mkdir()
                self._as_made = _look(directory)
                return directory
        raise AssertionError("numbers do not end")


def _look(directory: Path) -> tuple[int, int]:
    status = os.lstat(directory)
    return status.st_mode, status.st_ino


def _is_emptied(directory: Path) -> bool:
    """Remove what a task has left, if all of it are files; tell whether nothing is left."""
    try:
        with os.scandir(directory) as entries:
            for entry in list(entries):
                # Not a Path each: for small tasks every microsecond here counts.
                os.unlink(entry.path)  # noqa: PTH108
    except OSError:
        return False
    return True
