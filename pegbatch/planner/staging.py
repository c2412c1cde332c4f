"""Where the run's data lies, and where its outputs go."""

from __future__ import annotations

import posixpath

from pegbatch.errors import PlanError
from pegbatch.model.bags import OutputPlaces
from pegbatch.model.catalogs import Directory, Site
from pegbatch.model.names import safe_name
from pegbatch.planner.sites import find_site
from pegbatch.planner.stages import Given
from pegbatch.planner.urls import absolute_path, file_of, local_path, s3_url, s3_user

EMBEDDED_BUCKET_URL = "s3://pegbatch"
"""Where runs on the embedded AWS stage when the site has no directory of its own."""


HASHED_FILES_MAX = 256
"""Source: Pegasus user guide, output mapper Hashed: files in one directory."""

FIXED_URL = "pegasus.dir.storage.mapper.fixed.url"


def staging_url(given: Given, site: Site) -> str:
    """Return the URL of the staging site's shared scratch directory, without a slash at its end.

    Errors: PlanError where a run on Amazon has no `s3://` (or file) scratch directory.
    """
    staging = staging_site(given, site)
    for directory in staging.directories:
        if directory.kind == "shared-scratch":
            url = _usable_url(given, directory, ("all", "put", "get"))
            if url is not None:
                return url
    if given.options.amazon:
        raise PlanError(
            f"site {staging.name!r} has no shared scratch directory on S3",
            where=staging.where or None,
            hint="give the site a directory of type sharedScratch with a file server "
            "s3://<bucket>/<prefix>, operation all",
        )
    return EMBEDDED_BUCKET_URL


def staging_site(given: Given, site: Site) -> Site:
    """Return the site that data of an execution site is staged at: itself, if none is named.

    Errors: PlanError where the catalog has no such site.
    """
    names = given.options.staging_sites
    chosen = names.get(site.name) or names.get("*")
    return find_site(given.sites, chosen) if chosen else site


def output_places(given: Given) -> OutputPlaces:
    """Return where delivered outputs go: one base URL an output site.

    Errors: PlanError where an output site is unknown or has no storage directory that can be
    reached.
    """
    remote: dict[str, str] = {}
    local: dict[str, str] = {}
    fixed = _fixed_url(given)
    for name in given.options.output_sites:
        url = fixed or _deep(given, _storage_url(given, name))
        is_remote = url.startswith("s3://") and s3_user(url) is None
        (remote if is_remote else local).setdefault(url, name)
    return OutputPlaces(
        tuple(remote),
        tuple(local),
        (*remote.values(), *local.values()),
        _hash_levels(len(given.workflow.lfns)) if given.tuning.output_mapper == "Hashed" else 0,
        given.options.output_map,
    )


def _hash_levels(files: int) -> int:
    """Return how many folders, of 256 names each, keep folders below 256 files.

    Shapes: folders are filled by chance, so they are planned to be half full at most.
    """
    levels, room = 1, 256 * HASHED_FILES_MAX // 2
    while room < files:
        levels, room = levels + 1, room * 256
    return levels


def _fixed_url(given: Given) -> str | None:
    """Return the base URL of the Fixed mapper, or None for the other mappers.

    Errors: PlanError where the URL is missing, or pegbatch cannot deliver there.
    """
    if given.tuning.output_mapper != "Fixed":
        return None
    return _directory_url(given.settings.get(FIXED_URL).strip(), given.settings.where(FIXED_URL))


def _directory_url(text: str, where: str) -> str:
    """Return the URL of a directory that outputs can be delivered to.

    Errors: PlanError where pegbatch cannot deliver there.
    """
    path = local_path(text)
    url = s3_url(text) or (file_url(path) if path and path.startswith("/") else None)
    if url is None:
        raise PlanError(
            f"outputs cannot be delivered to {text!r}",
            where=where,
            hint="name a directory by its URL, s3://bucket/prefix or file:///path",
        )
    return url


def _deep(given: Given, url: str) -> str:
    """Return the base with the folders of the submit directory, where that is asked for.

    Shapes: all but `run0001`, which is not known before the plan is written.
    """
    if not given.tuning.storage_deep:
        return url
    options = given.options
    return f"{url}/{safe_name(options.user)}/pegasus/{safe_name(given.workflow.name)}"


def _storage_url(given: Given, name: str) -> str:
    if name == "local" and given.options.output_dir:
        return _directory_url(given.options.output_dir, "--output-dir")
    site = find_site(given.sites, name)
    for directory in site.directories:
        if directory.kind in ("shared-storage", "local-storage"):
            url = _usable_url(given, directory, ("all", "put"), given.options.own_s3)
            if url is not None:
                return url
    if name == "local":
        return file_url(posixpath.join(given.options.base_dir, "wf-output"))
    raise PlanError(
        f"output site {name!r} has no storage directory on S3 or on this machine",
        where=site.where or None,
        hint="give the site a directory of type sharedStorage with a file server s3://… or file://…",
    )


def _usable_url(
    given: Given,
    directory: Directory,
    operations: tuple[str, ...],
    own_s3: frozenset[str] = frozenset(),
) -> str | None:
    """Return the first file server of a directory that pegbatch can use; a bare path is one.

    Shapes: a URL of own_s3 keeps its `user@site`: the client delivers there.
    """
    for server in directory.file_servers:
        if server.operation not in operations:
            continue
        if s3_user(server.url) in own_s3:
            return server.url.rstrip("/")
        on_s3 = s3_url(server.url)
        if on_s3 is not None:
            return on_s3
        path = local_path(server.url)
        if path is not None:
            return _file_url(given, path, directory)
    if not directory.file_servers and directory.path:
        return _file_url(given, directory.path, directory)
    return None


def _file_url(given: Given, path: str, directory: Directory) -> str:
    naming_file = file_of(directory.where)
    working_dir = given.options.working_dir
    return file_url(absolute_path(path, naming_file=naming_file, working_dir=working_dir))


def file_url(path: str) -> str:
    """Return the URL of an absolute path, without a slash at its end."""
    return "file://" + path.rstrip("/")
