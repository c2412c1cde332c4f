"""A directory that is a replica catalog: every file in it is where its name says.

Local directories are walked, `s3://` ones listed. Source: Pegasus, replica catalog `Directory` and
`pegasus-plan --input-dir`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.ports import ObjectInfo

ListObjects = Callable[[str], Iterator[ObjectInfo]]
"""Yields what lies below an `s3://` URL, in no order; the URLs begin with the one given."""

FILE_PREFIX = "file://"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryRules:
    """How files become replicas."""

    site: str = "local"
    is_flat: bool = False
    """LFNs are names alone, without their folders."""
    url_prefix: str = FILE_PREFIX
    """What goes before the path of a local file."""


def read_directory(
    place: str, rules: DirectoryRules, wanted: Collection[str], list_objects: ListObjects
) -> ReplicaCatalog:
    """Return the files below a directory that a workflow names.

    Shapes: place is a local path or an `s3://` URL; replicas of one LFN are ordered by path.
    Errors: InputError where a local directory is not there; those of list_objects.
    """
    found: dict[str, list[Replica]] = {}
    entries = 0
    for name, pfn in sorted(_files(place, rules, list_objects)):
        entries += 1
        lfn = name.rpartition("/")[2] if rules.is_flat else name
        if lfn in wanted:
            found.setdefault(lfn, []).append(Replica(site=rules.site, pfn=pfn, where=place))
    return ReplicaCatalog(
        source=place,
        replicas={lfn: tuple(replicas) for lfn, replicas in found.items()},
        entries=entries,
    )


def _files(
    place: str, rules: DirectoryRules, list_objects: ListObjects
) -> Iterator[tuple[str, str]]:
    """Yield (path below the directory, PFN) of every file."""
    if place.startswith("s3://"):
        base = place.rstrip("/") + "/"
        for info in list_objects(place):
            name = info.url.removeprefix(base)
            if name and not name.endswith("/"):
                yield name, info.url
        return
    folder = Path(place).absolute()
    if not folder.is_dir():
        raise InputError(
            "there is no such directory", where=place, hint="check the path; or is it a file?"
        )
    # A bare path is taken as it is; behind `file://` it would have to be percent-encoded.
    prefix = "" if rules.url_prefix in (FILE_PREFIX, "file:") else rules.url_prefix
    for path in _walk(folder):
        yield path.relative_to(folder).as_posix(), f"{prefix}{path}"


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files, through links too; a folder that holds itself is gone through once."""
    seen: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        stat = Path(parent).stat()
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        yield from (path for name in files if (path := Path(parent, name)).is_file())
