#!/usr/bin/env python3
"""Unpack a zip file into the task's directory and become the script in it.

Sent along with tasks of job files whose program is a zip file: `run_zip ARCHIVE SCRIPT WORD...`.
It runs by itself, in whatever Python the image has.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

NOT_STARTED = 1
USAGE = 2


def main(words: list[str]) -> int:
    """Return an exit code where the script could not be started."""
    if len(words) < USAGE:
        return _complain("the arguments of a zip file begin with the script inside", USAGE)
    archive, script, *rest = words
    try:
        _unpack(archive)
        _become(Path(script), rest)
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        return _complain(f"{script} of {archive} cannot be started: {error}", NOT_STARTED)
    return NOT_STARTED


def _unpack(archive: str) -> None:
    with ZipFile(archive) as packed:
        for member in packed.infolist():
            path = PurePosixPath(member.filename)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"the name {member.filename!r} would leave the task's directory")
            if not member.is_dir() and os.path.lexists(member.filename):
                # An input that other tasks of this container may share.
                raise ValueError(f"{member.filename} is a file of the task already")
        packed.extractall()


def _become(script: Path, words: list[str]) -> None:
    script.chmod(0o755)
    argv = [str(Path.cwd() / script), *words]
    try:
        os.execv(argv[0], argv)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # Without a first line that names an interpreter it is one for the shell.
    os.execv("/bin/sh", ["/bin/sh", *argv])


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"run_zip: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
