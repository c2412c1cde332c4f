"""Gathering all that says where files lie: catalogs, caches, earlier runs, directories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pegbatch.adapters.directory_replicas import DirectoryRules, ListObjects, read_directory
from pegbatch.adapters.files import read_input
from pegbatch.errors import Gathering, InputError, ObjectMissing, Problem
from pegbatch.model.catalogs import Replica, ReplicaCatalog
from pegbatch.model.layout import PLAN_FILE, REGISTERED_FILE
from pegbatch.model.replica_sources import ReplicaSource, ReplicaSources, SourceKind
from pegbatch.model.settings import Settings
from pegbatch.parse.catalogs import read_replicas
from pegbatch.parse.variables import AsWritten
from pegbatch.planner.urls import local_path

REPLICA_TYPE = "pegasus.catalog.replica"
CACHE_ADDS = f"{REPLICA_TYPE}.cache.asrc"
INLINE_ADDS = f"{REPLICA_TYPE}.dax.asrc"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedReplicas:
    """What the command line names, each as it stands there."""

    handed_over: tuple[str, ...] = ()
    """Of a sub-workflow: what the outer one hands over."""
    caches: tuple[str, ...] = ()
    reuse: tuple[str, ...] = ()
    input_dirs: tuple[str, ...] = ()
    inherited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The sources of a plan, and the files they come from."""

    sources: ReplicaSources
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...]


def gather_replicas(
    named: NamedReplicas,
    settings: Settings,
    inline: ReplicaCatalog | None,
    catalog: ReplicaCatalog,
    lfns: Sequence[str],
    environment: Mapping[str, str],
    list_objects: ListObjects,
) -> Gathered:
    """Read what the command line names, and put all sources in their order.

    Shapes: of directories and earlier runs only the files in lfns are kept.
    Errors: InputError with the problems of all of them; OutsideError where S3 cannot be listed.
    """
    gathering = Gathering()
    is_directory = settings.get(REPLICA_TYPE).strip().lower() == "directory"
    wanted = frozenset(lfns) if named.reuse or named.input_dirs or is_directory else frozenset()
    read = _Reader(gathering, wanted, environment, list_objects)
    better = (
        read.source("handed-over", map(read.file, named.handed_over)),
        read.source("cache", map(read.file, named.caches), not _is_set(settings, CACHE_ADDS)),
        read.source("reuse", map(read.earlier_run, named.reuse)),
        read.source("input-dir", map(read.directory, named.input_dirs)),
    )
    inherited = read.source("inherited", map(read.file, named.inherited))
    if is_directory:
        catalog = read.catalog_directory(settings) or catalog
    gathering.finish()
    found = [*(source for source in better if source), *([inherited] if inherited else [])]
    return Gathered(
        sources=ReplicaSources.plain(
            inline,
            catalog,
            better=tuple(source for source in better if source),
            inherited=(inherited,) if inherited else (),
            inline_exclusive=not _is_set(settings, INLINE_ADDS),
        ),
        files=tuple(Path(name) for name in (*named.caches, *named.inherited)),
        warnings=tuple(problem for source in found for problem in source.catalog.warnings),
    )


def _is_set(settings: Settings, key: str) -> bool:
    return settings.get(key).strip().lower() == "true"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one source after another; what is wrong is gathered."""

    gathering: Gathering
    wanted: Collection[str]
    environment: Mapping[str, str]
    list_objects: ListObjects

    def source(
        self, kind: SourceKind, catalogs: Iterable[ReplicaCatalog | None], exclusive: bool = True
    ) -> ReplicaSource | None:
        """Return one source of several catalogs; None where there is none."""
        found = [catalog for catalog in catalogs if catalog is not None]
        return ReplicaSource(kind, _merged(found), exclusive) if found else None

    def file(self, name: str) -> ReplicaCatalog | None:
        """Read a File or YAML catalog."""
        return self.gathering.attempt(
            lambda: read_replicas(read_input(Path(name)), name, self.environment)
        )

    def directory(self, place: str) -> ReplicaCatalog | None:
        """Take the files of a directory."""
        return self.gathering.attempt(
            lambda: read_directory(place, DirectoryRules(), self.wanted, self.list_objects)
        )

    def catalog_directory(self, settings: Settings) -> ReplicaCatalog | None:
        """Take the directory that is the replica catalog."""
        return self.gathering.attempt(
            lambda: read_directory(*_directory(settings), self.wanted, self.list_objects)
        )

    def earlier_run(self, place: str) -> ReplicaCatalog | None:
        """Take what the run of a submit directory registered; of another directory, its files."""
        if not place.startswith("s3://") and Path(place, PLAN_FILE).is_file():
            return self.gathering.attempt(lambda: self._registered(Path(place, REGISTERED_FILE)))
        return self.directory(place)

    def _registered(self, path: Path) -> ReplicaCatalog:
        if not path.is_file():
            warning = Problem(
                f"this run has registered no outputs: there is no {path.name}",
                str(path.parent),
                "run it to its end, with pegasus.register as it is by default",
            )
            return ReplicaCatalog(source=str(path), replicas={}, warnings=(warning,))
        return self._existing(read_replicas(read_input(path), str(path), AsWritten()))

    def _existing(self, catalog: ReplicaCatalog) -> ReplicaCatalog:
        """Leave out what is gone since: files are looked at, folders of buckets listed once."""
        wanted = {lfn: of for lfn, of in catalog.replicas.items() if lfn in self.wanted}
        on_s3 = {r.pfn for of in wanted.values() for r in of if r.pfn.startswith("s3://")}
        there = set(_listed(on_s3, self.list_objects))
        kept = {
            lfn: found
            for lfn, of in wanted.items()
            if (found := tuple(replica for replica in of if _is_there(replica, there)))
        }
        warnings = catalog.warnings
        if len(kept) < len(wanted):
            message = f"{len(wanted) - len(kept)} of the files registered here are gone"
            warnings += (Problem(message, catalog.source, "what made them is run again"),)
        return replace(catalog, replicas=kept, warnings=warnings)


def _is_there(replica: Replica, on_s3: Collection[str]) -> bool:
    if replica.pfn.startswith("s3://"):
        return replica.pfn in on_s3
    path = local_path(replica.pfn)
    return path is None or Path(path).is_file()


def _listed(urls: Collection[str], list_objects: ListObjects) -> Iterator[str]:
    """Yield those of the URLs that exist, with one listing a folder."""
    for folder in sorted({url.rpartition("/")[0] for url in urls}):
        try:
            yield from (info.url for info in list_objects(folder) if info.url in urls)
        except ObjectMissing:
            continue  # not even the bucket is there


def _merged(catalogs: list[ReplicaCatalog]) -> ReplicaCatalog:
    if len(catalogs) == 1:
        return catalogs[0]
    replicas: dict[str, tuple[Replica, ...]] = {}
    for catalog in catalogs:
        for lfn, found in catalog.replicas.items():
            replicas[lfn] = replicas.get(lfn, ()) + found
    return ReplicaCatalog(
        source=", ".join(catalog.source for catalog in catalogs),
        replicas=replicas,
        patterns=tuple(pattern for catalog in catalogs for pattern in catalog.patterns),
        entries=sum(catalog.entries for catalog in catalogs),
        warnings=tuple(problem for catalog in catalogs for problem in catalog.warnings),
    )


def _directory(settings: Settings) -> tuple[str, DirectoryRules]:
    """Return the directory that is the replica catalog, and its rules.

    Errors: InputError where the properties name none.
    Source: Pegasus user guide, replica catalog "Directory".
    """
    key = f"{REPLICA_TYPE}.directory"
    place = settings.get(key).strip()
    if not place:
        raise InputError(
            f"the replica catalog is a Directory, and {key} names none",
            where=settings.where(REPLICA_TYPE),
            hint=f"set {key} to a path or an s3:// URL",
        )
    rules = DirectoryRules()
    return place, DirectoryRules(
        site=settings.get(f"{key}.site").strip() or rules.site,
        is_flat=_is_set(settings, f"{key}.flat.lfn"),
        url_prefix=settings.get(f"{key}.url.prefix").strip() or rules.url_prefix,
    )
