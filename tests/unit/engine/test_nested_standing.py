"""How nested runs stand: told by their summaries, else by AWS Batch."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pegbatch.adapters.nested_runs import nested_reader
from pegbatch.engine.nested.looking import NestedLooker
from pegbatch.engine.nested.remembered import common_start
from pegbatch.engine.nested.standing import ask_batch, no_jobs
from pegbatch.engine.state import RunState, new_state
from pegbatch.model.layout import failure_key, join_url, plan_key
from pegbatch.model.nested import NestedStatus, every_status, nested_to_json
from pegbatch.model.plan import Plan
from pegbatch.model.tries import Try, try_to_json
from tests.fakes import FakeJobs
from tests.fakes_store import MemoryStore
from tests.nested_trees import HEX, inner_plan, nested_url, put_run, put_summary
from tests.plans import QUEUE, RUN_URL


def outer_state(plan: Plan, **changes: Any) -> RunState:
    state = new_state(plan)
    return replace(state, number=1, run_url=RUN_URL, service="aws", started=900.0, **changes)


def look(
    store: MemoryStore, jobs: FakeJobs | None = None, *ids: str, **changes: Any
) -> tuple[NestedStatus, ...]:
    plan = inner_plan(*(ids or ("sub",)))
    ask = no_jobs if jobs is None else partial(ask_batch, jobs)
    looker = NestedLooker(nested_reader)
    return looker.look(store, ask, plan, outer_state(plan, **changes), now=2_000.0)


def submit(jobs: FakeJobs, array: str, status: str, **children: int) -> str:
    job_id = jobs.submit({"jobName": f"sketch-{HEX}-{array}", "jobQueue": QUEUE})
    jobs.set_state(job_id, status, children=children)
    return job_id


def test_what_has_not_begun_is_planned() -> None:
    (one,) = look(MemoryStore())
    assert (one.state, one.run, one.tasks.total) == ("planned", "", 0)


def test_nobody_is_asked_before_the_run_around_it_begins() -> None:
    store, plan = MemoryStore(), inner_plan("sub")
    told = NestedLooker(nested_reader).look(store, no_jobs, plan, new_state(plan), now=0.0)
    assert [one.state for one in told] == ["planned"] and not store.calls


def test_what_has_begun_and_sent_no_plan_yet_is_submitting() -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan())
    store.delete([join_url(url, plan_key("plan.json"))])
    (one,) = look(store)
    assert (one.state, one.run, one.trouble) == ("submitting", url, "")


def test_a_summary_tells_how_a_run_has_ended_and_batch_is_not_asked() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    put_summary(store, url, "failed", {"failed": 1, "succeeded": 2})
    (one,) = look(store, jobs)
    assert (one.state, one.tasks.failed, one.seconds) == ("failed", 1, 12.5)
    assert not jobs.described


def test_a_summary_of_an_earlier_try_does_not_tell_of_this_one() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    plan = inner_plan()
    put_run(store, url, plan, number=2)
    again = Try(number=2, jobs=plan.jobs[:1], bags={"L0": (0, 1)})
    key = join_url(url, plan_key("tries/2.json"))
    store.write(key, json.dumps(try_to_json(again)).encode())
    put_summary(store, url, "failed", {"failed": 1}, number=1)
    submit(jobs, "L0", "FAILED", FAILED=2)
    submit(jobs, "L0_t2", "RUNNING", RUNNING=2)
    (one,) = look(store, jobs)
    assert (one.state, one.number, one.tasks.running) == ("running", 2, 2)


@pytest.mark.parametrize("text", [b"{", b"{}", b'{"format": 1, "try": 3, "jobs": []}'])
def test_a_later_try_that_is_none_is_told_as_such(text: bytes) -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan(), number=2)
    store.write(join_url(url, plan_key("tries/2.json")), text)
    assert look(store)[0].trouble


def test_what_goes_on_is_told_by_batch_and_by_marks() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    submit(jobs, "L0", "SUCCEEDED", SUCCEEDED=2)
    submit(jobs, "L1", "RUNNING")
    submit(jobs, "verdict", "PENDING")
    jobs.submit({"jobName": f"sketch-{HEX}-foreign", "jobQueue": QUEUE})
    store.write(join_url(url, failure_key("L0", 1, 1, 1, 0)), b"")
    (one,) = look(store, jobs)
    assert one.state == "running"
    assert (one.tasks.succeeded, one.tasks.failed, one.tasks.running) == (1, 1, 1)


def test_a_run_half_submitted_is_submitting() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    submit(jobs, "L0", "RUNNABLE", RUNNABLE=2)
    (one,) = look(store, jobs)
    assert (one.state, one.tasks.waiting) == ("submitting", 3)


@pytest.mark.parametrize(
    ("outer", "told"), [("failed", "failed"), ("cancelled", "cancelled"), ("succeeded", "failed")]
)
def test_what_nobody_goes_on_with_has_ended_with_the_run_around_it(outer: str, told: str) -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    submit(jobs, "L0", "SUCCEEDED", SUCCEEDED=2)
    (one,) = look(store, jobs, outcome=outer)
    assert one.state == told


def test_what_was_ended_before_it_sent_its_plan_has_ended_with_the_run_around_it() -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan())
    store.delete([join_url(url, plan_key("plan.json"))])
    (one,), (other,) = look(store, outcome="cancelled"), look(MemoryStore(), outcome="cancelled")
    assert (one.state, one.tasks.total, other.state) == ("cancelled", 0, "planned")


def test_what_its_planner_has_left_goes_on_though_the_run_around_it_has_ended() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    submit(jobs, "L0", "RUNNING", RUNNING=2)
    (one,) = look(store, jobs, outcome="failed")
    assert one.state == "submitting" and one.tasks.running == 2


def test_all_jobs_ended_without_a_summary_have_an_outcome() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    for array, status in (("L0", "SUCCEEDED"), ("L1", "FAILED"), ("verdict", "FAILED")):
        submit(jobs, array, status)
    assert look(store, jobs)[0].state == "failed"


def test_runs_within_runs_stand_in_their_order() -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan("x", "y"))
    put_run(store, nested_url("sub", "y"), inner_plan())
    put_summary(store, nested_url("sub", "y"), "succeeded", {"succeeded": 3})
    told = look(store)
    assert [(depth, one.id, one.state) for depth, one in every_status(told)] == [
        (0, "sub", "submitting"), (1, "sub.x", "planned"), (1, "sub.y", "succeeded"),
    ]  # fmt: skip
    row = nested_to_json(told)[0]
    assert row["sub_workflows"][1]["tasks"]["succeeded"] == 3


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("plan/run.json", b"not json"),
        ("plan/run.json", b"[]"),
        ("plan/run.json", b'{"format": 1, "run": "s3://elsewhere/run"}'),
        ("plan/plan.json", b"{}"),
        ("plan/plan.json", b"[" * 100_000),
    ],
)
def test_what_is_no_run_is_told_as_such(key: str, text: bytes) -> None:
    store, url = MemoryStore(), nested_url("sub")
    put_run(store, url, inner_plan())
    store.write(join_url(url, key), text)
    (one,) = look(store)
    assert one.trouble and one.tasks.total == 0


def test_a_summary_that_is_none_is_passed_over() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan())
    store.write(join_url(url, "summary.json"), b"{")
    submit(jobs, "L0", "RUNNING", RUNNING=2)
    assert look(store, jobs)[0].tasks.running == 2


def test_a_run_that_says_it_is_elsewhere_is_not_looked_for_there() -> None:
    store, url, jobs = MemoryStore(), nested_url("sub"), FakeJobs()
    put_run(store, url, inner_plan(), service="local")
    (one,) = look(store, jobs)
    assert "elsewhere" in one.trouble


def test_what_has_succeeded_is_not_read_again_and_plans_are_read_once() -> None:
    store, jobs = MemoryStore(), FakeJobs()
    put_run(store, nested_url("done"), inner_plan())
    put_summary(store, nested_url("done"), "succeeded", {"succeeded": 3})
    put_run(store, nested_url("open"), inner_plan())
    submit(jobs, "L0", "RUNNING", RUNNING=2)
    plan = inner_plan("done", "open")
    looker, state = NestedLooker(nested_reader), outer_state(plan)
    first = looker.look(store, partial(ask_batch, jobs), plan, state, now=2_000.0)
    store.calls.clear()
    second = looker.look(store, partial(ask_batch, jobs), plan, state, now=2_000.0)
    assert first == second
    read = store.called("read")
    assert not [url for url in read if "/done/" in url]
    assert not [url for url in read if url.endswith("plan.json")]


def test_a_thousand_nested_runs_take_a_few_calls_each() -> None:
    store = MemoryStore()
    ids = [f"s{number}" for number in range(1_000)]
    for id_ in ids:
        put_run(store, nested_url(id_), inner_plan())
        put_summary(store, nested_url(id_), "succeeded", {"succeeded": 3})
    store.calls.clear()
    told = look(store, None, *ids)
    assert sum(one.tasks.succeeded for one in told) == 3_000
    assert len(store.called("read")) == 3 * len(ids) and not store.called("list")


def test_names_begin_alike() -> None:
    assert common_start(["abc-1", "abc-2", "abd"]) == "ab"
    assert common_start(["one"]) == "one"
    assert common_start([]) == ""


_ODD: tuple[object, ...] = (None, -1, 1e308, "", [], {}, [1], {"a": 1}, "..", "9" * 20)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_stands_in_these_files_is_told_or_passed_over(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(10):
        store, jobs, url = MemoryStore(), FakeJobs(), nested_url("sub")
        put_run(store, url, inner_plan("x"))
        put_summary(store, url, "failed", {"failed": 1}, [{"id": "t", "array": "L0"}])
        submit(jobs, "L0", "RUNNING", RUNNING=2)
        key = choose.choice(("plan/run.json", "plan/plan.json", "summary.json"))
        data = json.loads(store.read(join_url(url, key)))
        _spoil(data, choose)
        store.write(join_url(url, key), json.dumps(data).encode())
        (one,) = look(store, jobs)
        assert one.state in ("planned", "submitting", "running", "failed", "succeeded")


def _spoil(data: Any, choose: random.Random) -> None:
    """Put something else in one place of a JSON object."""
    while True:
        places = list(data) if isinstance(data, dict) else list(range(len(data)))
        place = choose.choice(places)
        if isinstance(data[place], dict | list) and data[place] and choose.random() < 0.8:
            data = data[place]
            continue
        data[place] = choose.choice(_ODD)
        return
