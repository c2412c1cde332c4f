"""Names that several formats share: complete transformation names, profile namespaces, types."""

from __future__ import annotations

from typing import Literal

from pegbatch.model.catalogs import DirectoryKind
from pegbatch.model.workflow import TransformationName

NAMESPACES = frozenset(
    ("pegasus", "condor", "dagman", "env", "hints", "globus", "selector", "stat", "pegbatch")
)
"""Profile namespaces, lower case."""

ARCHITECTURES = frozenset(
    ("x86", "x86_64", "ppc", "ppc_64", "ppc64le", "ia64", "sparcv7", "sparcv9", "amd64", "aarch64")
)

OPERATIONS = frozenset(("all", "get", "put"))

_DIRECTORIES: dict[str, DirectoryKind] = {
    "sharedscratch": "shared-scratch",
    "sharedstorage": "shared-storage",
    "localscratch": "local-scratch",
    "localstorage": "local-storage",
}

InstallKind = Literal["installed", "stageable"]


def transformation_name(text: str) -> TransformationName:
    """Split a complete name `namespace::name:version`; namespace and version may be missing."""
    namespace, colons, rest = text.rpartition("::")
    name, _, version = (rest if colons else text).partition(":")
    return TransformationName(namespace, name, version)


def directory_kind(text: str) -> DirectoryKind | None:
    """Read a directory type, `shared-scratch` as in XML or `sharedScratch` as in YAML."""
    return _DIRECTORIES.get(text.replace("-", "").lower())


def install_kind(text: str) -> InstallKind | None:
    """Read a transformation's type, in upper or lower case."""
    match text.lower():
        case "installed":
            return "installed"
        case "stageable":
            return "stageable"
        case _:
            return None
