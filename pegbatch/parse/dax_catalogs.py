"""The catalogs inside a DAX: `<file>`, `<executable>` and `<transformation>` above the jobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from pegbatch.model.catalogs import (
    Replica,
    ReplicaCatalog,
    Transformation,
    TransformationCatalog,
    TransformationSite,
)
from pegbatch.model.hooks import Hook
from pegbatch.model.profiles import Profiles
from pegbatch.model.workflow import TransformationName
from pegbatch.parse.builder import WorkflowBuilder
from pegbatch.parse.dax_jobs import invoke_hooks, read_profile, warn_unknown
from pegbatch.parse.dax_uses import complete_name, file_name, is_executable
from pegbatch.parse.xml_events import Element


@dataclass(slots=True)
class _Draft:
    """One transformation while its `<executable>` and `<transformation>` elements come in."""

    where: str
    profiles: Profiles = ()
    sites: list[TransformationSite] = field(default_factory=list)
    requires: list[TransformationName] = field(default_factory=list)
    requires_files: list[str] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)


class InlineCatalogs:
    """Gathers the catalog elements of one DAX."""

    def __init__(self, builder: WorkflowBuilder) -> None:
        self._builder = builder
        self._replicas: dict[str, list[Replica]] = {}
        self._drafts: dict[TransformationName, _Draft] = {}

    def read_file(self, element: Element) -> None:
        """Take the places of one file; a file without any is only mentioned."""
        name = file_name(element)
        if name is None:
            self._builder.refuse(element.line, "a <file> without name", "give it the file's name")
            return
        sha256 = _sha256(element)
        for pfn in self._places(element):
            replica = Replica(
                site=pfn.attributes.get("site") or "local",
                pfn=pfn.attributes["url"],
                sha256=sha256,
                where=self._builder.where(pfn.line),
            )
            self._replicas.setdefault(name, []).append(replica)

    def read_executable(self, element: Element) -> None:
        """Take one executable; several of one name are places of one transformation.

        Shapes: its profiles go with its places; without a place, with the transformation.
        """
        draft = self._draft(element)
        if draft is None:
            return
        profiles = self._profiles(element)
        sites = [self._site(element, pfn, profiles) for pfn in self._places(element)]
        draft.sites.extend(sites)
        if not sites:
            draft.profiles += profiles
        self._look_over(element, _EXECUTABLE_PARTS, draft)

    def read_transformation(self, element: Element) -> None:
        """Take the executables and files that jobs of one transformation need besides it."""
        draft = self._draft(element)
        if draft is None:
            return
        for use in element.children():
            if use.tag == "uses":
                self._require(use, draft)
        self._look_over(element, _TRANSFORMATION_PARTS, draft)

    def finish(self) -> None:
        """Hand the catalogs, where there is anything in them, to the workflow."""
        builder = self._builder
        version = builder.version
        if self._replicas:
            builder.replicas = ReplicaCatalog(
                source=builder.source,
                replicas={lfn: tuple(places) for lfn, places in self._replicas.items()},
                version=version,
            )
        if self._drafts:
            builder.transformation_catalog = TransformationCatalog(
                source=builder.source,
                transformations={
                    name: _finished(name, draft) for name, draft in self._drafts.items()
                },
                version=version,
            )

    def _draft(self, element: Element) -> _Draft | None:
        name = element.attributes.get("name")
        if not name:
            self._builder.refuse(
                element.line, f"a <{element.tag}> without name", "give it the attribute `name`"
            )
            return None
        where = self._builder.where(element.line)
        return self._drafts.setdefault(complete_name(element, name), _Draft(where))

    def _site(self, element: Element, pfn: Element, profiles: Profiles) -> TransformationSite:
        installed = element.attributes.get("installed", "true").strip().lower()
        return TransformationSite(
            site=pfn.attributes.get("site") or "local",
            pfn=pfn.attributes["url"],
            kind="stageable" if installed == "false" else "installed",
            arch=element.attributes.get("arch", ""),
            os=element.attributes.get("os", "").lower(),
            profiles=profiles + self._profiles(pfn),
            where=self._builder.where(pfn.line),
        )

    def _places(self, element: Element) -> list[Element]:
        """Return the `<pfn>` elements; one without url is a problem."""
        places = [part for part in element.children() if part.tag == "pfn"]
        for pfn in places:
            if not pfn.attributes.get("url"):
                self._builder.refuse(pfn.line, "a <pfn> without url", "give it the attribute `url`")
        return [pfn for pfn in places if pfn.attributes.get("url")]

    def _profiles(self, element: Element) -> Profiles:
        found = (
            read_profile(part, self._builder)
            for part in element.children()
            if part.tag == "profile"
        )
        return tuple(profile for profile in found if profile is not None)

    def _require(self, use: Element, draft: _Draft) -> None:
        name = file_name(use)
        if name is None:
            self._builder.refuse(use.line, "a <uses> without name", "give it the file's name")
        elif is_executable(use, default=True):
            draft.requires.append(complete_name(use, name))
        else:
            draft.requires_files.append(name)

    def _look_over(self, element: Element, known: frozenset[str], draft: _Draft) -> None:
        for part in element.children():
            if part.tag == "invoke":
                draft.hooks.extend(invoke_hooks(part, self._builder))
            elif part.tag not in known:
                warn_unknown(part, self._builder)


_EXECUTABLE_PARTS = frozenset(("profile", "metadata", "pfn"))
_TRANSFORMATION_PARTS = frozenset(("uses", "metadata"))


def _finished(name: TransformationName, draft: _Draft) -> Transformation:
    return Transformation(
        name=name,
        profiles=draft.profiles,
        requires=tuple(dict.fromkeys(draft.requires)),
        requires_files=tuple(dict.fromkeys(draft.requires_files)),
        sites=tuple(draft.sites),
        hooks=tuple(dict.fromkeys(draft.hooks)),
        where=draft.where,
    )


def _sha256(element: Element) -> str | None:
    """Return the checksum that a file's metadata states."""
    stated = {
        part.attributes.get("key"): part.text()
        for part in element.children()
        if part.tag == "metadata"
    }
    if stated.get("checksum.type", "").lower() != "sha256":
        return None
    return stated.get("checksum.value", "").lower() or None
