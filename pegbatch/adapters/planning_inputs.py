"""Reading everything a plan is made from: workflow, catalogs, properties."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TypeVar

from pegbatch.adapters.files import SMALL_FILE_BYTES, open_input, read_input
from pegbatch.errors import Gathering, InputError, Problem
from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.settings import Settings
from pegbatch.model.workflow import Workflow
from pegbatch.parse.catalogs import (
    check_types,
    read_replicas,
    read_sites,
    read_transformations,
)
from pegbatch.parse.dax_xml import parse_dax
from pegbatch.parse.kinds import guess_kind, looks_like_xml
from pegbatch.parse.wfformat import parse_wfformat
from pegbatch.parse.workflow_yaml import parse_workflow

HEAD_BYTES = 4096
"""How much of a workflow file is looked at to tell XML from YAML."""

Catalog = TypeVar("Catalog")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogs:
    """The catalogs in force, and the files they come from."""

    sites: SiteCatalog
    transformations: TransformationCatalog
    replicas: ReplicaCatalog
    files: tuple[Path, ...] = ()


NO_CATALOGS = Catalogs(
    sites=SiteCatalog(source="", sites={}),
    transformations=TransformationCatalog(source="", transformations={}),
    replicas=ReplicaCatalog(source="", replicas={}),
)


_SITE_FILE = "pegasus.catalog.site.file"
_TRANSFORMATION_FILE = "pegasus.catalog.transformation.file"
_REPLICA_FILE = "pegasus.catalog.replica.file"
USUAL_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _SITE_FILE: ("sites.yml", "sites.xml"),
        _TRANSFORMATION_FILE: ("transformations.yml", "tc.txt"),
        _REPLICA_FILE: ("replicas.yml", "rc.txt"),
    }
)
"""By the property that names a catalog, where it lies where nothing names it."""
_FILE_FIRST = ("rc.txt", "replicas.yml")
_USUAL_REPLICAS = {"file": _FILE_FIRST, "simplefile": _FILE_FIRST, "regex": _FILE_FIRST}
"""Where a replica catalog of some type lies where nothing names it."""


def load_trace(path: Path) -> Workflow | None:
    """Read a WfFormat trace; None where the file is something else.

    Errors: InputError where it cannot be read, or is a malformed trace.
    """
    with open_input(path) as stream:
        head = stream.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not head.startswith(b"{"):
            return None
        data = head + stream.read()
    if guess_kind(data, str(path)) != "wfformat-json":
        return None
    return parse_wfformat(data, str(path))


def load_workflow(path: Path, environment: Mapping[str, str]) -> Workflow:
    """Read a workflow, DAX XML or Pegasus 5 YAML, whatever its name ends in.

    Errors: InputError where it cannot be read, is malformed, or is something else.
    """
    with open_input(path) as stream:
        parse = parse_dax if looks_like_xml(stream.read(HEAD_BYTES)) else parse_workflow
    with open_input(path) as stream:
        return parse(stream, str(path), environment)


def load_catalogs(
    settings: Settings,
    directory: Path,
    conf: Path | None,
    environment: Mapping[str, str],
    brought: Mapping[str, Path] = MappingProxyType({}),
    copies: Mapping[str, Path] = MappingProxyType({}),
) -> Catalogs:
    """Read the catalogs that the properties name, or that lie under their usual names.

    Shapes: a name is looked for in brought (files by the names that they have here), then it
    starts at `directory`, else at the folder of the properties file; of a file in copies (by its
    path) the copy is read, as if it lay there. A catalog that is neither named nor there is empty,
    as is a text file of replicas that is named and not there.
    Errors: InputError with the problems of all catalogs: one that is named is not there, or is
    of a type that pegbatch does not read; a malformed one.
    Source: Pegasus user guide, pegasus.catalog.*.file; SimpleFile.connect for what is not there.
    """
    folders = (directory, *((conf.parent,) if conf else ()))
    shelf = _Shelf(settings, folders, environment, brought, copies)
    shelf.gathering.attempt(lambda: check_types(settings))
    kind = settings.get("pegasus.catalog.replica").strip().lower()
    absent = _absent_replicas(settings, kind, folders, (*brought, *copies))
    usual = _USUAL_REPLICAS.get(kind, USUAL_NAMES[_REPLICA_FILE])
    catalogs = Catalogs(
        sites=shelf.load(_SITE_FILE, NO_CATALOGS.sites, read_sites, at_most=SMALL_FILE_BYTES),
        transformations=shelf.load(
            _TRANSFORMATION_FILE, NO_CATALOGS.transformations, read_transformations
        ),
        replicas=shelf.load(_REPLICA_FILE, NO_CATALOGS.replicas, read_replicas, usual)
        if absent is None
        else absent,
        files=tuple(shelf.files),
    )
    shelf.gathering.finish()
    return catalogs


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where catalogs are looked for, those that were found, and what is wrong with them."""

    settings: Settings
    folders: tuple[Path, ...]
    environment: Mapping[str, str]
    brought: Mapping[str, Path]
    copies: Mapping[str, Path]
    files: list[Path] = field(default_factory=list)
    gathering: Gathering = field(default_factory=Gathering)

    def load(
        self,
        key: str,
        empty: Catalog,
        read: Callable[[bytes, str, Mapping[str, str]], Catalog],
        usual: tuple[str, ...] = (),
        *,
        at_most: int | None = None,
    ) -> Catalog:
        """Read one catalog; the empty one where there is none, or it is malformed."""
        names = usual or USUAL_NAMES[key]
        path = self.gathering.attempt(
            lambda: _find(self.settings, key, names, self.folders, self.brought, self.copies)
        )
        if path is None:
            return empty
        self.files.append(path)
        place = self.copies.get(str(path), path)
        found = self.gathering.attempt(
            lambda: read(read_input(place, at_most=at_most), str(path), self.environment)
        )
        return empty if found is None else found


def _absent_replicas(
    settings: Settings, kind: str, folders: tuple[Path, ...], brought: Collection[str]
) -> ReplicaCatalog | None:
    """Return the empty catalog of who has none, or None where there is a file to be read."""
    named = settings.get(_REPLICA_FILE).strip()
    if kind == "directory":
        return NO_CATALOGS.replicas
    if kind not in _USUAL_REPLICAS or not named or _plain(named) in brought:
        return None
    if any((at / named).is_file() for at in folders):
        return None
    message = f"{_REPLICA_FILE} names {named}, and there is no such file: it is taken as empty"
    warning = Problem(message, settings.where(_REPLICA_FILE))
    return replace(NO_CATALOGS.replicas, warnings=(warning,))


def _plain(name: str) -> str:
    """Return a relative path without a leading `./`."""
    return str(PurePath(name))


def _find(
    settings: Settings,
    key: str,
    usual: tuple[str, ...],
    folders: tuple[Path, ...],
    brought: Mapping[str, Path],
    copies: Mapping[str, Path],
) -> Path | None:
    """Return the file of one catalog, or None where it is neither named nor there."""
    named = settings.get(key).strip()
    names = (named,) if named else usual
    for name in names:
        if _plain(name) in brought:
            return brought[_plain(name)]
    for name in names:
        for folder in folders:
            if str(folder / name) in copies or (folder / name).is_file():
                return folder / name
    if named:
        raise InputError(
            f"{key} names {named}, and there is no such file",
            where=settings.where(key),
            hint=f"looked in {' and '.join(dict.fromkeys(map(str, folders)))}",
        )
    return None


def with_inline(catalogs: Catalogs, workflow: Workflow) -> Catalogs:
    """Return the catalogs with those inside the workflow laid over them, entry by entry."""
    sites, transformations = workflow.sites, workflow.transformation_catalog
    return replace(
        catalogs,
        sites=catalogs.sites
        if sites is None
        else replace(
            sites,
            source=catalogs.sites.source or sites.source,
            sites={**catalogs.sites.sites, **sites.sites},
            warnings=catalogs.sites.warnings + sites.warnings,
        ),
        transformations=catalogs.transformations
        if transformations is None
        else replace(
            transformations,
            transformations={
                **catalogs.transformations.transformations,
                **transformations.transformations,
            },
            containers={**catalogs.transformations.containers, **transformations.containers},
            warnings=catalogs.transformations.warnings + transformations.warnings,
        ),
    )
