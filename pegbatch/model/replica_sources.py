"""Everything that says where files lie, in the order in which it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pegbatch.model.catalogs import Replica, ReplicaCatalog

SourceKind = Literal["handed-over", "cache", "reuse", "input-dir", "inline", "inherited", "catalog"]


@dataclass(frozen=True, slots=True)
class ReplicaSource:
    """One catalog, and whether those after it are asked for a file that it knows."""

    kind: SourceKind
    catalog: ReplicaCatalog
    exclusive: bool = True
    """A file found here is looked for nowhere else."""


@dataclass(frozen=True, slots=True)
class ReplicaSources:
    """All catalogs of a plan, the first one asked first.

    Source: Pegasus user guide, "Replica selection" and `pegasus-plan --cache`.
    """

    sources: tuple[ReplicaSource, ...] = ()

    @classmethod
    def plain(
        cls,
        inline: ReplicaCatalog | None,
        catalog: ReplicaCatalog,
        *,
        better: tuple[ReplicaSource, ...] = (),
        inherited: tuple[ReplicaSource, ...] = (),
        inline_exclusive: bool = True,
    ) -> ReplicaSources:
        """Return the usual order: what the command line names, inline, inherited, catalog."""
        own = () if inline is None else (ReplicaSource("inline", inline, inline_exclusive),)
        return cls((*better, *own, *inherited, ReplicaSource("catalog", catalog)))

    def inheriting(self, catalog: ReplicaCatalog) -> ReplicaSources:
        """Return these and one more, which is asked just before the last of them."""
        *better, last = self.sources
        return ReplicaSources((*better, ReplicaSource("inherited", catalog), last))

    def find(self, lfn: str) -> tuple[Replica, ...]:
        """Return the replicas of a file, better sources first; empty where none knows it."""
        found: tuple[Replica, ...] = ()
        for source in self.sources:
            here = find_in(source.catalog, lfn)
            found += here
            if here and source.exclusive:
                break
        return found

    def known_among(self, lfns: Sequence[str]) -> Iterator[int]:
        """Yield the positions of the names that some source knows, ascending.

        Shapes: one pass over the names; patterns are tried on those that no catalog spells out.
        What an outer workflow hands over does not count: it is there to be read, and a file of
        that name which is made here is another one.
        """
        catalogs = [source.catalog for source in self.sources if source.kind != "handed-over"]
        spelled = frozenset[str]().union(*(catalog.replicas for catalog in catalogs))
        patterns = [pattern.expression for catalog in catalogs for pattern in catalog.patterns]
        if patterns:
            for number, lfn in enumerate(lfns):
                if lfn in spelled or any(pattern.fullmatch(lfn) for pattern in patterns):
                    yield number
        elif not spelled.isdisjoint(lfns):
            yield from (number for number, lfn in enumerate(lfns) if lfn in spelled)


def find_in(catalog: ReplicaCatalog, lfn: str) -> tuple[Replica, ...]:
    """Return what one catalog has: the entry of that name, then the first pattern that fits.

    Source: Pegasus user guide, replica catalog "Regex".
    """
    literal = catalog.replicas.get(lfn, ())
    for pattern in catalog.patterns:
        match = pattern.expression.fullmatch(lfn)
        if match is not None:
            return literal + tuple(_filled(replica, match) for replica in pattern.replicas)
    return literal


_GROUP = re.compile(r"\[(\d{1,3})\]")


def _filled(replica: Replica, match: re.Match[str]) -> Replica:
    """Put the groups of a match in the place of `[0]`, `[1]`, …; others stay as they are."""

    def group(reference: re.Match[str]) -> str:
        number = int(reference[1])
        return (match[number] or "") if number <= match.re.groups else reference[0]

    return Replica(
        site=replica.site,
        pfn=_GROUP.sub(group, replica.pfn),
        sha256=replica.sha256,
        where=replica.where,
    )
