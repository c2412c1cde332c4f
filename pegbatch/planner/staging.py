"""Where the run's data lies, and where its outputs go."""

from __future__ import annotations

import posixpath

from pegbatch.errors import PlanError
from pegbatch.model.bags import OutputPlaces
from pegbatch.model.catalogs import Directory, Site
from pegbatch.planner.sites import find_site
from pegbatch.planner.stages import Given
from pegbatch.planner.urls import absolute_path, file_of, local_path, s3_url

EMBEDDED_BUCKET_URL = "s3://pegbatch"
"""Where runs on the embedded AWS stage when the site has no directory of its own."""


def staging_url(given: Given, site: Site) -> str:
    """Return the URL of the staging site's shared scratch directory, without a slash at its end.

    Errors: PlanError where a run on Amazon has no `s3://` (or file) scratch directory.
    """
    names = given.options.staging_sites
    chosen = names.get(site.name) or names.get("*")
    staging = find_site(given.sites, chosen) if chosen else site
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


def output_places(given: Given) -> OutputPlaces:
    """Return where delivered outputs go: one base URL an output site.

    Errors: PlanError where an output site is unknown or has no storage directory that can be
    reached.
    """
    remote: list[str] = []
    local: list[str] = []
    for name in given.options.output_sites:
        url = _storage_url(given, name)
        (remote if url.startswith("s3://") else local).append(url)
    return OutputPlaces(tuple(remote), tuple(local))


def _storage_url(given: Given, name: str) -> str:
    if name == "local" and given.options.output_dir:
        return file_url(given.options.output_dir)
    site = find_site(given.sites, name)
    for directory in site.directories:
        if directory.kind in ("shared-storage", "local-storage"):
            url = _usable_url(given, directory, ("all", "put"))
            if url is not None:
                return url
    if name == "local":
        return file_url(posixpath.join(given.options.base_dir, "wf-output"))
    raise PlanError(
        f"output site {name!r} has no storage directory on S3 or on this machine",
        where=site.where or None,
        hint="give the site a directory of type sharedStorage with a file server s3://… or file://…",
    )


def _usable_url(given: Given, directory: Directory, operations: tuple[str, ...]) -> str | None:
    """Return the first file server of a directory that pegbatch can use; a bare path is one."""
    for server in directory.file_servers:
        if server.operation not in operations:
            continue
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
