"""From the places that catalogs name to URLs that a child can read.

A local file becomes `inputs/<sha256>` of the staging site, sent by the client before the run;
an object on S3 is read where it lies; a path at the execution site is read from its disk; what
lies on the web keeps its URL here, and a stage-in array fetches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pegbatch.model.catalogs import Replica, Site, TransformationSite
from pegbatch.model.facts import Facts
from pegbatch.model.layout import input_url
from pegbatch.model.manifest import FileUse
from pegbatch.planner.scopes import Scope
from pegbatch.planner.stages import Given
from pegbatch.planner.staging import file_url, staging_url
from pegbatch.planner.urls import (
    absolute_path,
    file_of,
    is_web,
    local_path,
    s3_url,
    s3_user,
    scheme_of,
)


def places_of(scopes: Sequence[Scope], facts: Facts) -> tuple[Places, ...]:
    """Return the places of all workflows of a plan, by number.

    Errors: PlanError where a run on Amazon has nowhere to stage.
    """
    first = scopes[0]
    staging = staging_url(first.given, first.site)
    return tuple(Places.of(one.given, one.site, facts, staging=staging) for one in scopes)


class UnusablePlaceError(Exception):
    """A place that cannot serve; turned into a Problem by whoever knows who asked."""

    def __init__(self, message: str, *, where: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Places:
    """Turns replicas and executables into file uses, for one execution site."""

    site: str
    staging_url: str
    working_dir: str
    facts: Facts
    own_s3: frozenset[str] = frozenset()
    """`user@site` of S3 services whose objects the client brings."""

    @classmethod
    def of(cls, given: Given, site: Site, facts: Facts, *, staging: str | None = None) -> Places:
        """Return the places of a plan; those of a sub-workflow stage where the others do."""
        options = given.options
        url = staging_url(given, site) if staging is None else staging
        return cls(site.name, url, options.working_dir, facts, options.own_s3)

    def executable(self, place: TransformationSite, name: str) -> FileUse:
        """Return how a staged executable is fetched under a name of its own."""
        url, sha256 = self._url(place.pfn, place.site, place.where, None)
        return FileUse(lfn=name, url=url, sha256=sha256, executable=True)

    def input(self, replica: Replica, lfn: str) -> FileUse:
        """Return how an input is fetched."""
        url, sha256 = self._url(replica.pfn, replica.site, replica.where, replica.sha256)
        return FileUse(lfn=lfn, url=url, sha256=sha256 or replica.sha256)

    def path_to_send(self, pfn: str, site: str, where: str) -> str | None:
        """Return the absolute path of a file that the client would have to send, or None."""
        if s3_user(pfn) in self.own_s3:
            return self.facts.brought.get(pfn)
        path = local_path(pfn)
        if path is None or self._on_site_disk(site):
            return None
        return absolute_path(path, naming_file=file_of(where), working_dir=self.working_dir)

    def _on_site_disk(self, site: str) -> bool:
        """Tell whether a path at a site is one that the children see on their own disk."""
        return site == self.site and site != "local"

    def _url(
        self, pfn: str, site: str, where: str, stated_sha256: str | None
    ) -> tuple[str, str | None]:
        if s3_user(pfn) in self.own_s3:
            # Named by the URL where it could not be brought: the facts say why.
            return self._upload_url(self.facts.brought.get(pfn, pfn), where, stated_sha256)
        on_s3 = s3_url(pfn)
        if on_s3 is not None:
            return on_s3, None
        if is_web(pfn):
            return _without_password(pfn, where), None
        path = local_path(pfn)
        if path is None:
            raise UnusablePlaceError(
                f"{pfn}: pegbatch cannot stage from {scheme_of(pfn)}:// URLs",
                where=where,
                hint="put the file on S3 or on this machine, and name it there",
            )
        if self._on_site_disk(site):
            return file_url(path), None
        path = absolute_path(path, naming_file=file_of(where), working_dir=self.working_dir)
        return self._upload_url(path, where, stated_sha256)

    def _upload_url(self, path: str, where: str, stated_sha256: str | None) -> tuple[str, str]:
        facts = self.facts.files.get(path)
        if facts is None:
            reason = self.facts.unreadable.get(path, "it was not looked up")
            raise UnusablePlaceError(
                f"{path}: {reason}",
                where=where,
                hint="put the file there, or mend its entry in the catalog",
            )
        if stated_sha256 and stated_sha256 != facts.sha256:
            raise UnusablePlaceError(
                f"{path}: the catalog states the checksum {stated_sha256}, the file has "
                f"{facts.sha256}",
                where=where,
                hint="find out which is right, then mend the file or its entry",
            )
        return input_url(self.staging_url, facts.sha256), facts.sha256


def _without_password(url: str, where: str) -> str:
    """Return a URL of the web as it is; a plan is copied to the bucket, so it holds no secret."""
    if "@" in urlsplit(url).netloc:
        raise UnusablePlaceError(
            f"{urlsplit(url).hostname}: a URL with a user or a password would be kept in the plan",
            where=where,
            hint="put the file on S3 or on this machine, and name it there",
        )
    scheme, colon, rest = url.partition(":")
    return scheme.lower() + colon + rest
