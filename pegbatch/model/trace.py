"""A run as a trace: what others need to replay or simulate it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pegbatch.model.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedTask:
    """One task of the plan, with what it runs and the files it uses."""

    id: str
    transformation: str
    """Name without namespace and version."""
    argv: tuple[str, ...]
    inputs: tuple[str, ...]
    """Names in the whole run (file_keys.name_by_place), as `outputs`."""
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A run, its tasks in plan order; neighbours are positions in that order."""

    history: History
    tasks: Callable[[], Iterator[TracedTask]]
    """Read anew at each call: a million of them are not held."""
    parents: Callable[[int], Sequence[int]]
    children: Callable[[int], Sequence[int]]
    sizes: Mapping[str, int]
    """By name in the run, in bytes; a size that nobody knows is not there."""
    makespan_seconds: float
    created: float
    """Seconds since the epoch: when the trace was made."""
    version: str
    """Of pegbatch."""
