"""What `pegbatch-aws-batch` says while it works: on stderr, or in numbered log files."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pegbatch.adapters.private_files import FILE_MODE
from pegbatch.errors import OutsideError

LEVELS = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
"""Pegasus's names of levels."""
FILES_MAX = 1000
"""`F.000` to `F.999`, as Pegasus numbers them."""

logger = logging.getLogger("pegbatch")


@contextmanager
def open_talk(level: str, log_file: str | None) -> Iterator[None]:
    """Say what is logged on stderr, or in the next free `log_file.NNN`.

    Errors: OutsideError where the file cannot be written, or all 1,000 are there.
    """
    handler: logging.Handler
    handler = _numbered(log_file) if log_file else logging.StreamHandler(sys.stderr)
    pattern = "%(asctime)s %(levelname)s %(message)s" if log_file else "pegbatch: %(message)s"
    handler.setFormatter(logging.Formatter(pattern))
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(LEVELS[level])
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _numbered(log_file: str) -> logging.Handler:
    for number in range(FILES_MAX):
        path = Path(f"{log_file}.{number:03}")
        try:
            # Made at once, so that two commands never write into one file.
            path.touch(mode=FILE_MODE, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutsideError(
                f"cannot write: {error.strerror}", where=str(path), hint="give another --log-file"
            ) from error
        return logging.FileHandler(path, encoding="utf-8")
    raise OutsideError(
        f"{FILES_MAX} log files are there already", where=log_file, hint="give another --log-file"
    )
