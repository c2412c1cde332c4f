"""Files and folders that are this user's alone, whatever the umask says: they may hold secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from pegbatch.errors import OutsideError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_ROOT = 0


def open_private(path: Path | str, *, append: bool = False) -> BinaryIO:
    """Open a file for writing, emptied or at its end; its mode is put right before it is written.

    Errors: OSError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_APPEND if append else 0)
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        if not append:
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "ab" if append else "wb")
    except BaseException:
        os.close(descriptor)
        raise


def write_private(path: Path, data: bytes) -> None:
    """Write a whole file.

    Errors: OSError.
    """
    with open_private(path) as file:
        file.write(data)


def replace_private(path: Path, data: bytes) -> None:
    """Write a whole file that others read meanwhile: they see the old one, or this one.

    Errors: OSError.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_private(draft, data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def make_private(path: Path) -> None:
    """Make sure that a file is there, and this user's alone; what is in it stays.

    Shapes: also for those who open files themselves, as SQLite does.
    Errors: OSError.
    """
    open_private(path, append=True).close()


def private_folder(folder: Path) -> None:
    """Make sure that a folder is there, and this user's alone.

    Errors: OutsideError where it is another user's, who could plant what we then believe; OSError.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid() and os.getuid() != _ROOT:
        raise OutsideError(
            "this folder belongs to another user",
            where=str(folder),
            hint="choose a place of your own with --dir",
        )
    if stat.S_IMODE(status.st_mode) & ~FOLDER_MODE:
        folder.chmod(FOLDER_MODE)
