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
