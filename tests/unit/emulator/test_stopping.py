"""Cancel and terminate: reference 4.8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.emulator.bench import Bench, Refused

UNKNOWN = "9f6ea4b5-93ef-4ed3-a78e-5e71f7ba6d7a"


def cancel(bench: Bench, job: str, reason: str = "enough") -> None:
    bench.call("CancelJob", jobId=job, reason=reason)
    bench.step()


def terminate(bench: Bench, job: str, reason: str = "enough") -> None:
    bench.call("TerminateJob", jobId=job, reason=reason)
    bench.step()


def test_cancelling_a_running_job_succeeds_and_does_nothing(bench: Bench) -> None:
    job = bench.submit()
    cancel(bench, job)
    assert bench.status(job) == "RUNNING"
    bench.finish(job)
    assert bench.status(job) == "SUCCEEDED"


def test_a_cancelled_runnable_job_stays_so_until_it_reaches_the_head_of_its_queue(
    bench: Bench,
) -> None:
    full = bench.submit("full", size=8)
    head, job = bench.submit("head"), bench.submit("job")
    cancel(bench, job)
    assert bench.status(job) == "RUNNABLE"
    bench.finish(f"{full}:0")
    assert bench.status(head) == "RUNNING"
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")
    assert found["attempts"] == []


def test_a_cancelled_pending_job_is_cancelled_once_its_dependencies_have_ended(
    bench: Bench,
) -> None:
    parent = bench.submit()
    job = bench.submit(dependsOn=[{"jobId": parent}])
    cancel(bench, job)
    assert bench.status(job) == "PENDING"
    bench.finish(parent)
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")


def test_cancelling_a_parent_cancels_the_children_that_have_not_started(bench: Bench) -> None:
    job = bench.submit(size=10)
    cancel(bench, job)
    assert bench.counts(job) == {"RUNNING": 8, "FAILED": 2}
    assert bench.status(job) == "PENDING"
    bench.finish_all()
    assert bench.counts(job) == {"SUCCEEDED": 8, "FAILED": 2}
    assert bench.status(job) == "FAILED"


def test_cancelling_a_child_cancels_that_child_only(bench: Bench) -> None:
    job = bench.submit(size=10)
    cancel(bench, f"{job}:9")
    bench.finish_all()
    assert bench.statuses(job) == ["SUCCEEDED"] * 9 + ["FAILED"]


def test_a_parent_that_was_cancelled_before_anything_started_says_why(bench: Bench) -> None:
    parent = bench.submit()
    job = bench.submit(size=2, dependsOn=[{"jobId": parent}])
    cancel(bench, job, "not wanted")
    bench.finish(parent)
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "not wanted")


@pytest.mark.parametrize("waiting", ["PENDING", "RUNNABLE"])
def test_terminating_a_waiting_job_cancels_it_at_once(bench: Bench, waiting: str) -> None:
    full = bench.submit(size=8)
    dependencies = [{"jobId": full}] if waiting == "PENDING" else []
    job = bench.submit(dependsOn=dependencies)
    assert bench.status(job) == waiting
    terminate(bench, job)
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")


def test_terminating_a_submitted_job_cancels_it(bench: Bench) -> None:
    body = {"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "arrayProperties": {"size": 2}}
    job = bench.call("SubmitJob", **body)["jobId"]
    bench.call("TerminateJob", jobId=job, reason="enough")
    bench.step()
    assert bench.status(job) == "FAILED"
    assert bench.running == {}


def test_terminating_a_running_job_sends_sigterm_and_after_30_seconds_sigkill(
    bench: Bench,
) -> None:
    job = bench.submit()
    bench.deaf.add(job)
    start = bench.time
    terminate(bench, job)
    assert bench.status(job) == "RUNNING"
    bench.wait(31)
    assert bench.signals == [(start, job, "TERM"), (start + 30, job, "KILL")]
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")
    assert found["container"]["exitCode"] == 137


def test_a_terminated_job_that_exits_0_has_failed(bench: Bench) -> None:
    job = bench.submit()
    bench.deaf.add(job)
    terminate(bench, job)
    bench.finish(job, 0)
    assert bench.status(job) == "FAILED"


def test_terminating_a_parent_ends_all_children(bench: Bench) -> None:
    job = bench.submit(size=20)
    terminate(bench, job, "no more")
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "no more")
    assert bench.counts(job) == {"FAILED": 20}
    assert bench.describe(f"{job}:19")["statusReason"] == "no more"


def test_terminating_twice_keeps_the_first_reason(bench: Bench) -> None:
    job = bench.submit()
    bench.deaf.add(job)
    terminate(bench, job, "first")
    terminate(bench, job, "second")
    bench.finish(job, 1)
    assert bench.describe(job)["statusReason"] == "first"
    assert [signal for _, _, signal in bench.signals] == ["TERM"]


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob"])
def test_stopping_a_finished_job_succeeds_and_changes_nothing(bench: Bench, operation: str) -> None:
    job = bench.submit()
    bench.finish(job)
    bench.call(operation, jobId=job, reason="late")
    bench.step()
    assert bench.status(job) == "SUCCEEDED"


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob"])
def test_a_reason_has_at_most_1024_characters(bench: Bench, operation: str) -> None:
    job = bench.submit()
    with pytest.raises(Refused, match="1025 characters"):
        bench.call(operation, jobId=job, reason="x" * 1025)
    bench.call(operation, jobId=job, reason="x" * 1024)


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob"])
def test_stopping_needs_a_reason(bench: Bench, operation: str) -> None:
    with pytest.raises(Refused, match="reason is required"):
        bench.call(operation, jobId=bench.submit())


@pytest.mark.parametrize("operation", ["CancelJob", "TerminateJob"])
def test_unknown_jobs_are_taken_for_stopped_and_nonsense_is_refused(
    bench: Bench, operation: str
) -> None:
    assert bench.call(operation, jobId=UNKNOWN, reason="x") == {}
    with pytest.raises(Refused, match="is no job id"):
        bench.call(operation, jobId="nonsense", reason="x")


@pytest.mark.parametrize("operation", ["CancelJobs", "TerminateJobs"])
def test_bulk_stops_answer_for_each_id(bench: Bench, operation: str) -> None:
    full = bench.submit(size=8)
    job = bench.submit()
    answer = bench.call(operation, jobs=[job, UNKNOWN, "nonsense"], reason="enough")
    assert answer["successful"] == [job, UNKNOWN]
    assert [(e["job"], e["code"]) for e in answer["errors"]] == [
        ("nonsense", "ValidationException")
    ]
    bench.step()
    assert bench.status(job) == "FAILED"
    assert bench.counts(full) == {"RUNNING": 8}


@pytest.mark.parametrize("operation", ["CancelJobs", "TerminateJobs"])
def test_bulk_stops_take_arrays_and_at_most_50_ids(bench: Bench, operation: str) -> None:
    parent = bench.submit()
    array = bench.submit(size=3, dependsOn=[{"jobId": parent}])
    with pytest.raises(Refused, match="not 1 to 50"):
        bench.call(operation, jobs=[array] * 51, reason="enough")
    assert bench.call(operation, jobs=[array], reason="enough")["successful"] == [array]
    bench.step()
    bench.finish(parent)
    assert bench.counts(array) == {"FAILED": 3}


@pytest.mark.parametrize(
    ("operation", "flag"), [("CancelJob", "isCancelled"), ("TerminateJob", "isTerminated")]
)
def test_a_stopped_job_is_flagged(bench: Bench, operation: str, flag: str) -> None:
    bench.submit(size=8)
    job, array = bench.submit(), bench.submit(size=2)

    def shown(job_id: str) -> Any:
        return bench.describe(job_id).get(flag)

    assert [shown(job), shown(array)] == [False, False]
    for job_id in (job, array):
        bench.call(operation, jobId=job_id, reason="enough")
    assert [shown(job), shown(array), shown(f"{array}:1")] == [True, True, True]
    bench.step()
    listed = bench.call(
        "ListJobs", jobQueue="q", filters=[{"name": "JOB_NAME", "values": ["job"]}]
    )["jobSummaryList"]
    assert {entry["jobId"]: entry.get(flag) for entry in listed}[job] is True


def test_a_deleted_queue_terminates_its_jobs(bench: Bench) -> None:
    job = bench.submit(size=10)
    bench.call("UpdateJobQueue", jobQueue="q", state="DISABLED")
    bench.wait(2)
    bench.call("DeleteJobQueue", jobQueue="q")
    bench.wait(2)
    assert bench.counts(job) == {"FAILED": 10}
    assert bench.call("DescribeJobQueues")["jobQueues"] == []
