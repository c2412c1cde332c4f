"""Nothing starts, and the head of the queue says why, in Amazon's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.emulator.stuck import get_going, get_stuck
from tests.unit.emulator.bench import Bench


def reason(bench: Bench, job: str) -> str | None:
    found = bench.describe(job)
    assert found["status"] == "RUNNABLE"
    text: str | None = found.get("statusReason")
    return text


def test_without_capacity_nothing_starts_until_there_is_some_again(bench: Bench) -> None:
    get_stuck(bench.world, "no-capacity")
    job, behind = bench.submit(), bench.submit()
    text = reason(bench, job)
    assert text is not None and text.startswith("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service")
    assert reason(bench, behind) is None
    get_going(bench.world)
    bench.step()
    assert [bench.status(job), bench.status(behind)] == ["RUNNING", "RUNNING"]
    assert "statusReason" not in bench.describe(job)


def test_invalid_environments_take_no_jobs_and_say_what_is_wrong(bench: Bench) -> None:
    running = bench.submit()
    get_stuck(bench.world, "invalid")
    job = bench.submit()
    assert (
        reason(bench, job) == "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
    )
    assert bench.status(running) == "RUNNING"
    (environment,) = bench.call("DescribeComputeEnvironments")["computeEnvironments"]
    assert environment["status"] == "INVALID" and "role" in environment["statusReason"]
    get_going(bench.world)
    bench.step()
    assert bench.status(job) == "RUNNING"


def test_a_disabled_environment_gives_no_reason(bench: Bench) -> None:
    bench.call("UpdateComputeEnvironment", computeEnvironment="ce", state="DISABLED")
    bench.wait(2)
    assert reason(bench, bench.submit()) is None


@pytest.mark.parametrize(("vcpus", "bound"), [("16", None), ("4", 2)])
def test_told_to_be_strict_what_is_too_large_waits_for_ever(tmp_path: Path, vcpus, bound) -> None:
    bench = Bench(tmp_path, strict=True, vcpus=bound)
    bench.set_up()
    size = [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": "128"}]
    job = bench.submit(containerOverrides={"resourceRequirements": size})
    text = reason(bench, job)
    assert text is not None
    assert text.startswith("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated")


def test_a_time_limit_of_the_queue_ends_what_waits_for_capacity(bench: Bench) -> None:
    limit = {
        "reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "state": "RUNNABLE",
        "maxTimeSeconds": 600,
        "action": "CANCEL",
    }
    bench.queue("limited", "ce", jobStateTimeLimitActions=[limit])
    get_stuck(bench.world, "no-capacity")
    job = bench.submit(jobQueue="limited")
    bench.wait(601)
    found = bench.describe(job)
    assert found["status"] == "FAILED"
    assert found["statusReason"] == (
        "Canceled by JobStateTimeLimit action due to reason: "
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    )
