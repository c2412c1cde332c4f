"""A directory as a transformation catalog: each file in it is a program that can be sent."""

from __future__ import annotations

import os
from pathlib import Path

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Transformation, TransformationCatalog, TransformationSite
from pegbatch.parse.names import transformation_name


def transformations_in(directory: Path) -> TransformationCatalog:
    """Return a stageable transformation at site `local` for each file of a directory.

    Shapes: names are the paths below the directory; hidden files are left out.
    Errors: InputError where it is no directory that can be read.
    Source: Pegasus user guide, transformation catalog "Directory".
    """
    try:
        files = sorted(_files(directory))
    except OSError as error:
        raise InputError(
            f"cannot be read: {(error.strerror or str(error)).lower()}",
            where=str(directory),
            hint="--transformations-dir takes a directory of executables",
        ) from error
    entries = [_entry(path, directory) for path in files]
    return TransformationCatalog(
        source=str(directory),
        transformations={entry.name: entry for entry in entries},
        entries=len(entries),
    )


def _files(directory: Path) -> list[Path]:
    found = []
    for entry in os.scandir(directory):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += _files(Path(entry.path))
        elif entry.is_file():
            found.append(Path(entry.path))
    return found


def _entry(path: Path, directory: Path) -> Transformation:
    place = TransformationSite(
        site="local", pfn=str(path.absolute()), kind="stageable", where=str(path)
    )
    name = transformation_name(path.relative_to(directory).as_posix())
    return Transformation(name=name, sites=(place,), where=str(path))
