"""Profiles: Pegasus's (namespace, key, value) settings of a task, site or transformation."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Profile(NamedTuple):
    """One profile, as written: `pegasus` `clusters.size` `2`."""

    namespace: str
    """Lower case: pegasus condor dagman env hints globus selector stat pegbatch."""
    key: str
    value: str


Profiles: TypeAlias = tuple[Profile, ...]
"""Profiles in the order written; a later one of the same namespace and key wins."""
