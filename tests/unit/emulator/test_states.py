"""States, retries and timeouts: reference 4.5."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.emulator.rules.retry import glob_matches, wants_retry
from pegbatch.emulator.state.jobs import Attempt, ExitRule
from tests.unit.emulator.bench import Bench, Refused


def test_a_plain_job_without_dependencies_goes_through_the_states_in_order(bench: Bench) -> None:
    job = bench.submit()
    bench.finish(job)
    assert bench.history(job) == ["SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_plain_job_with_dependencies_is_pending_until_they_succeed(bench: Bench) -> None:
    parent = bench.submit()
    job = bench.submit(dependsOn=[{"jobId": parent}])
    assert bench.history(job) == ["SUBMITTED", "PENDING"]
    bench.finish_all()
    assert bench.history(job)[2:] == ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_a_child_is_pending_before_it_is_runnable(bench: Bench) -> None:
    job = bench.submit(size=2)
    bench.finish_all()
    expected = ["PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert bench.history(job, 1) == expected


@pytest.mark.parametrize("attempts", [1, 2, 10])
def test_a_failing_job_is_started_as_often_as_it_has_attempts(bench: Bench, attempts: int) -> None:
    job = bench.submit(retryStrategy={"attempts": attempts})
    bench.finish_all(7)
    found = bench.describe(job)
    assert found["status"] == "FAILED"
    assert [a["container"]["exitCode"] for a in found["attempts"]] == [7] * attempts


def test_a_job_that_succeeds_is_not_tried_again(bench: Bench) -> None:
    job = bench.submit(retryStrategy={"attempts": 5})
    bench.finish(job, 1)
    bench.finish(job)
    assert (bench.status(job), len(bench.describe(job)["attempts"])) == ("SUCCEEDED", 2)


def test_a_retry_goes_back_to_runnable_at_the_head_of_its_queue(bench: Bench) -> None:
    first = bench.submit("first", size=8, retryStrategy={"attempts": 2})
    second = bench.submit("second", size=8)
    bench.finish(f"{first}:3", 1)
    assert bench.statuses(first)[3] == "RUNNING"
    assert bench.counts(second) == {"RUNNABLE": 8}
    assert bench.history(first, 3)[-4:] == ["RUNNING", "RUNNABLE", "STARTING", "RUNNING"]


def _rules(*rules: dict[str, str], attempts: int = 3) -> dict[str, Any]:
    return {"retryStrategy": {"attempts": attempts, "evaluateOnExit": list(rules)}}


def test_the_first_rule_that_matches_decides(bench: Bench) -> None:
    rules = _rules(
        {"action": "RETRY", "onExitCode": "75"},
        {"action": "EXIT", "onExitCode": "7*"},
        {"action": "RETRY", "onExitCode": "7"},
    )
    job = bench.submit(**rules)
    bench.finish(job, 75)
    assert bench.status(job) == "RUNNING"
    bench.finish(job, 7)
    assert bench.status(job) == "FAILED"


def test_the_conditions_of_a_rule_must_all_match(bench: Bench) -> None:
    rule = {"action": "EXIT", "onExitCode": "1", "onStatusReason": "Host EC2*"}
    job = bench.submit(**_rules(rule))
    bench.finish(job, 1)
    assert bench.status(job) == "RUNNING"


def test_no_matching_rule_means_retry(bench: Bench) -> None:
    job = bench.submit(**_rules({"action": "EXIT", "onExitCode": "2"}))
    bench.finish(job, 1)
    assert bench.status(job) == "RUNNING"


def test_a_star_alone_matches_an_attempt_without_a_reason(bench: Bench) -> None:
    job = bench.submit(**_rules({"action": "EXIT", "onReason": "*"}))
    bench.finish(job, 1)
    assert bench.status(job) == "FAILED"


def test_actions_are_not_case_sensitive(bench: Bench) -> None:
    job = bench.submit(**_rules({"action": "exit", "onExitCode": "1"}))
    bench.finish(job, 1)
    assert bench.status(job) == "FAILED"


def test_rules_do_not_add_attempts(bench: Bench) -> None:
    job = bench.submit(**_rules({"action": "RETRY", "onExitCode": "*"}, attempts=2))
    bench.finish_all(1)
    assert len(bench.describe(job)["attempts"]) == 2


def test_rules_without_attempts_are_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match=r"needs retryStrategy\.attempts"):
        bench.submit(retryStrategy={"evaluateOnExit": [{"action": "RETRY"}]})


@pytest.mark.parametrize(
    ("key", "pattern"),
    [
        ("onReason", "Host EC2 (instance*"),
        ("onStatusReason", "a*b"),
        ("onReason", "x" * 513),
        ("onStatusReason", "a_b"),
        ("onExitCode", "1a"),
        ("onExitCode", "*1"),
    ],
)
def test_patterns_have_no_other_characters_and_one_star_at_the_end(
    bench: Bench, key: str, pattern: str
) -> None:
    with pytest.raises(Refused, match=f"evaluateOnExit {key}"):
        bench.submit(**_rules({"action": "RETRY", key: pattern}))


@given(st.text(alphabet="ab.: ", max_size=8), st.text(alphabet="ab.: ", max_size=8))
def test_a_pattern_matches_itself_and_with_a_star_all_that_starts_so(left: str, right: str) -> None:
    assert glob_matches(left, left)
    assert glob_matches(f"{left}*", left + right)
    assert glob_matches(left, right) == (left == right)


def test_the_reason_of_the_container_and_of_the_attempt_are_told_apart() -> None:
    attempt = Attempt(task="t", exit_code=None, reason="CannotPull: x", status_reason="Task failed")
    assert not wants_retry((ExitRule("EXIT", on_reason="CannotPull*"),), attempt)
    assert wants_retry((ExitRule("EXIT", on_reason="Task failed*"),), attempt)
    assert not wants_retry((ExitRule("EXIT", on_status_reason="Task failed*"),), attempt)


def test_a_reclaimed_host_is_the_attempts_status_reason_and_is_retried(bench: Bench) -> None:
    job = bench.submit(
        **_rules(
            {"action": "RETRY", "onStatusReason": "Host EC2*"}, {"action": "EXIT", "onReason": "*"}
        )
    )
    bench.world.machine.strike(bench.running[job], "host", bench.time)
    bench.step()
    found = bench.describe(job)
    assert found["status"] == "RUNNING"
    reason = found["attempts"][0]["statusReason"]
    assert reason.startswith("Host EC2 (instance i-0") and reason.endswith(") terminated.")
    assert "exitCode" not in found["attempts"][0]["container"]
    assert bench.signals[-1][2] == "KILL"


def test_an_interrupted_spot_task_gets_sigterm_first(bench: Bench) -> None:
    job = bench.submit(retryStrategy={"attempts": 2})
    bench.world.machine.strike(bench.running[job], "spot", bench.time)
    bench.step()
    assert bench.signals[-1][2] == "TERM"
    reason = bench.describe(job)["attempts"][0]["statusReason"]
    assert reason == "Your Spot Task was interrupted."


def test_a_worker_that_traps_sigterm_of_a_spot_interruption_and_exits_0_succeeded(
    bench: Bench,
) -> None:
    job = bench.submit(retryStrategy={"attempts": 2})
    bench.deaf.add(job)
    bench.world.machine.strike(bench.running[job], "spot", bench.time)
    bench.step()
    bench.finish(job, 0)
    assert bench.status(job) == "SUCCEEDED"


def test_a_container_killed_for_its_memory_says_so(bench: Bench) -> None:
    job = bench.submit()
    bench.world.machine.strike(bench.running[job], "memory", bench.time)
    bench.step()
    found = bench.describe(job)["container"]
    assert found["exitCode"] == 137
    assert found["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_an_image_that_cannot_be_pulled_is_the_containers_reason(bench: Bench) -> None:
    job = bench.submit()
    unit = bench.running.pop(job)
    bench.world.machine.start_failed(unit, "CannotPullContainerError: no such image", bench.time)
    found = bench.describe(job)
    assert found["statusReason"] == "Task failed to start"
    assert found["container"]["reason"].startswith("CannotPullContainerError")


@pytest.mark.parametrize(("exit_code", "status"), [(0, "SUCCEEDED"), (3, "FAILED")])
def test_an_ended_container_is_the_status_reason(bench: Bench, exit_code: int, status: str) -> None:
    job = bench.submit()
    bench.finish(job, exit_code)
    found = bench.describe(job)
    assert (found["status"], found["container"]["exitCode"]) == (status, exit_code)
    assert found["statusReason"] == "Essential container in task exited"


def test_a_timeout_sends_sigterm_and_after_30_seconds_sigkill(bench: Bench) -> None:
    job = bench.submit(timeout={"attemptDurationSeconds": 100})
    bench.deaf.add(job)
    start = bench.time
    bench.wait(99)
    assert bench.signals == []
    bench.wait(60)
    assert bench.signals == [(start + 100, job, "TERM"), (start + 130, job, "KILL")]
    found = bench.describe(job)
    assert (found["status"], found["statusReason"]) == (
        "FAILED",
        "Job attempt duration exceeded timeout",
    )


def test_a_job_that_ends_on_sigterm_is_not_killed(bench: Bench) -> None:
    bench.submit(timeout={"attemptDurationSeconds": 60})
    bench.wait(200)
    assert [signal for _, _, signal in bench.signals] == ["TERM"]


def test_a_timed_out_attempt_is_not_retried(bench: Bench) -> None:
    job = bench.submit(timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 5})
    bench.wait(61)
    assert (bench.status(job), len(bench.describe(job)["attempts"])) == ("FAILED", 1)


def test_a_timed_out_job_that_exits_0_has_failed(bench: Bench) -> None:
    job = bench.submit(timeout={"attemptDurationSeconds": 60})
    bench.deaf.add(job)
    bench.wait(61)
    bench.finish(job, 0)
    assert bench.status(job) == "FAILED"


def test_a_timeout_is_counted_from_the_start_of_each_attempt(bench: Bench) -> None:
    job = bench.submit(timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 2})
    bench.wait(50)
    bench.finish(job, 1)
    bench.wait(50)
    assert bench.status(job) == "RUNNING"
    bench.wait(11)
    assert bench.status(job) == "FAILED"


def test_a_timeout_is_for_each_child(bench: Bench) -> None:
    job = bench.submit(size=9, timeout={"attemptDurationSeconds": 60})
    bench.wait(30)
    bench.finish(f"{job}:0")
    bench.wait(31)
    assert bench.statuses(job) == ["SUCCEEDED", *["FAILED"] * 7, "RUNNING"]


def test_there_is_no_timeout_unless_asked(bench: Bench) -> None:
    job = bench.submit()
    bench.wait(30 * 24 * 3600)
    assert bench.status(job) == "RUNNING"


def test_terminated_jobs_are_not_retried(bench: Bench) -> None:
    job = bench.submit(retryStrategy={"attempts": 5})
    bench.call("TerminateJob", jobId=job, reason="enough")
    bench.step()
    assert (bench.status(job), len(bench.describe(job)["attempts"])) == ("FAILED", 1)


def test_times_are_milliseconds_of_submission_start_and_stop(bench: Bench) -> None:
    full = bench.submit("full", size=8)
    job = bench.submit()
    submitted = bench.time
    bench.wait(10)
    bench.finish(f"{full}:0")
    started = bench.time
    bench.wait(20)
    bench.finish(job)
    found = bench.describe(job)
    assert found["createdAt"] == int(submitted * 1000)
    assert found["startedAt"] == int(started * 1000)
    assert found["stoppedAt"] == int(bench.time * 1000)
