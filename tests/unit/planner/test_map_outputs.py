"""Outputs that an outer workflow wants go where it looks for them, and nowhere else."""

from __future__ import annotations

from pegbatch.planner.pipeline import plan_workflow
from tests.sub_workflow_plans import lines_of
from tests.workflows import T, make_given, make_workflow

WANTED = {"a": ("s3://b/outer/data/a", "s3://out/a"), "b": ("s3://b/outer/data/b",)}
TASKS = (
    T(id="1", kept=["a", "c"], outputs=["d"]),
    T(id="2", inputs=["a"], kept=["b"]),
)


def test_a_mapped_output_is_put_at_its_urls_whatever_its_job_says_of_transfer() -> None:
    given = make_given(make_workflow(TASKS), output_map=WANTED)
    lines = lines_of(plan_workflow(given))
    first = {use["lfn"]: use for use in lines["1"]["outputs"]}
    assert first["a"] == {"lfn": "a", "url": "data/a", "deliver": list(WANTED["a"])}
    assert first["c"] == {"lfn": "c", "url": "data/c"}
    assert first["d"] == {"lfn": "d", "url": "data/d"}
    assert lines["2"]["outputs"] == [{"lfn": "b", "url": "s3://b/outer/data/b"}]


def test_without_a_map_nothing_changes() -> None:
    workflow = make_workflow(TASKS)
    assert sum(plan_workflow(make_given(workflow)).delivered) == 1
    mapped = plan_workflow(make_given(workflow, output_map=WANTED))
    assert sum(mapped.delivered) == 3


def test_what_a_map_takes_away_is_cleaned_up_and_what_waits_for_the_client_is_not() -> None:
    given = make_given(make_workflow(TASKS), output_map=WANTED, cleanup="leaf")
    planned = plan_workflow(given)
    (cleaner,) = planned.clean_ups
    assert {planned.workflow.lfns[lfn] for lfn in cleaner.files} == {"a", "c"}
