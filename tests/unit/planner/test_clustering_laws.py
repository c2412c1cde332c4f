"""Whatever is clustered how: no task is lost, bags are in order, links cover every edge."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError, PlanError
from tests.unit.planner.test_level import dags
from tests.unit.planner.test_pipeline import finished_before, place, planned
from tests.workflows import T

TECHNIQUES = st.lists(
    st.sampled_from(["horizontal", "label", "whole", "chain"]), min_size=1, max_size=3
)


@st.composite
def clusterings(draw):
    """Draw tasks, edges, properties and techniques."""
    count, edges = draw(dags())
    key = st.sampled_from(["clusters.num", "clusters.size", "clusters.maxruntime", "cores"])
    tasks = []
    for number in range(count):
        profiles = {f"pegasus.{draw(key)}": str(draw(st.integers(1, 4)))}
        profiles["pegasus.runtime"] = str(draw(st.integers(0, 5)))
        label = draw(st.sampled_from(["", "", "one", "two"]))
        if label:
            profiles["pegasus.label"] = label
        tasks.append(T(id=str(number), name="xy"[number % 2], profiles=profiles))
    properties = {
        "pegasus.clusterer.job.aggregator": draw(
            st.sampled_from(["AWSBatch", "seqexec", "mpiexec"])
        ),
        "pegasus.clusterer.preference": draw(st.sampled_from(["runtime", "count"])),
        "pegasus.clusterer.allow.single": draw(st.sampled_from(["true", "false"])),
        "pegbatch.array.by": draw(st.sampled_from(["level", "cluster", "auto"])),
        "pegbatch.pack.max_children": draw(st.sampled_from(["2", "100"])),
    }
    return tasks, [(str(p), str(c)) for p, c in edges], properties, draw(TECHNIQUES)


@given(clusterings())
@settings(max_examples=300, deadline=None)
def test_clustering_loses_nothing_and_keeps_every_edge(drawn) -> None:
    tasks, edges, properties, techniques = drawn
    try:
        result = planned(tasks, edges, properties, cluster=techniques)
    except (InputError, PlanError) as error:
        assert "Invalid labelled graph" in str(error) or "clustered jobs" in str(error)
        return
    placed = Counter(task for tasks in result.arrays for task in tasks.order)
    assert placed == Counter(range(len(tasks)))
    assert set(result.clusters) - {-1} == set(range(len(result.cluster_names)))
    before = finished_before(result.plan.jobs)
    position = {task: n for tasks in result.arrays for n, task in enumerate(tasks.order)}
    for parent, child in ((int(p), int(c)) for p, c in edges):
        if place(result, parent) == place(result, child):
            assert position[parent] < position[child]
        else:
            assert place(result, parent) in before[place(result, child)]
    for number in result.cluster_resources:
        where = {place(result, t) for t, of in enumerate(result.clusters) if of == number}
        assert len(where) == 1
