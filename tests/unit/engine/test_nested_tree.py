"""The tree of nested runs: level by level, bounded, and nothing asked twice."""

from __future__ import annotations

import threading

import pytest

from pegbatch.engine.nested.tree import read_tree
from pegbatch.model.nested import DEEPEST, MOST, NestedFiles, every
from tests.nested_trees import inner_plan, known_run, nested_url, sub_workflow
from tests.plans import RUN_URL


def test_nothing_is_read_where_there_are_no_sub_workflows() -> None:
    def read(url: str) -> NestedFiles:
        raise AssertionError(url)

    assert read_tree(RUN_URL, (), read) == ()


def test_a_tree_is_read_level_by_level_and_each_run_once() -> None:
    within = {
        nested_url("a"): inner_plan("x", "y"),
        nested_url("a", "y"): inner_plan("deep"),
        nested_url("b"): inner_plan(),
    }
    asked: list[str] = []

    def read(url: str) -> NestedFiles:
        asked.append(url)
        found = within.get(url)
        return NestedFiles() if found is None else NestedFiles(known=known_run(url), plan=found)

    runs = read_tree(RUN_URL, [sub_workflow("a"), sub_workflow("b")], read)
    assert [one.id for one in every(runs)] == ["a", "a.x", "a.y", "a.y.deep", "b"]
    assert [one.url for one in every(runs)][3] == nested_url("a", "y", "deep")
    assert len(asked) == len(set(asked)) == 5


def test_runs_of_a_level_are_read_at_once() -> None:
    barrier = threading.Barrier(4, timeout=60)

    def read(url: str) -> NestedFiles:
        barrier.wait()
        return NestedFiles()

    assert len(read_tree(RUN_URL, [sub_workflow(f"s{number}") for number in range(4)], read)) == 4


def test_a_workflow_that_plans_itself_without_end_is_left_at_some_depth() -> None:
    def read(url: str) -> NestedFiles:
        return NestedFiles(known=known_run(url), plan=inner_plan("again"))

    runs = read_tree(RUN_URL, [sub_workflow("again")], read)
    assert len(list(every(runs))) == DEEPEST


def test_a_plan_that_claims_too_many_sub_workflows_is_bounded() -> None:
    many = [sub_workflow(str(number)) for number in range(MOST + 5)]
    assert len(read_tree(RUN_URL, many, lambda url: NestedFiles())) == MOST


@pytest.mark.parametrize("id_", ["..", "../../other", "a/b", ".", "x" * 3000, "é\x00"])
def test_ids_lead_nowhere_else(id_: str) -> None:
    asked: list[str] = []

    def read(url: str) -> NestedFiles:
        asked.append(url)
        return NestedFiles()

    read_tree(RUN_URL, [sub_workflow(id_)], read)
    (url,) = asked
    segment = url.removeprefix(f"{RUN_URL}/nested/")
    assert "/" not in segment and not segment.startswith(".") and len(segment) <= 255
