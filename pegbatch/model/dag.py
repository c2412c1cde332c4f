"""A run as DAGMan would tell of it: what Pegasus's own client reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

DagState: TypeAlias = Literal["Running", "Success", "Failure"]
"""Pegasus's words."""

_LONGEST = 100
_UNFIT = re.compile(r"[^A-Za-z0-9_.+@%-]+").sub


@dataclass(frozen=True, slots=True, kw_only=True)
class DagCounts:
    """Tasks by what DAGMan would call them; the parts add up to the total."""

    total: int
    """At least 1: a workflow without a task to run counts its verdict."""
    done: int
    queued: int
    """That run."""
    post: int
    """1 while the outputs of a run that has ended are fetched."""
    ready: int
    unready: int
    """That wait for others, or were skipped."""
    failed: int
    state: DagState

    @property
    def percent_done(self) -> float:
        """Return how much has succeeded."""
        return round(100 * self.done / self.total, 2)


def dag_name(label: str) -> str:
    """Return Pegasus's name of a planned workflow, `<label>-0`, as a file can have it."""
    return f"{_UNFIT('_', label)[:_LONGEST] or 'workflow'}-0"


def dag_file(name: str) -> str:
    """Return the name of the DAG's file, which pegbatch does not write."""
    return f"{name}.dag"


def dagman_file(name: str) -> str:
    """Return the name of the file in which Pegasus's client looks how a run stands."""
    return f"{dag_file(name)}.dagman.out"
