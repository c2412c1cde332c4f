"""Runs that `pegasus-run` has started and that go on: `condor_q` is asked by their number."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pegbatch.adapters.private_files import private_folder, write_private
from pegbatch.cli.kept_files import WATCHED, kept_file
from pegbatch.errors import OutsideError

_NUMBER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def remember(number: str, submit_dir: Path) -> None:
    """Note which submit directory has a number; where nothing can be kept, `condor_q` knows less.

    Shapes: number is `root_wf_uuid` of its braindump.yml.
    """
    folder = kept_file(os.environ, WATCHED)
    if folder is None or not _NUMBER(number):
        return
    with suppress(OSError, OutsideError):
        private_folder(folder)
        draft = folder / f".{number}.{os.getpid()}"
        write_private(draft, os.fsencode(submit_dir))
        draft.replace(folder / number)


def forget(number: str) -> None:
    """Take a run out that is over."""
    folder = kept_file(os.environ, WATCHED)
    if folder is not None and _NUMBER(number):
        with suppress(OSError):
            (folder / number).unlink(missing_ok=True)


def remembered(number: str | None = None) -> Iterator[Path]:
    """Yield the submit directory of that number, or all that are known."""
    folder = kept_file(os.environ, WATCHED)
    if folder is None or (number is not None and not _NUMBER(number)):
        return
    for name in _names(folder) if number is None else (number,):
        with suppress(OSError):
            yield Path(os.fsdecode((folder / name).read_bytes()))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if _NUMBER(path.name))
    except OSError:
        return []
