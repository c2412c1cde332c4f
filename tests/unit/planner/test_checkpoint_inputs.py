"""Checkpoint files that a catalog names: what a task may begin with."""

from __future__ import annotations

import json

from pegbatch.batch.bag_lines import BagLines
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.survey import files_to_look_up
from tests.unit.planner.test_places import given, replicas
from tests.workflows import T

GIVEN = T(id="a", checkpoints={"given": False, "fresh": False})


def line_of(given_workflow):
    planned = plan_workflow(given_workflow)
    (bag,) = BagLines(planned).lines(planned.arrays[0])
    return json.loads(bag[0])


def test_a_checkpoint_may_begin_with_a_replica_and_need_not() -> None:
    catalog = replicas(given=[("aws", "s3://bucket/given")])
    line = line_of(given([GIVEN], rc=catalog))
    assert [use["lfn"] for use in line["checkpoints"]] == ["given", "fresh"]
    (use,) = (use for use in line["inputs"] if not use.get("executable"))
    assert (use["lfn"], use["url"], use["optional"]) == ("given", "s3://bucket/given", True)


def test_a_local_one_is_looked_up_like_any_input() -> None:
    catalog = replicas(given=[("local", "/data/given")])
    assert "/data/given" in files_to_look_up(given([GIVEN], rc=catalog))


def test_one_that_lies_nowhere_is_no_problem() -> None:
    line = line_of(given([GIVEN]))
    assert [use for use in line["inputs"] if not use.get("executable")] == []


def test_an_output_is_not_taken_from_its_job_by_a_later_one_that_saves_it_as_checkpoint() -> None:
    tasks = [
        T(id="makes", outputs=["state"]),
        T(id="saves", checkpoints={"state": True}),
        T(id="reads", inputs=["state"]),
    ]
    planned = plan_workflow(given(tasks))
    lines = [
        json.loads(line)
        for tasks_of in planned.arrays
        for bag in BagLines(planned).lines(tasks_of)
        for line in bag
    ]
    assert {line["id"]: [use["lfn"] for use in line["outputs"]] for line in lines} == {
        "makes": ["state"], "saves": [], "reads": [],
    }  # fmt: skip
    assert [job.level for job in planned.plan.jobs if job.kind == "compute"] == [0, 1]
