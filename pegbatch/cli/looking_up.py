"""Looking up, before planning, all that planning must know of the outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from pegbatch.adapters.brought_objects import bring_objects
from pegbatch.adapters.local_facts import look_up
from pegbatch.adapters.login_stores import options_of_users
from pegbatch.adapters.planning_inputs import Catalogs
from pegbatch.adapters.s3_logins import S3Logins
from pegbatch.adapters.store import Store
from pegbatch.errors import PlanError
from pegbatch.model.facts import Facts, FileFacts
from pegbatch.model.replica_sources import ReplicaSources
from pegbatch.planner.stages import Given
from pegbatch.planner.survey import files_to_look_up, objects_to_bring
from pegbatch.planner.urls import s3_user


def look_up_facts(
    given: Given,
    logins: S3Logins,
    memory: Path | None,
    known: Mapping[str, FileFacts] = MappingProxyType({}),
) -> Facts:
    """Bring the objects that only the client reaches, then look at the local files.

    Shapes: memory is the SQLite file of remembered checksums, or None for none; files that are
    known, by their paths, are not looked at: they are on another machine.
    Errors: InputError of a workflow that cannot be reduced; OutsideError.
    """
    urls = _wanted(objects_to_bring, given)
    brought = Facts()
    if urls:
        folder = (memory.parent if memory else Path(given.options.base_dir)) / "objects"
        brought = bring_objects(urls, Store(of_user=options_of_users(logins, {})), folder)
    wanted = _wanted(files_to_look_up, replace(given, facts=brought))
    files = look_up([path for path in wanted if path not in known], memory)
    from_afar = {path: known[path] for path in wanted if path in known}
    return replace(
        files,
        files={**files.files, **from_afar},
        brought=brought.brought,
        unreadable={**files.unreadable, **brought.unreadable},
    )


def own_services(logins: S3Logins, catalogs: Catalogs, replicas: ReplicaSources) -> frozenset[str]:
    """Return the `user@site` in catalogs that have a login at an endpoint that is not Amazon's.

    Shapes: catalogs are gone through only where there are logins at all.
    """
    if not logins.by_name and logins.fallback is None:
        return frozenset()
    users = {user for url in _urls(catalogs, replicas) if (user := s3_user(url)) is not None}
    return frozenset(
        user
        for user in users
        if (login := logins.find(f"s3://{user}/")) is not None and login.endpoint_url
    )


def _urls(catalogs: Catalogs, replicas: ReplicaSources) -> Iterator[str]:
    """Yield every URL that sites, transformations and replicas name."""
    for site in catalogs.sites.sites.values():
        for directory in site.directories:
            yield from (server.url for server in directory.file_servers)
    for entry in catalogs.transformations.transformations.values():
        yield from (place.pfn for place in entry.sites)
    for source in replicas.sources:
        patterns = (pattern.replicas for pattern in source.catalog.patterns)
        for found in chain(source.catalog.replicas.values(), patterns):
            yield from (replica.pfn for replica in found)


def _wanted(survey: Callable[[Given], tuple[str, ...]], given: Given) -> tuple[str, ...]:
    try:
        return survey(given)
    except PlanError:
        return ()  # the planner meets the same, after what is worse: cycles, dangling references
