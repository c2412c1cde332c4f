"""Choosing sites from the site catalog."""

from __future__ import annotations

from pegbatch.errors import PlanError
from pegbatch.model.catalogs import Site, SiteCatalog
from pegbatch.planner.urls import s3_user

RESERVED_SITES = ("local", "condorpool")
"""Sites that exist without a catalog (Pegasus makes them by itself)."""


def choose_site(catalog: SiteCatalog, asked: tuple[str, ...]) -> Site:
    """Return the execution site.

    Shapes: the one asked for; else `compute`, else the only one that is not `local`, else the
    reserved `condorpool` where the catalog names no other.
    Errors: PlanError where the site is unknown or the choice is open.
    Source: pegasus-plan, option --sites.
    """
    names = asked or tuple(name for name in catalog.sites if name != "local")
    if not asked and "compute" in names:
        names = ("compute",)
    if not names:
        names = ("condorpool",)
    if len(names) > 1:
        raise PlanError(
            f"several execution sites: {', '.join(names)}",
            where=catalog.source or None,
            hint="a plan runs on one site: say which with --sites NAME",
        )
    return find_site(catalog, names[0])


def s3_users(catalog: SiteCatalog) -> dict[str, str]:
    """Return, by bucket, the first `user@site` that a URL of the site catalog names for it."""
    users: dict[str, str] = {}
    for site in catalog.sites.values():
        for directory in site.directories:
            for server in directory.file_servers:
                user = s3_user(server.url)
                if user is not None:
                    bucket = server.url.removeprefix(f"s3://{user}/").partition("/")[0]
                    users.setdefault(bucket, user)
    return users


def find_site(catalog: SiteCatalog, name: str) -> Site:
    """Return a site by name; reserved sites exist without an entry.

    Errors: PlanError naming the sites that there are.
    """
    site = catalog.sites.get(name)
    if site is not None:
        return site
    if name in RESERVED_SITES:
        return Site(name=name, where=catalog.source)
    known = ", ".join(sorted({*catalog.sites, *RESERVED_SITES}))
    raise PlanError(
        f"there is no site {name!r} in the site catalog",
        where=catalog.source or None,
        hint=f"the sites are: {known}",
    )
