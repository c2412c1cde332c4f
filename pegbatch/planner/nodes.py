"""What a clustering technique gathers: tasks, and the clusters that earlier techniques made.

To a later technique a cluster is one job, as in Pegasus: its transformation is that of the
aggregator, and its profiles are those of its last task.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pegbatch.errors import PlanError
from pegbatch.model.bags import TaskSettings
from pegbatch.model.cluster_kinds import NAMED, PARALLEL
from pegbatch.model.sub_workflows import GATE, SUB_WORKFLOW
from pegbatch.model.workflow import TransformationName
from pegbatch.planner.clusters import NO_CLUSTER, ClusterTable
from pegbatch.planner.scopes import given_of, scope_of, where_of
from pegbatch.planner.stages import Levelled
from pegbatch.planner.tuning import AWS_BATCH, MPIEXEC, SEQEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Columns, one entry a node; in order of first tasks."""

    levels: array[int]
    names: Sequence[TransformationName]
    transformations: array[int]
    """Number in names."""
    settings: array[int]
    """Number in settings_table."""
    members: Sequence[Sequence[int]] | None = None
    """Tasks of each node in the order in which they run; None where node n is task n."""
    scopes: Sequence[int] | None = None
    """Number of the workflow that each belongs to; None where all are of the first."""
    taking: frozenset[int] = frozenset({0})
    """Workflows that ask for the technique."""

    def __len__(self) -> int:
        return len(self.levels)

    def tasks_of(self, nodes: Sequence[int]) -> Sequence[int]:
        """Return the tasks of some nodes."""
        members = self.members
        return nodes if members is None else [task for node in nodes for task in members[node]]

    def scope(self, node: int) -> int:
        """Return the number of the workflow that a node belongs to."""
        return 0 if self.scopes is None else self.scopes[node]

    def for_clusters(self) -> Iterable[int]:
        """Return the nodes that may be in a cluster: neither sub-workflows nor gates."""
        alone = {number for number, name in enumerate(self.names) if name in _ALONE}
        if not alone and self.scopes is None:
            return range(len(self))
        return [
            node
            for node, number in enumerate(self.transformations)
            if number not in alone and self.scope(node) in self.taking
        ]


_ALONE = (SUB_WORKFLOW, GATE)


def gather_nodes(
    levelled: Levelled, levels: array[int], table: ClusterTable, taking: frozenset[int]
) -> Nodes:
    """Return the nodes that a technique finds; taking are the workflows that ask for it."""
    workflow = levelled.workflow
    of = workflow.transformation_scopes
    if not table.names:
        return Nodes(
            levels=levels,
            names=workflow.transformations,
            transformations=workflow.tasks.transformations,
            settings=levelled.task_settings,
            scopes=of and [of[number] for number in workflow.tasks.transformations],
            taking=taking,
        )
    members = _members(table)
    first = len(workflow.transformations)
    named = {NAMED: first, PARALLEL: first + 1}
    return Nodes(
        levels=array("i", (max(levels[task] for task in tasks) for tasks in members)),
        names=(*workflow.transformations, *_AGGREGATORS),
        transformations=array(
            "i",
            (
                workflow.tasks.transformations[tasks[0]]
                if table.clusters[tasks[0]] == NO_CLUSTER
                else named.get(table.kinds[table.clusters[tasks[0]]], first + 2)
                for tasks in members
            ),
        ),
        settings=array("i", (levelled.task_settings[tasks[-1]] for tasks in members)),
        members=members,
        scopes=of and [of[workflow.tasks.transformations[tasks[0]]] for tasks in members],
        taking=taking,
    )


_AGGREGATORS = tuple(
    TransformationName("pegasus", name, "") for name in ("aws-batch", MPIEXEC, SEQEXEC)
)
"""Transformations of clusters. Source: Pegasus, JobAggregator implementations."""


def _members(table: ClusterTable) -> list[list[int]]:
    """Return the tasks of each node, clusters that are taken left out."""
    found: dict[int, list[int]] = {}
    for task, cluster in enumerate(table.clusters):
        if not table.is_taken(cluster):
            key = cluster if cluster != NO_CLUSTER else -2 - task
            found.setdefault(key, []).append(task)
    for tasks in found.values():
        tasks.sort(key=lambda task: table.ranks[task])
    return list(found.values())


def container_of(levelled: Levelled, task: int) -> str:
    """Return the name of the container that a task runs in; empty for the base definition's."""
    number = levelled.workflow.tasks.transformations[task]
    container = levelled.executables[number].container
    return container.name if container else ""


def refuse_mixed_containers(levelled: Levelled, tasks: Sequence[int], technique: str) -> None:
    """Refuse what Pegasus refuses: a cluster runs in one container.

    Errors: PlanError.
    Source: Pegasus, "Cannot cluster jobs with different types of containers".
    """
    if not any(executable.container for executable in levelled.executables):
        return
    first, of_first = tasks[0], container_of(levelled, tasks[0])
    other = next((task for task in tasks if container_of(levelled, task) != of_first), None)
    if other is None:
        return
    ids = levelled.workflow.tasks.ids
    words = [
        f"{ids[task]} in container {name!r}" if name else f"{ids[task]} in none"
        for task, name in ((first, of_first), (other, container_of(levelled, other)))
    ]
    raise PlanError(
        f"--cluster {_asked(levelled, first)}: {technique} would put jobs of different "
        f"containers into one cluster: {' and '.join(words)}",
        where=where_of(levelled, other),
        hint="a cluster runs in one container: give the jobs labels that keep them apart, or "
        "their transformations the same container",
    )


def _asked(levelled: Levelled, task: int) -> str:
    """Return the techniques that the workflow of a task asks for."""
    return ",".join(given_of(levelled, scope_of(levelled.workflow, task)).options.cluster)


def refuse_nesting(
    levelled: Levelled,
    table: ClusterTable,
    tasks: Sequence[int],
    settings: TaskSettings,
    technique: str,
) -> None:
    """Refuse what Pegasus refuses: with AWSBatch a cluster cannot be a part of another.

    Errors: PlanError.
    """
    inner = next((table.clusters[t] for t in tasks if table.clusters[t] != NO_CLUSTER), None)
    if settings.aggregator != AWS_BATCH or inner is None:
        return
    raise PlanError(
        f"--cluster {_asked(levelled, tasks[0])}: {technique} would put cluster "
        f"{table.names[inner]} into another one, and clustering of clustered jobs is not "
        "supported with AWSBatch",
        hint="use pegasus.clusterer.job.aggregator=seqexec (or mpiexec), or keep the profiles of "
        f"{technique} to jobs that no other technique takes",
    )
