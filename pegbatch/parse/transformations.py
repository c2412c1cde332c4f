"""What both layouts of the transformation catalog do alike: merge entries, check references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pegbatch.model.catalogs import Container, Transformation, TransformationCatalog
from pegbatch.model.workflow import TransformationName
from pegbatch.parse.reading import Reading


def build_catalog(
    reading: Reading,
    version: str,
    transformations: Sequence[Transformation],
    containers: Iterable[Container],
) -> TransformationCatalog:
    """Put the entries of a file together.

    Shapes: entries of one name become one, with the sites of all.
    Errors: InputError with all problems that the reading has met.
    """
    merged: dict[TransformationName, Transformation] = {}
    for entry in transformations:
        before = merged.get(entry.name)
        merged[entry.name] = _merge(before, entry) if before else entry
    named = _by_name(reading, containers)
    _check_containers(reading, merged.values(), named)
    reading.finish()
    return TransformationCatalog(
        source=reading.source,
        transformations=merged,
        containers=named,
        version=version,
        entries=len(transformations),
        warnings=tuple(reading.warnings),
    )


def _merge(first: Transformation, second: Transformation) -> Transformation:
    """Join two entries of one name; each entry's own profiles go down to its own sites."""
    return replace(
        first,
        profiles=(),
        requires=tuple(dict.fromkeys((*first.requires, *second.requires))),
        requires_files=tuple(dict.fromkeys((*first.requires_files, *second.requires_files))),
        hooks=tuple(dict.fromkeys((*first.hooks, *second.hooks))),
        sites=tuple(
            replace(site, profiles=(*entry.profiles, *site.profiles))
            for entry in (first, second)
            for site in entry.sites
        ),
    )


def _by_name(reading: Reading, containers: Iterable[Container]) -> dict[str, Container]:
    named: dict[str, Container] = {}
    for container in containers:
        if container.name in named:
            line = int(container.where.rpartition(":")[2])
            reading.warn(line, f"container {container.name} is defined again; the last one counts")
        named[container.name] = container
    return named


def _check_containers(
    reading: Reading, transformations: Iterable[Transformation], named: dict[str, Container]
) -> None:
    for entry in transformations:
        for site in entry.sites:
            if site.container and site.container not in named:
                line = int(site.where.rpartition(":")[2])
                reading.warn(line, f"{entry.name}: this file defines no container {site.container}")
