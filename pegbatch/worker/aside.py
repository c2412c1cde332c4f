"""Outputs that wait to be put, out of the way of the next task."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pegbatch.model.manifest import FileUse


@dataclass(frozen=True, slots=True)
class SetAside:
    """The outputs of one task."""

    paths: Mapping[str, Path]
    """By LFN."""
    size_bytes: int

    def remove(self) -> None:
        """Remove the files."""
        for path in self.paths.values():
            with suppress(OSError):
                path.unlink()


class Aside:
    """Takes outputs out of the directories of tasks; used in one thread."""

    def __init__(self, folder: Path) -> None:
        """Take an empty folder on the file system where the tasks run."""
        self._folder = folder
        self._number = 0

    def take(self, outputs: Iterable[FileUse], directory: Path, *, shared: bool) -> SetAside | None:
        """Give the outputs a second name; None where one cannot have it.

        Shapes: unless shared, an output that has another name already (an input is a link) cannot:
        a later task might write into it.
        """
        paths: dict[str, Path] = {}
        size_bytes = 0
        try:
            for use in outputs:
                path = f"{directory}/{use.lfn}"
                size_bytes += _size(path, shared=shared)
                self._number += 1
                target = self._folder / str(self._number)
                os.link(path, target)
                paths[use.lfn] = target
        except OSError:
            SetAside(paths, size_bytes).remove()
            return None
        return SetAside(paths, size_bytes)


def _size(path: str, *, shared: bool) -> int:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) or (status.st_nlink > 1 and not shared):
        raise FileExistsError
    return status.st_size
