"""Make arrays: tasks of one level with the same resources and definition become one array job.

The definition is the container of a transformation, and the parameters that it is given.

`pegbatch.array.by = cluster` gives each transformation of a level an array of its own, so that
branches of a workflow do not wait for each other; `auto` does so only where it lets something
start earlier.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pegbatch.model.aws_options import read_aws_options
from pegbatch.model.cluster_kinds import NAMED
from pegbatch.model.graph import Graph
from pegbatch.model.plan import Resources
from pegbatch.planner.clusters import NO_CLUSTER
from pegbatch.planner.run_sub_workflows import runs_sub_workflow
from pegbatch.planner.stages import ArrayDraft, Arrayed, Clustered, grow
from pegbatch.planner.unit_relations import UnitRelations


def make_arrays(clustered: Clustered) -> Arrayed:
    """Gather tasks in array drafts, ordered by level, transformation and resources.

    Shapes: every task is in exactly one draft; inside a draft tasks are ordered by
    transformation, cluster and document.
    """
    split = clustered.tuning.array_by != "level"
    kinds = _leading_kinds(clustered)
    words = [str(name) for name in clustered.workflow.transformations]
    names = list(map(words.__getitem__, kinds))
    definitions = _definitions(clustered, words)
    groups: dict[tuple[int, str, Resources, _Definition], list[int]] = {}
    columns = zip(clustered.levels, kinds, _resources(clustered), strict=True)
    for task, (level, kind, of_task) in enumerate(columns):
        key = (level, words[kind] if split else "", of_task, definitions[kind])
        groups.setdefault(key, []).append(task)
    draft = _DraftMaker(clustered, names, bags=any(clustered.cluster_kinds))
    drafts = [draft.make(key[0], key[2], groups[key]) for key in sorted(groups)]
    if clustered.tuning.array_by == "auto":
        drafts = [
            draft.make(parts[0].level, parts[0].resources, _tasks_of(parts))
            for parts in _alike(drafts, clustered.graph, [key[3] for key in sorted(groups)])
        ]
    return grow(Arrayed, clustered, drafts=tuple(drafts))


def _resources(clustered: Clustered) -> Iterable[Resources]:
    """Return, by task, what its child asks for: that of its cluster where that is one bag."""
    table = [settings.resources for settings in clustered.settings_table]
    of_tasks = map(table.__getitem__, clustered.task_settings)
    bags = clustered.cluster_resources
    if not bags:
        return of_tasks
    pairs = zip(clustered.clusters, of_tasks, strict=True)
    return (bags.get(cluster, own) for cluster, own in pairs)


_Definition = tuple[str, tuple[tuple[str, str], ...], bool]
"""Name of the container (empty for none), parameters, and whether it runs sub-workflows."""


def _definitions(clustered: Clustered, names: Sequence[str]) -> list[_Definition]:
    """Return what each transformation asks of its job definition.

    Errors: InputError where a property `pegbatch.aws.*` has a value that does not fit.
    """
    settings = clustered.settings
    values = {key: settings.get(key) for key in settings.properties}
    options = read_aws_options(values, settings.where)
    containers = (executable.container for executable in clustered.executables)
    return [
        (
            container.name if container else "",
            tuple(options.parameters_of((name,)).items()),
            runs_sub_workflow(name),
        )
        for name, container in zip(names, containers, strict=True)
    ]


def _leading_kinds(clustered: Clustered) -> list[int]:
    """Return, by task, the transformation its cluster starts with: a cluster stays together."""
    transformations = clustered.workflow.tasks.transformations
    return [transformations[leader] for leader in clustered.leaders]


def _alike(
    drafts: list[ArrayDraft], graph: Graph, definitions: list[_Definition]
) -> list[list[ArrayDraft]]:
    """Gather the arrays of a level that start together and are waited for together.

    One array of them all delays nobody: what waits for one of them waits for all. An array that
    could run pairwise with another one (N_TO_N) stays by itself.
    """
    relations = UnitRelations.of(drafts, graph)
    parents = [frozenset(relations.parents(number)) for number in range(len(drafts))]
    children: list[set[int]] = [set() for _ in drafts]
    for number, of in enumerate(parents):
        for parent in of:
            children[parent].add(number)
    matches = [match for number in range(len(drafts)) for match in relations.matches(number)]
    paired = {number for match in matches for number in (match.child, match.parent)}
    groups: dict[tuple[object, ...], list[ArrayDraft]] = {}
    for number, draft in enumerate(drafts):
        alone = number if number in paired else None
        same = (draft.level, draft.resources, definitions[number])
        key = (*same, parents[number], frozenset(children[number]), alone)
        groups.setdefault(key, []).append(draft)
    return list(groups.values())


def _tasks_of(parts: list[ArrayDraft]) -> list[int]:
    return [task for part in parts for task in part.order]


@dataclass(frozen=True, slots=True)
class _DraftMaker:
    """Orders the tasks of an array and finds its units."""

    clustered: Clustered
    names: list[str]
    """By task: what its cluster starts with."""
    bags: bool
    """Some clusters are one bag."""

    def make(self, level: int, resources: Resources, tasks: list[int]) -> ArrayDraft:
        """Return the draft of one array."""
        names, clusters, ranks = self.names, self.clustered.clusters, self.clustered.ranks
        ordered = sorted(tasks, key=lambda task: (names[task], clusters[task], ranks[task]))
        return ArrayDraft(
            level=level,
            resources=resources,
            order=array("i", ordered),
            unit_offsets=self._units(ordered) if self.bags else None,
        )

    def _units(self, ordered: list[int]) -> array[int] | None:
        """Return where units begin, or None where no unit has more than one task."""
        clusters, kinds = self.clustered.clusters, self.clustered.cluster_kinds
        offsets = array("i")
        previous = NO_CLUSTER
        for position, task in enumerate(ordered):
            number = clusters[task]
            if number == NO_CLUSTER or number != previous or kinds[number] == NAMED:
                offsets.append(position)
            previous = number
        offsets.append(len(ordered))
        return offsets if len(offsets) <= len(ordered) else None
