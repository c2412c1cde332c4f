"""What the plan says of how long the tasks of an array are expected to take."""

from __future__ import annotations

import json
from dataclasses import replace

from pegbatch.model.plan import Expected, job_from_json, job_to_json
from tests.plans import job
from tests.unit.planner.test_pipeline import planned
from tests.workflows import T


def test_it_survives_json_and_is_left_out_where_it_is_not_known() -> None:
    plain = job("a", size=3)
    assert "expected" not in job_to_json(plain)
    known = replace(plain, expected=Expected(seconds=30.0, longest=12.5))
    for one in (plain, known):
        assert job_from_json(json.loads(json.dumps(job_to_json(one)))) == one


def test_it_is_known_where_every_task_of_the_array_has_a_runtime() -> None:
    tasks = [
        T(id="a0", name="a", profiles={"pegasus.runtime": "5"}),
        T(id="a1", name="a", profiles={"pegasus.runtime": "7.5"}),
        T(id="b0", name="b", profiles={"pegasus.runtime": "1"}),
        T(id="b1", name="b"),
    ]
    first, second, *_ = planned(tasks, [("a0", "b0"), ("a1", "b1")]).plan.jobs
    assert first.expected == Expected(seconds=12.5, longest=7.5)
    assert second.expected is None


def test_tasks_of_one_bag_come_one_after_another() -> None:
    timed = {"pegasus.runtime": "5"}
    tasks = [T(id=f"a{number}", profiles=timed) for number in range(5)]
    (packed, *_) = planned(tasks, (), {"pegbatch.pack.size": "3"}).plan.jobs
    assert packed.expected == Expected(seconds=25.0, longest=15.0)
