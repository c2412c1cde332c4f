"""Submitting, watching and ending a run on fakes of the ports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pegbatch.engine.cancelling import cancel
from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.loop import look, submit, wait
from pegbatch.errors import AccessDenied, InputError, JobServiceUnreachable, OutsideError
from pegbatch.model.events import RunEvent
from pegbatch.ports import JobState
from tests.plans import RUN_URL, Bench, diamond, job, plan

NAMES = ["first", "middle", "last", "verdict"]


def started(**properties: str) -> Bench:
    bench = Bench(diamond(**properties))
    bench.start()
    return bench


def put_summary(bench: Bench, **tasks: int) -> None:
    bench.store.write(f"{RUN_URL}/summary.json", json.dumps({"tasks": tasks}).encode())


def read_summary(bench: Bench) -> dict[str, object]:
    summary: dict[str, object] = json.loads(bench.store.read(f"{RUN_URL}/summary.json"))
    return summary


def test_all_arrays_are_submitted_in_plan_order_with_the_ids_of_their_parents() -> None:
    bench = started()
    state = submit(bench.context())
    assert [body["jobName"] for body in bench.jobs.bodies.values()] == [
        f"sketch-{name}" for name in NAMES
    ]
    assert bench.jobs.bodies["job-1"]["dependsOn"] == [{"jobId": "job-0"}]
    assert "dependsOn" not in bench.jobs.bodies["job-0"]
    assert state.submitted


def test_uploads_are_there_before_the_first_job_and_are_put_once(tmp_path: Path) -> None:
    bench = started()
    path = tmp_path / "in.txt"
    path.write_text("in")
    bench.add_upload(path, "s3://bucket/in")
    checked: list[object] = []
    bench.jobs.before_submit = lambda body: checked.append(bench.store.head("s3://bucket/in"))
    submit(bench.context())
    submit(bench.context())
    assert len(checked) == 4
    assert bench.store.called("upload") == ["s3://bucket/in"]
    assert bench.runs.kinds().count("uploaded") == 1


def test_a_file_that_changed_since_planning_is_refused_and_not_left_under_its_key(
    tmp_path: Path,
) -> None:
    bench = started()
    path = tmp_path / "in.txt"
    path.write_text("new")
    bench.add_upload(path, "s3://bucket/key", sha256=hashlib.sha256(b"old").hexdigest())
    with pytest.raises(InputError, match=r"in\.txt: .*not what it was"):
        submit(bench.context())
    assert "s3://bucket/key" not in bench.store.objects
    assert not bench.jobs.bodies


def test_an_intent_is_on_disk_before_each_call() -> None:
    bench = started()
    seen: list[str] = []
    bench.jobs.before_submit = lambda body: seen.append(
        f"{bench.runs.log[-1].kind} {bench.runs.log[-1].body['job_name']}"
    )
    submit(bench.context())
    assert seen == [f"intent sketch-{name}" for name in NAMES]


def test_a_second_submission_of_a_submitted_run_submits_nothing() -> None:
    bench = started()
    submit(bench.context())
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4


def test_a_call_whose_answer_was_lost_is_found_by_name_and_not_repeated() -> None:
    bench = started()
    bench.jobs.lose_answers = 1
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4
    assert bench.runs.kinds()[2:5] == ["intent", "intent", "submitted"]


def test_a_call_that_never_arrived_is_repeated_after_a_minute_of_looking() -> None:
    bench = started()
    bench.jobs.drop_calls = 1
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4
    assert sum(bench.clock.slept) == 60.0


def test_a_job_listed_late_is_found_within_the_minute() -> None:
    bench = started()
    bench.jobs.lose_answers = 1
    bench.jobs.invisible.add("job-0")
    bench.clock.on_sleep = lambda: (
        bench.jobs.invisible.clear() if bench.clock.now() > 1_040 else None
    )
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4


def test_an_intent_of_a_killed_client_is_looked_for_first() -> None:
    bench = started()
    bench.event("uploaded", files=0, bytes=0)
    bench.event("intent", array="first", job_name="sketch-first", job_queue="queue")
    bench.jobs.submit({"jobName": "sketch-first", "jobQueue": "queue"})
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4
    assert not bench.clock.slept


def test_an_old_intent_gets_one_look_and_is_repeated() -> None:
    bench = started()
    bench.event("uploaded", files=0, bytes=0)
    bench.event("intent", array="first", job_name="sketch-first", job_queue="queue")
    bench.clock.time += 3600
    submit(bench.context())
    assert len(bench.jobs.bodies) == 4
    assert not bench.clock.slept


@pytest.mark.parametrize("appends", range(10))
def test_a_client_killed_between_any_two_events_loses_and_repeats_nothing(appends: int) -> None:
    bench = started()

    def die(event: RunEvent) -> None:
        if len(bench.runs.log) == 1 + appends:
            raise KeyboardInterrupt

    bench.runs.before_append = die
    with pytest.raises(KeyboardInterrupt):
        wait(bench.context())
    bench.runs.before_append = lambda event: None
    submit(bench.context())
    assert [body["jobName"] for body in bench.jobs.bodies.values()] == [
        f"sketch-{name}" for name in NAMES
    ]


def test_waiting_ends_when_all_arrays_have_ended() -> None:
    bench = started()
    bench.clock.on_sleep = bench.end_all
    put_summary(bench, total=4, succeeded=4, failed=0, skipped=0)
    state = wait(bench.context())
    assert state.outcome == "succeeded"
    assert bench.runs.kinds()[-1] == "finished"


def test_only_changes_are_recorded_and_ended_arrays_are_not_asked_again() -> None:
    bench = started()
    rounds = iter(["first", "", "", "middle", "last", "verdict"])

    def advance() -> None:
        name = next(rounds)
        if name:
            bench.jobs.set_state(bench.jobs.id_of(f"sketch-{name}"), "SUCCEEDED")

    bench.clock.on_sleep = advance
    wait(bench.context())
    states = [event.body["status"] for event in bench.runs.log if event.kind == "state"]
    assert states == ["PENDING"] * 4 + ["SUCCEEDED"] * 4
    # At the end the plain jobs are described once more: how long have they run?
    assert bench.jobs.described[-2:] == [("job-3",), ("job-0", "job-2")]


def test_the_pause_grows_while_nothing_happens_and_shrinks_with_news() -> None:
    bench = started()

    def advance() -> None:
        if len(bench.clock.slept) == 6:
            bench.jobs.set_state("job-0", "SUCCEEDED")
        if len(bench.clock.slept) == 8:
            bench.end_all()

    bench.clock.on_sleep = advance
    wait(bench.context())
    assert bench.clock.slept == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 1.0, 2.0]


def test_a_fresh_job_that_is_not_shown_yet_is_no_error() -> None:
    bench = started()
    bench.jobs.invisible.add("job-0")

    def advance() -> None:
        if len(bench.clock.slept) == 3:
            bench.jobs.invisible.clear()
            bench.end_all()

    bench.clock.on_sleep = advance
    assert wait(bench.context()).outcome == "succeeded"


def test_waiting_can_be_limited() -> None:
    bench = started()
    state = wait(bench.context(), at_most_seconds=20)
    assert state.outcome is None
    assert bench.clock.now() < 1_040


def test_the_summary_of_the_verdict_is_left_as_it_is() -> None:
    bench = started()
    put_summary(bench, total=4, succeeded=4, failed=0, skipped=0)
    bench.clock.on_sleep = bench.end_all
    wait(bench.context())
    assert read_summary(bench) == {"tasks": {"total": 4, "succeeded": 4, "failed": 0, "skipped": 0}}


def test_a_cascade_that_takes_the_verdict_still_gets_its_summary() -> None:
    bench = started()
    submit(bench.context())
    bench.jobs.set_state("job-0", "SUCCEEDED")
    bench.jobs.set_state(
        "job-1", "FAILED", reason="Array Child Job failed", children={"SUCCEEDED": 1, "FAILED": 1}
    )
    bench.jobs.lost["job-1"] = [
        JobState(job_id="job-1:1", name="sketch-middle", status="FAILED", reason="Host EC2 gone")
    ]
    for late in ("job-2", "job-3"):
        bench.jobs.set_state(late, "FAILED", reason="Dependent Job failed")
    assert wait(bench.context()).outcome == "failed"
    summary = read_summary(bench)
    assert summary["state"] == "failed"
    assert summary["tasks"] == {
        "total": 4,
        "succeeded": 2,
        "failed": 1,
        "skipped": 1,
        "running": 0,
        "waiting": 0,
    }
    assert summary["failures"] == [
        {
            "array": "middle",
            "bag": 1,
            "id": None,
            "state": "failed",
            "reason": "Host EC2 gone",
            "exit_code": None,
            "stderr_tail": "",
            "stdout_tail": "",
        }
    ]


def test_a_look_records_the_end_of_a_run_that_is_over() -> None:
    bench = started()
    submit(bench.context())
    bench.end_all()
    assert look(bench.context(may_submit=False)).outcome == "succeeded"
    assert bench.runs.kinds()[-1] == "finished"


def test_a_look_at_a_running_run_changes_nothing_but_states() -> None:
    bench = started()
    submit(bench.context())
    assert look(bench.context(may_submit=False)).outcome is None
    assert bench.runs.kinds()[-4:] == ["state"] * 4


def test_a_watcher_that_may_not_write_leaves_the_log_alone() -> None:
    bench = started()
    submit(bench.context())
    length = len(bench.runs.log)
    bench.clock.on_sleep = bench.end_all
    assert wait(bench.context(may_submit=False, writes=False)).outcome == "succeeded"
    assert len(bench.runs.log) == length


def test_waiting_for_a_half_submitted_run_that_nobody_submits_is_refused() -> None:
    bench = started()
    with pytest.raises(InputError, match="not all arrays"):
        wait(bench.context(may_submit=False))


def test_waiting_for_a_run_that_another_process_submits_waits_for_it() -> None:
    bench = started()
    bench.runs.holder = "process 7"

    def others_go_on() -> None:
        submit(bench.context())
        bench.end_all()

    bench.clock.on_sleep = others_go_on
    assert wait(bench.context(may_submit=False, writes=False)).outcome == "succeeded"


def test_when_the_submitting_process_is_gone_the_watcher_says_so() -> None:
    bench = started()
    bench.runs.holder = "process 7"
    bench.clock.on_sleep = lambda: setattr(bench.runs, "holder", None)
    with pytest.raises(InputError, match="nobody is at it"):
        wait(bench.context(may_submit=False, writes=False))


def test_a_cancel_terminates_from_the_last_array_to_the_first() -> None:
    bench = started()
    submit(bench.context())
    bench.jobs.set_state("job-0", "SUCCEEDED")
    look(bench.context())
    context = bench.context()
    cancel(context)
    assert bench.jobs.terminated == [(f"job-{n}", CANCEL_REASON) for n in (3, 2, 1)]
    assert wait(context).outcome == "cancelled"
    assert read_summary(bench)["state"] == "cancelled"


def many(count: int) -> Bench:
    names = [f"a{n}" for n in range(count)]
    bench = Bench(plan(*(job(name, *names[n - 1 : n]) for n, name in enumerate(names))))
    bench.start()
    submit(bench.context())
    return bench


def refusing(error: OutsideError, *job_ids: str) -> Callable[[str], None]:
    def refuse(job_id: str) -> None:
        if not job_ids or job_id in job_ids:
            raise error

    return refuse


def test_a_cancel_of_a_thousand_arrays_goes_on_where_one_of_them_cannot_be_ended() -> None:
    bench = many(1_000)
    throttled = JobServiceUnreachable("TerminateJob: slow down", hint="later")
    bench.jobs.before_terminate = refusing(throttled, "job-700", "job-3")
    with pytest.raises(JobServiceUnreachable, match="not ended: a700, a3: TerminateJob: slow") as e:
        cancel(bench.context())
    assert "pegbatch cancel" in str(e.value)
    ended = [number for number in reversed(range(1_000)) if number not in (3, 700)]
    assert bench.jobs.terminated == [(f"job-{number}", CANCEL_REASON) for number in ended]
    bench.jobs.before_terminate = refusing(throttled, "none")
    cancel(bench.context())
    assert {job.status for job in bench.jobs.jobs.values()} == {"FAILED"}


def test_a_cancel_does_not_ask_a_batch_that_is_gone_a_thousand_times() -> None:
    bench = many(1_000)
    asked: list[str] = []

    def refuse(job_id: str) -> None:
        asked.append(job_id)
        raise JobServiceUnreachable("no route to host")

    bench.jobs.before_terminate = refuse
    with pytest.raises(JobServiceUnreachable, match=r"a999, a998, .* and 995 more: no route"):
        cancel(bench.context())
    assert sorted(asked) == [f"job-{number}" for number in range(990, 1_000)]


def test_a_cancel_that_is_not_allowed_asks_once_and_says_what_would_allow_it() -> None:
    bench = many(30)
    bench.jobs.before_terminate = refusing(AccessDenied("no", hint="allow batch:TerminateJob"))
    with pytest.raises(AccessDenied, match="and 25 more: no") as refused:
        cancel(bench.context())
    assert "allow batch:TerminateJob" in str(refused.value)
    assert bench.jobs.terminated == []


def test_a_cancelled_runs_unstarted_tasks_are_skipped() -> None:
    bench = Bench(plan(job("only"), job("verdict", "only", kind="verdict")))
    bench.start()
    submit(bench.context())
    context = bench.context()
    cancel(context)
    wait(context)
    assert read_summary(bench)["tasks"] == {
        "total": 1,
        "succeeded": 0,
        "failed": 0,
        "skipped": 1,
        "running": 0,
        "waiting": 0,
    }


def test_a_cancel_finds_a_job_whose_id_was_never_learnt() -> None:
    bench = started()
    bench.event("uploaded", files=0, bytes=0)
    bench.event("intent", array="first", job_name="sketch-first", job_queue="queue")
    bench.jobs.submit({"jobName": "sketch-first", "jobQueue": "queue"})
    cancel(bench.context())
    assert bench.jobs.terminated == [("job-0", CANCEL_REASON)]


def test_a_cancel_from_elsewhere_stops_a_submission() -> None:
    bench = started()

    def cancel_elsewhere(body: object) -> None:
        if len(bench.jobs.bodies) == 1:
            bench.event("cancel-requested")
            bench.jobs.terminate("job-0", "by the other process")

    bench.jobs.before_submit = cancel_elsewhere
    assert wait(bench.context()).outcome == "cancelled"
    assert len(bench.jobs.bodies) == 2
    assert bench.jobs.terminated[1:] == [("job-1", CANCEL_REASON)]


def test_every_step_is_shown_to_who_wants_to_see() -> None:
    bench = started()
    seen: list[int] = []
    bench.clock.on_sleep = bench.end_all
    wait(
        bench.context(
            on_change=lambda context: seen.append(
                sum(array.job_id is not None for array in context.state.arrays.values())
            )
        )
    )
    assert seen == sorted(seen)
    assert seen[-1] == 4
