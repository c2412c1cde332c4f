"""The stored files that a record names: what a failed task says that it could not use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pegbatch.model.layout import DATA_FOLDERS, join_url

_INPUT = re.compile(r"/inputs/([0-9a-f]{64})(?![0-9a-f])")


class NamedFiles:
    """Finds the inputs, and the files of one run, in the reasons of records."""

    def __init__(self, run_url: str) -> None:
        """Take the run's URL."""
        folders = "|".join(re.escape(join_url(run_url, folder)) for folder in DATA_FOLDERS)
        self._file = re.compile(rf"(?:{folders})/[^\n]+?(?=: |$)", re.MULTILINE)

    def checksums(self, reason: str) -> Iterator[str]:
        """Yield the checksums of the inputs that are named."""
        for found in _INPUT.finditer(reason):
            yield found[1]

    def files(self, reason: str) -> Iterator[str]:
        """Yield the URLs of the files of the run that are named."""
        for found in self._file.finditer(reason):
            if _stays_inside(found[0]):
                yield found[0]

    def names_any(self, reason: str) -> bool:
        """Say whether any file is named."""
        every = (self.checksums(reason), self.files(reason))
        return any(next(found, None) is not None for found in every)


def checksum_in(url: str) -> str | None:
    """Return the checksum in the URL of an input; None of another URL."""
    found = _INPUT.search(url)
    return None if found is None else found[1]


def _stays_inside(url: str) -> bool:
    return not {"", ".", ".."}.intersection(url.partition("://")[2].split("/")[1:])
