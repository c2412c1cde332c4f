"""Cluster by label: jobs of the same label (or all jobs) become one cluster.

Such jobs may depend on each other, so a cluster is always one bag, its tasks in an order in
which each comes after those it waits for: one after another, or side by side under mpiexec.
Source: Pegasus user guide, "Label Based Clustering" and "Whole Workflow Clustering".
"""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.model.cluster_kinds import SERIAL
from pegbatch.planner.clusters import NO_CLUSTER, ClusterTable, kind_of
from pegbatch.planner.nodes import Nodes, refuse_mixed_containers, refuse_nesting
from pegbatch.planner.scopes import given_of, scope_of
from pegbatch.planner.stages import Levelled

WHOLE = "whole-wf"
"""The label that Pegasus gives to all jobs."""


def cluster_by_label(levelled: Levelled, nodes: Nodes, table: ClusterTable) -> None:
    """Make a cluster of each label, in order of first jobs; jobs without a label stay alone.

    Errors: PlanError for a cluster inside another one under AWSBatch, or of several containers.
    """
    labels = [settings.label for settings in levelled.settings_table]
    labelled: dict[tuple[int, str], list[int]] = {}
    for node in nodes.for_clusters():
        label = labels[nodes.settings[node]]
        if label:
            labelled.setdefault((nodes.scope(node), label), []).append(node)
    for (scope, label), members in labelled.items():
        _add(levelled, nodes, table, _name(levelled, scope, label), members, "label")


def cluster_whole(levelled: Levelled, nodes: Nodes, table: ClusterTable) -> None:
    """Make one cluster of all jobs of a workflow.

    Errors: PlanError for a cluster inside another one under AWSBatch, or of several containers.
    """
    members: dict[int, list[int]] = {}
    for node in nodes.for_clusters():
        members.setdefault(nodes.scope(node), []).append(node)
    for scope, of_scope in members.items():
        _add(levelled, nodes, table, _name(levelled, scope, WHOLE), of_scope, "whole")


def _name(levelled: Levelled, scope: int, label: str) -> str:
    """Return `merge_<label>`, with the path of a sub-workflow before the label."""
    path = levelled.workflow.scopes[scope]
    return f"merge_{path}.{label}" if path else f"merge_{label}"


def _add(
    levelled: Levelled,
    nodes: Nodes,
    table: ClusterTable,
    name: str,
    members: Sequence[int],
    technique: str,
) -> None:
    tasks = nodes.tasks_of(members)
    tuning = given_of(levelled, scope_of(levelled.workflow, tasks[0])).tuning
    if len(members) == 1:
        single = table.clusters[tasks[0]] == NO_CLUSTER and tuning.allow_single
        if not single:
            return
    # By longest distance from a root, every task comes after its parents.
    ordered = sorted(tasks, key=lambda task: (levelled.levels[task], task))
    settings = levelled.settings_table[levelled.task_settings[ordered[0]]]
    refuse_nesting(levelled, table, ordered, settings, technique)
    refuse_mixed_containers(levelled, ordered, technique)
    kind = kind_of(settings.aggregator, strict=tuning.first_job_fail, otherwise=SERIAL)
    # Where there is one task, nothing will ever run beside it.
    table.add(name, ordered, kind if len(ordered) > 1 else SERIAL)
