"""Writing what a run has registered: beside its plan, and into the catalog that the user names."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.files import read_input
from pegbatch.adapters.private_files import make_private
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.catalogs import ReplicaCatalog
from pegbatch.model.layout import REGISTERED_FILE
from pegbatch.model.registered import RegisteredFile
from pegbatch.parse.catalogs import read_replicas
from pegbatch.parse.variables import AsWritten
from pegbatch.report.replica_catalogs import file_lines, yaml_lines

OUTPUT_TYPE = "pegasus.catalog.replica.output"
OUTPUT_FILE = f"{OUTPUT_TYPE}.file"
TYPES = {"": yaml_lines, "yaml": yaml_lines, "file": file_lines, "simplefile": file_lines}


@dataclass(frozen=True, slots=True)
class OutputCatalog:
    """The catalog that the properties name for outputs."""

    path: Path
    is_yaml: bool


def output_catalog(properties: Mapping[str, str], folder: Path) -> OutputCatalog | None:
    """Return where outputs are registered besides the submit directory, or None.

    Shapes: a relative name starts at folder.
    Errors: InputError for a type that pegbatch does not write.
    Source: Pegasus user guide, pegasus.catalog.replica.output.
    """
    kind = properties.get(OUTPUT_TYPE, "").strip().lower()
    if kind not in TYPES:
        raise InputError(
            f"{OUTPUT_TYPE} = {kind}: catalogs of this type are not written",
            hint="use YAML or File, and -Dpegasus.register=false to plan without",
        )
    name = properties.get(OUTPUT_FILE, "").strip()
    return OutputCatalog(folder / name, TYPES[kind] is yaml_lines) if name else None


def write_registered(
    submit_dir: Path, named: OutputCatalog | None, files: Sequence[RegisteredFile]
) -> None:
    """Write the catalog of the submit directory, and add to the one that is named.

    Errors: OutsideError where one cannot be written; InputError where the named one is there and
    cannot be read, or holds patterns, which would not survive.
    """
    _write(submit_dir / REGISTERED_FILE, yaml_lines(files), private=True)
    if named is None:
        return
    try:
        named.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(named.path, error) from error
    with _held(named.path.parent):
        known = [*_others(named.path, files), *files] if named.path.exists() else files
        _write(named.path, yaml_lines(known) if named.is_yaml else file_lines(known))


def _others(path: Path, files: Iterable[RegisteredFile]) -> Iterator[RegisteredFile]:
    """Yield what a catalog holds already, but for places that are written anew."""
    catalog = read_replicas(read_input(path), str(path), AsWritten())
    _refuse_patterns(catalog)
    new = {(file.lfn, file.pfn) for file in files}
    for lfn, replicas in catalog.replicas.items():
        for replica in replicas:
            if (lfn, replica.pfn) not in new:
                yield RegisteredFile(
                    lfn=lfn,
                    pfn=replica.pfn,
                    site=replica.site,
                    sha256=replica.sha256,
                    size_bytes=None,
                )


def _refuse_patterns(catalog: ReplicaCatalog) -> None:
    if catalog.patterns:
        raise InputError(
            "outputs are not registered in a catalog with regular expressions",
            where=catalog.patterns[0].replicas[0].where,
            hint=f"name another file in {OUTPUT_FILE}",
        )


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other runs out while a catalog that they may share is read and written."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, lines: Iterable[str], *, private: bool = False) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if private:
            make_private(draft)
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutsideError:
    return OutsideError(
        f"outputs cannot be registered: {(error.strerror or str(error)).lower()}",
        where=str(path),
        hint="free some space or give permission, then run `pegbatch fetch`",
    )
