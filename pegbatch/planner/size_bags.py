"""Size bags: what the child that runs a cluster asks for.

One after another, tasks need no more than the largest of them. Side by side (mpiexec) the bag has
a size of its own: `cores` (or `nodes` times `ppn`) of the catalog's entry `pegasus::mpiexec`,
else `pegbatch.pmc.vcpus`; its memory is what the tasks need that may run at the same time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pegbatch.errors import InputError, Problem
from pegbatch.model.catalogs import Transformation
from pegbatch.model.cluster_kinds import PARALLEL
from pegbatch.model.plan import Resources
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.clusters import ClusterTable
from pegbatch.planner.scopes import Scope, scope_of, scopes_of
from pegbatch.planner.stages import Levelled
from pegbatch.planner.tuning import MPIEXEC

AGGREGATOR = TransformationName("pegasus", MPIEXEC, "")


def size_bags(levelled: Levelled, table: ClusterTable) -> dict[int, Resources]:
    """Return the resources of each cluster that is one bag.

    Errors: InputError where the entry of the aggregator has values that are no numbers.
    """
    if not any(table.kinds):
        return {}
    members: dict[int, list[int]] = {}
    scopes: dict[int, int] = {}
    for task, (cluster, number) in enumerate(
        zip(table.clusters, levelled.task_settings, strict=True)
    ):
        if table.is_bag(cluster):
            members.setdefault(cluster, []).append(number)
            scopes[cluster] = scope_of(levelled.workflow, task)
    settings = levelled.settings_table
    hosts = [_host(scope) for scope in scopes_of(levelled)] if PARALLEL in table.kinds else []
    return {
        cluster: _largest([settings[number].resources for number in set(numbers)])
        if table.kinds[cluster] != PARALLEL
        else _beside_each_other(
            [settings[number].side_by_side for number in numbers], hosts[scopes[cluster]]
        )
        for cluster, numbers in members.items()
    }


def _largest(tasks: Iterable[Resources]) -> Resources:
    """Return the most of everything."""
    columns = zip(*((of.vcpus, of.memory_mib, of.gpus) for of in tasks), strict=True)
    return Resources(*map(max, columns))


@dataclass(frozen=True, slots=True)
class _Host:
    """What a bag of tasks side by side is to have."""

    vcpus: int
    memory_mib: int | None
    """None: as much as the tasks need."""


def _beside_each_other(tasks: Sequence[Resources], host: _Host) -> Resources:
    """Return a bag that holds whichever tasks the vCPUs let run at the same time.

    A bag with few tasks asks for as much as one with many, so that they share an array.
    """
    largest = _largest(tasks)
    vcpus = max(host.vcpus, largest.vcpus)
    at_once = vcpus // min(task.vcpus for task in tasks)
    memory = heapq.nlargest(at_once, (task.memory_mib for task in tasks))
    memory += [largest.memory_mib] * (at_once - len(memory))
    return Resources(
        vcpus=vcpus,
        memory_mib=max(largest.memory_mib, host.memory_mib or sum(memory)),
        gpus=sum(heapq.nlargest(at_once, (task.gpus for task in tasks))),
    )


def _host(scope: Scope) -> _Host:
    tuning = scope.given.tuning
    entry = scope.given.transformations.transformations.get(AGGREGATOR)
    if entry is None:
        return _Host(tuning.pmc_vcpus, None)
    stated = _numbers(entry, scope.site.name)
    vcpus = stated.get("cores")
    if vcpus is None and "nodes" in stated and "ppn" in stated:
        vcpus = stated["nodes"] * stated["ppn"]
    return _Host(vcpus or tuning.pmc_vcpus, stated.get("memory"))


def _numbers(entry: Transformation, site: str) -> dict[str, int]:
    """Return the profiles of the aggregator that size a bag; those of the site win."""
    places = [place for place in entry.sites if place.site == site]
    found: dict[str, int] = {}
    problems = []
    for profile in (*entry.profiles, *(p for place in places for p in place.profiles)):
        key = profile.key.lower()
        if profile.namespace != "pegasus" or key not in ("cores", "nodes", "ppn", "memory"):
            continue
        try:
            found[key] = _whole(profile.value)
        except ValueError:
            problems.append(
                Problem(
                    f"transformation {entry.name}: profile pegasus {key} = {profile.value!r} "
                    "must be a plain number above 0",
                    entry.where or None,
                )
            )
    if problems:
        raise InputError(problems=problems)
    return found


def _whole(text: str) -> int:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return math.ceil(number)
