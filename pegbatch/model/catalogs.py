"""Site, transformation and replica catalogs as parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pegbatch.errors import Problem
from pegbatch.model.hooks import Hooks
from pegbatch.model.profiles import Profiles

if TYPE_CHECKING:
    from pegbatch.model.workflow import TransformationName

DirectoryKind = Literal["shared-scratch", "shared-storage", "local-scratch", "local-storage"]
"""Site catalog directory types, in the XML spelling (YAML `sharedScratch` is `shared-scratch`)."""


@dataclass(frozen=True, slots=True)
class FileServer:
    """How a directory is reached from outside."""

    url: str
    operation: str
    """all, get or put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory of a site."""

    kind: DirectoryKind
    path: str
    file_servers: tuple[FileServer, ...]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site of a site catalog."""

    name: str
    arch: str = ""
    os: str = ""
    directories: tuple[Directory, ...] = ()
    profiles: Profiles = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCatalog:
    """All sites of one catalog, by name, in the order written."""

    source: str
    sites: Mapping[str, Site]
    version: str = ""
    entries: int = 0
    """Sites as written, duplicates counted."""
    warnings: tuple[Problem, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationSite:
    """Where one transformation lies at one site."""

    site: str
    pfn: str
    """Path or URL of the executable."""
    kind: Literal["installed", "stageable"]
    arch: str = ""
    os: str = ""
    profiles: Profiles = ()
    container: str | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformation:
    """One entry of a transformation catalog."""

    name: TransformationName
    profiles: Profiles = ()
    requires: tuple[TransformationName, ...] = ()
    """Executables that must travel with this one (compound transformation)."""
    requires_files: tuple[str, ...] = ()
    """LFNs that every job of this transformation reads (`uses` without executable)."""
    sites: tuple[TransformationSite, ...] = ()
    hooks: Hooks = ()
    """Every task of this transformation has them."""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that transformations refer to by name."""

    name: str
    kind: str
    """docker, singularity or shifter."""
    image: str
    """URL or name, as written."""
    mounts: tuple[str, ...] = ()
    """`source:target[:options]`, as written."""
    profiles: Profiles = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformationCatalog:
    """All transformations of one catalog."""

    source: str
    transformations: Mapping[TransformationName, Transformation]
    containers: Mapping[str, Container] = field(default_factory=dict)
    version: str = ""
    entries: int = 0
    """Transformations as written, duplicates counted."""
    warnings: tuple[Problem, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One physical location of a file."""

    site: str
    pfn: str
    """Path or URL."""
    sha256: str | None = None
    """Lower-case hexadecimal, as the catalog states it."""
    where: str = ""


@dataclass(frozen=True, slots=True)
class ReplicaPattern:
    """Replicas of every file whose whole name an expression matches."""

    expression: re.Pattern[str]
    replicas: tuple[Replica, ...]
    """`[0]`, `[1]`, … in their PFNs stand for the groups of the match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaCatalog:
    """Where files lie: LFN to replicas, in the order written."""

    source: str
    replicas: Mapping[str, tuple[Replica, ...]]
    patterns: tuple[ReplicaPattern, ...] = ()
    """In the order written; the first one that fits counts."""
    version: str = ""
    entries: int = 0
    """Entries as written, duplicates and regular expressions counted."""
    warnings: tuple[Problem, ...] = field(default=())
