"""A level is the longest distance from a root."""

from __future__ import annotations

import networkx
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.planner.check import check
from pegbatch.planner.level import level, longest_distances
from pegbatch.planner.locate_inputs import locate_inputs
from pegbatch.planner.map_to_site import map_to_site
from tests.workflows import T, make_given, make_workflow


@st.composite
def dags(draw):
    """Draw (number of tasks, edges) with task numbers shuffled against the order."""
    count = draw(st.integers(1, 12))
    names = draw(st.permutations(range(count)))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    drawn = draw(st.lists(pairs, max_size=30))
    return count, [(names[min(p)], names[max(p)]) for p in drawn if p[0] != p[1]]


@given(dags())
@settings(max_examples=150, deadline=None)
def test_levels_are_longest_distances(drawn) -> None:
    count, edges = drawn
    tasks = [T(id=str(number)) for number in range(count)]
    named = [(str(parent), str(child)) for parent, child in edges]
    levels = longest_distances(check(make_given(make_workflow(tasks, named))).graph)
    graph = networkx.DiGraph(edges)
    graph.add_nodes_from(range(count))
    for generation, nodes in enumerate(networkx.topological_generations(graph)):
        assert {levels[node] for node in nodes} == {generation}


def test_indices_count_within_level_and_transformation() -> None:
    tasks = [
        T(id="a", name="x"), T(id="b", name="y"), T(id="c", name="x"), T(id="d", name="x"),
    ]  # fmt: skip
    workflow = make_workflow(tasks, [("a", "d")])
    levelled = level(locate_inputs(map_to_site(check(make_given(workflow)))))
    assert list(levelled.task_indices) == [0, 0, 1, 0]
    assert levelled.level_count == 2
