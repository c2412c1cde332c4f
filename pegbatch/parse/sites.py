"""What both layouts of the site catalog do alike: check words, put sites together."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.model.catalogs import DirectoryKind, Site, SiteCatalog
from pegbatch.parse.names import ARCHITECTURES, OPERATIONS, directory_kind
from pegbatch.parse.reading import Reading


def check_architecture(reading: Reading, line: int, text: str) -> None:
    """Warn of an architecture that Pegasus does not know; none at all is fine."""
    if text and text.lower() not in ARCHITECTURES and not reading.is_open(text):
        reading.warn(line, f"unknown arch {text!r}")


def check_directory(reading: Reading, line: int, text: str) -> DirectoryKind | None:
    """Return a directory's kind; one that does not exist is a problem."""
    kind = directory_kind(text)
    if kind is None and text and not reading.is_open(text):
        reading.refuse(
            line,
            f"unknown directory type {text!r}",
            "it is shared-scratch, shared-storage, local-scratch or local-storage",
        )
    return kind


def check_operation(reading: Reading, line: int, text: str) -> str:
    """Return what a file server is for: all, get or put; anything else is a problem."""
    operation = text.lower()
    if operation not in OPERATIONS and not reading.is_open(text):
        reading.refuse(line, f"unknown operation {text!r}", "it is all, get or put")
    return operation


def build_sites(reading: Reading, version: str, sites: Sequence[Site]) -> SiteCatalog:
    """Put the sites of a file together; of two with one name the last counts, with a warning.

    Errors: InputError with all problems that the reading has met.
    """
    by_name: dict[str, Site] = {}
    for site in sites:
        if site.name in by_name:
            line = int(site.where.rpartition(":")[2])
            before = by_name[site.name].where
            reading.warn(line, f"site {site.name} is written before, at {before}; the last counts")
        by_name[site.name] = site
    reading.finish()
    return SiteCatalog(
        source=reading.source,
        sites=by_name,
        version=version,
        entries=len(sites),
        warnings=tuple(reading.warnings),
    )
