"""The fold: what events make of a run, and what has to be done next."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.commands import Finish, Recover, Submit, Upload, Watch
from pegbatch.engine.deciding import decide
from pegbatch.engine.folding import fold, step
from pegbatch.engine.state import RunState, new_state
from pegbatch.model.events import EventKind, RunEvent
from tests.plans import RUN_URL, diamond, job, plan

STARTED = {"try": 1, "run_url": RUN_URL, "service": "local", "job_prefix": "p"}


def event(kind: EventKind, time: float = 5.0, **body: object) -> RunEvent:
    return RunEvent(time, kind, {"try": 1, **body})


def submitted(*arrays: str) -> list[RunEvent]:
    return [
        event("run-started", **STARTED),
        event("uploaded", files=1, bytes=1),
        *(event("submitted", array=a, job_name=f"n-{a}", job_id=f"id-{a}") for a in arrays),
    ]


def ended(array: str, status: str = "SUCCEEDED") -> RunEvent:
    return event("state", array=array, status=status, reason="", children={status: 1})


def after(*events: RunEvent) -> RunState:
    return fold(new_state(diamond()), events)


def test_a_plan_without_events_asks_for_nothing() -> None:
    assert decide(new_state(diamond())) == ()


def test_a_started_run_uploads_before_it_submits() -> None:
    state, commands = step(new_state(diamond()), event("run-started", time=7.0, **STARTED))
    assert commands == (Upload(),)
    assert (state.run_url, state.service, state.number, state.started) == (RUN_URL, "local", 1, 7.0)


def test_arrays_are_submitted_in_plan_order() -> None:
    assert decide(after(*submitted())) == (Submit(("first",)),)
    assert decide(after(*submitted("first"))) == (Submit(("middle",)),)


def test_an_intent_without_a_job_id_is_looked_for_not_repeated() -> None:
    intent = event("intent", time=9.0, array="middle", job_name="n", job_queue="q")
    assert decide(after(*submitted("first"), intent)) == (Recover("middle", "n", "q", 9.0),)


def test_only_arrays_that_have_not_ended_are_watched() -> None:
    names = ("first", "middle", "last", "verdict")
    state = after(*submitted(*names), ended("first"))
    watched = {name: f"id-{name}" for name in names[1:]}
    assert decide(state) == (Watch(watched),)


def test_a_run_whose_arrays_all_succeeded_finishes_as_succeeded() -> None:
    names = ("first", "middle", "last", "verdict")
    state = after(*submitted(*names), *map(ended, names))
    assert decide(state) == (Finish("succeeded"),)


def test_a_failed_verdict_fails_the_run() -> None:
    names = ("first", "middle", "last")
    state = after(*submitted(*names, "verdict"), *map(ended, names), ended("verdict", "FAILED"))
    assert decide(state) == (Finish("failed"),)


def test_a_failed_clean_up_does_not_fail_the_run() -> None:
    small = plan(
        job("only"), job("verdict", kind="verdict"), job("tidy", "verdict", kind="clean-up")
    )
    events = [
        *submitted("only", "verdict", "tidy"),
        ended("only"),
        ended("verdict"),
        ended("tidy", "FAILED"),
    ]
    assert decide(fold(new_state(small), events)) == (Finish("succeeded"),)


def test_a_barrier_that_only_clean_up_waits_for_cannot_fail_the_run_either() -> None:
    small = plan(
        job("only"),
        job("gate", "only", kind="barrier"),
        job("barrier", "only", kind="barrier"),
        job("tidy", "barrier", kind="clean-up"),
        job("verdict", "gate", kind="verdict"),
    )
    assert new_state(small).optional == {"barrier", "tidy"}


def test_a_cancelled_run_submits_no_more_and_waits_for_what_is_out() -> None:
    state = after(*submitted("first"), event("cancel-requested"))
    assert decide(state) == (Watch({"first": "id-first"}),)
    assert decide(fold(state, [ended("first", "FAILED")])) == (Finish("cancelled"),)


def test_a_run_cancelled_before_its_uploads_finishes_at_once() -> None:
    state = after(event("run-started", **STARTED), event("cancel-requested"))
    assert decide(state) == (Finish("cancelled"),)


def test_an_ended_array_stays_ended_whatever_is_reported_later() -> None:
    late = event("state", array="first", status="RUNNING", reason="", children={"RUNNING": 1})
    assert after(*submitted("first"), ended("first"), late).arrays["first"].status == "SUCCEEDED"


def test_the_first_end_of_a_run_stands() -> None:
    state = after(
        event("run-started", **STARTED),
        event("finished", time=20.0, state="failed"),
        event("finished", time=30.0, state="succeeded"),
    )
    assert (state.outcome, state.ended) == ("failed", 20.0)
    assert decide(state) == ()


def test_fetching_changes_nothing_of_the_state() -> None:
    before = after(*submitted("first"))
    assert fold(before, [event("fetched", files=1, bytes=2)]) == before


@given(st.lists(st.sampled_from(("first", "middle", "last", "verdict")), unique=True), st.data())
def test_folding_a_log_in_two_parts_gives_the_same_state(
    names: list[str], data: st.DataObject
) -> None:
    events = [*submitted(*names), *map(ended, names)]
    cut = data.draw(st.integers(0, len(events)))
    assert fold(after(*events[:cut]), events[cut:]) == after(*events)


def test_bodies_survive_json() -> None:
    events = submitted("first")
    again = [RunEvent(one.time, one.kind, json.loads(json.dumps(dict(one.body)))) for one in events]
    assert after(*again) == after(*events)
