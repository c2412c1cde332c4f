"""The folder in which a task is done again: a new one, and nothing left of it where it fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pegbatch.errors import InputError
from pegbatch.model.names import safe_name

PREFIX = "debug-"
FOLDER_MODE = 0o700


def folder_for(task_id: str, into: Path | None) -> Path:
    """Return the folder that is meant: the one that was named, else one called after the task."""
    return (into or Path(PREFIX + safe_name(task_id))).absolute()


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder that is empty; where the block fails, it is as before.

    Errors: InputError where something is there; OSError.
    """
    was_there = folder.exists() or folder.is_symlink()
    if was_there and not (folder.is_dir() and next(folder.iterdir(), None) is None):
        raise InputError(
            "there is something already, and it stays as it is",
            where=str(folder),
            hint="name a new folder with --into, or remove this one",
        )
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        for path in list(folder.iterdir()):
            _remove(path)
        if not was_there:
            folder.rmdir()
        raise


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
