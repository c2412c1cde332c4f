"""Properties in force: what the properties files and `-D` say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pegbatch.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One value and where it was set."""

    value: str
    where: str
    """`file:line`, or `-D` for the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The merged properties; the highest source of each key has won already."""

    properties: Mapping[str, Property] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = field(default=())

    def get(self, key: str, default: str = "") -> str:
        """Return the value of a key, or the default where it is not set."""
        found = self.properties.get(key)
        return found.value if found is not None else default

    def where(self, key: str) -> str:
        """Return where a key was set; the key itself where it was not."""
        found = self.properties.get(key)
        return found.where if found is not None else key
