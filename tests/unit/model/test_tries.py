"""What a try submits, as a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pegbatch.errors import InputError
from pegbatch.model.names import job_name
from pegbatch.model.plan import JobLink, LinkType
from pegbatch.model.tries import Try, first_try, try_from_json, try_to_json
from tests.plans import diamond, job

SECOND = Try(
    number=2,
    jobs=(
        job("middle", size=2, tasks=7),
        replace(job("last"), depends_on=(JobLink("middle", LinkType.ALL),)),
        job("verdict", "last", kind="verdict"),
    ),
    bags={"middle": (0, 4), "last": (0,)},
)


def test_a_try_is_the_same_after_it_was_written_and_read() -> None:
    text = json.dumps(try_to_json(SECOND))
    assert try_from_json(json.loads(text), source="2.json") == SECOND


def test_the_first_try_is_the_plan() -> None:
    plan = diamond()
    assert first_try(plan) == Try(number=1, jobs=plan.jobs, bags={})
    assert first_try(plan).array(plan.job("middle")) == "middle"
    assert SECOND.array(plan.job("middle")) == "middle.t2"


@pytest.mark.parametrize(
    "data", [None, [], {}, {"format": 2}, {"format": 1}, {"format": 1, "try": 2, "jobs": [{}]}]
)
def test_what_is_no_try_is_refused_with_its_place(data: object) -> None:
    with pytest.raises(InputError, match=r"tries/2\.json"):
        try_from_json(data, source="tries/2.json")


def test_no_two_arrays_and_tries_have_one_name_on_batch() -> None:
    arrays = ("L1-x", "L1-x_t1", "L1-x_t2", "L1-x_t2_t1", "L1-x_t2_t2")
    tried = [(array, number) for array in arrays for number in (1, 2, 3)]
    names = [
        job_name("w", "0a1b2c3d", array if number == 1 else f"{array}.t{number}")
        for array, number in tried
    ]
    assert len(set(names)) == len(tried)
    assert {"w-0a1b2c3d-L1-x", "w-0a1b2c3d-L1-x_t2"} <= set(names)
