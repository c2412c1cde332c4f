"""Tries in the log: a later one resets what is to be done, and the whole run is still told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.commands import Finish, Submit, Upload, Watch
from pegbatch.engine.counting import Mark
from pegbatch.engine.deciding import decide
from pegbatch.engine.folding import fold, step
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.loop import wait
from pegbatch.engine.state import RunState, new_state
from pegbatch.errors import InputError
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import status_to_json
from pegbatch.model.tries import Missing, Try
from pegbatch.planner.remainder import remainder
from pegbatch.report.status import headline
from tests.plans import RUN_URL, Bench, job, plan

PLAN = plan(
    job("wide", size=4, tasks=8),
    job("narrow", "wide", size=2),
    job("last", "narrow"),
    job("verdict", "last", kind="verdict"),
    outputs=1,
)
SECOND = remainder(
    PLAN,
    {"wide": Missing((1, 3), 3), "last": Missing((0,), 1)},
    2,
    succeeded=("wide", "narrow", "last"),
)
THIRD = remainder(PLAN, {"last": Missing((0,), 1)}, 3, succeeded=("wide", "narrow", "last"))
TRIES = {2: SECOND, 3: THIRD}


def event(kind: EventKind, number: int, time: float = 5.0, **body: object) -> RunEvent:
    return RunEvent(time, kind, {"try": number, **body})


def started(number: int, time: float = 5.0) -> RunEvent:
    return event(
        "run-started", number, time, run_url=RUN_URL, service="local", job_prefix="p-00000000"
    )


def state_of(number: int, array: str, status: str, **children: int) -> RunEvent:
    counts = children or {status: 1}
    return event("state", number, array=array, status=status, reason="", children=counts)


def one_try(number: int, arrays: tuple[str, ...], *, last: str = "FAILED") -> list[RunEvent]:
    """Return the whole log of a try whose last array ends so."""
    ids = [
        event("submitted", number, array=a, job_name=f"n-{a}.t{number}", job_id=f"{a}-{number}")
        for a in arrays
    ]
    ends = [state_of(number, a, "SUCCEEDED") for a in arrays[:-1]]
    ends.append(state_of(number, arrays[-1], last))
    outcome = "succeeded" if last == "SUCCEEDED" else "failed"
    return [
        started(number, 10.0 * number),
        event("uploaded", number, files=1, bytes=1),
        *ids,
        *ends,
        event("finished", number, 10.0 * number + 5, state=outcome),
        event("fetched", number, files=1, bytes=1),
        event("hooked", number, at="end"),
    ]


FIRST_TRY = one_try(1, ("wide", "narrow", "last", "verdict"))
SECOND_TRY = one_try(2, ("wide", "last", "verdict"))
THIRD_TRY = one_try(3, ("last", "verdict"), last="SUCCEEDED")
LOG = [*FIRST_TRY, *SECOND_TRY, *THIRD_TRY]


def after(*events: RunEvent) -> RunState:
    return fold(new_state(PLAN, TRIES), events)


def test_a_later_try_begins_with_nothing_sent_and_with_arrays_of_its_own() -> None:
    state = after(*FIRST_TRY, started(2, 20.0))
    assert decide(state) == (Upload(),)
    assert (state.number, state.outcome, state.ended, state.started) == (2, None, None, 10.0)
    assert list(state.arrays) == ["wide", "last", "verdict"]
    assert {array.job_id for array in state.arrays.values()} == {None}
    assert state.carried["narrow"].status == "SUCCEEDED"
    assert not state.hooked


def test_only_the_arrays_of_the_try_are_submitted_watched_and_waited_for() -> None:
    sent = event("uploaded", 2, files=1, bytes=1)
    state = after(*FIRST_TRY, started(2), sent)
    assert decide(state) == (Submit(("wide",)),)
    ids = SECOND_TRY[2:5]
    assert decide(fold(state, ids)) == (
        Watch({"wide": "wide-2", "last": "last-2", "verdict": "verdict-2"}),
    )
    ends = [state_of(2, array, "SUCCEEDED") for array in ("wide", "last", "verdict")]
    assert decide(fold(state, [*ids, *ends])) == (Finish("succeeded"),)


def test_what_is_said_late_of_an_earlier_try_counts_no_more() -> None:
    begun = after(*FIRST_TRY, started(2))
    late = [
        event("cancel-requested", 1),
        state_of(1, "wide", "FAILED"),
        event("submitted", 1, array="narrow", job_name="n", job_id="late"),
        event("finished", 1, state="failed"),
        event("uploaded", 1, files=1, bytes=1),
        started(1),
    ]
    assert fold(begun, late) == begun


def test_a_try_that_starts_twice_is_begun_once() -> None:
    once = after(*FIRST_TRY, *SECOND_TRY[:4])
    assert fold(once, [started(2)]) == once


def test_a_child_of_a_later_try_runs_the_bag_that_the_try_says() -> None:
    state = after(*FIRST_TRY, started(2))
    assert [state.bag("wide", child) for child in range(2)] == [1, 3]
    assert after(*FIRST_TRY).bag("wide", 3) == 3


@pytest.mark.parametrize(
    "odd",
    [
        event("intent", 1, array="unknown", job_name="n", job_queue="q"),
        event("submitted", 1, array="unknown", job_name="n", job_id="i"),
        state_of(1, "unknown", "RUNNING"),
        event("submitted", 1, array="wide"),
        RunEvent(1.0, "invented", {"try": 1}),  # type: ignore[arg-type]
        RunEvent(1.0, "run-started", {}),
        started(9),
    ],
)
def test_an_event_that_does_not_fit_is_an_error_that_says_so(odd: RunEvent) -> None:
    with pytest.raises(InputError, match="the log of the run"):
        after(started(1), odd)


@given(st.integers(0, len(LOG)), st.integers(0, len(LOG)))
def test_every_prefix_of_a_log_folds_and_can_be_told(first: int, second: int) -> None:
    cut, end = sorted((first, second))
    state = fold(after(*LOG[:cut]), LOG[cut:end])
    assert state == after(*LOG[:end])
    tasks = build_status(PLAN, state, Findings(), now=100.0).tasks
    parts = (tasks.succeeded, tasks.failed, tasks.skipped, tasks.running, tasks.waiting)
    assert (sum(parts), tasks.total, min(parts)) == (11, 11, min(0, *parts))


def told(state: RunState, **findings: object) -> dict[str, object]:
    return status_to_json(
        build_status(PLAN, state, Findings(**findings), now=100.0)  # type: ignore[arg-type]
    )


def test_the_status_of_a_later_try_is_that_of_the_whole_run() -> None:
    log = [*FIRST_TRY, *SECOND_TRY[:5], state_of(2, "wide", "PENDING", RUNNING=1, SUCCEEDED=1)]
    found = told(after(*log), marks={"wide": {1: Mark(2, 1, 0)}})
    assert found["try"] == 2
    assert found["tasks"] == {
        "total": 11,
        "succeeded": 5 + 1 + 2,
        "failed": 1,
        "skipped": 0,
        "running": 1,
        "waiting": 1,
    }
    arrays = {row["name"]: row for row in found["arrays"]}  # type: ignore[attr-defined]
    assert arrays["wide"]["children"] == {"RUNNING": 1, "SUCCEEDED": 3}
    assert (arrays["narrow"]["state"], arrays["narrow"]["job_id"]) == ("SUCCEEDED", "narrow-1")
    assert arrays["last"]["state"] == "SUBMITTED"


def test_the_headline_says_which_later_try_it_is() -> None:
    def line(state: RunState) -> str:
        return headline(build_status(PLAN, state, Findings(), now=100.0))

    assert "try" not in line(after(*FIRST_TRY))
    assert ", try 2, " in line(after(*FIRST_TRY, *SECOND_TRY))


def begun_bench(at: int) -> Bench:
    bench = Bench(PLAN, tries=dict(TRIES))
    bench.runs.log.extend([*FIRST_TRY, started(2)][: len(FIRST_TRY) + at])
    return bench


class Killed(BaseException):
    """The client is killed."""


def killer(moment: int) -> Callable[[object], None]:
    left = [moment]

    def before(_: object) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1

    return before


@given(st.integers(0, 11), st.booleans())
def test_a_client_killed_between_any_two_steps_of_a_try_goes_on_as_if_it_had_not_been(
    moment: int, at_submit: bool
) -> None:
    bench = begun_bench(1)
    bench.clock.on_sleep = bench.end_all
    if at_submit:
        bench.jobs.before_submit = killer(moment)
    else:
        bench.runs.before_append = killer(moment)
    try:
        wait(bench.context())
    except Killed:
        bench.jobs.before_submit = lambda body: None
        bench.runs.before_append = lambda event: None
    state = wait(bench.context())
    assert state.outcome == "succeeded"
    names = [body["jobName"] for body in bench.jobs.bodies.values()]
    assert names == ["sketch-wide", "sketch-last", "sketch-verdict"]
    assert [e.kind for e in bench.runs.log].count("finished") == 2


def test_a_plan_that_no_log_speaks_of_is_its_first_try() -> None:
    state = new_state(Plan(**{f: getattr(PLAN, f) for f in PLAN.__dataclass_fields__}), TRIES)
    assert state.current == Try(number=1, jobs=PLAN.jobs)
    assert step(state, started(1))[1] == (Upload(),)
