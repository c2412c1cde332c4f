"""Quotas of a Region: reference 4.1."""

from __future__ import annotations

import pytest

from tests.unit.emulator.bench import Bench, Refused, override


@pytest.mark.parametrize("size", [1, 0, -3, 10_001])
def test_an_array_has_2_to_10000_children(bench: Bench, size: int) -> None:
    with pytest.raises(Refused, match="Array size"):
        bench.submit(size=size)


@pytest.mark.parametrize("size", [2, 10_000])
def test_the_smallest_and_the_largest_array_are_accepted(bench: Bench, size: int) -> None:
    assert len(bench.statuses(bench.submit(size=size))) == size


def test_a_job_has_at_most_20_dependencies(bench: Bench) -> None:
    parents = [{"jobId": bench.submit()} for _ in range(21)]
    assert bench.submit(dependsOn=parents[:20])
    with pytest.raises(Refused, match="Job cannot have more than 20 dependencies"):
        bench.submit(dependsOn=parents)


def test_the_20_dependencies_count_all_forms_together(bench: Bench) -> None:
    parents = [{"jobId": bench.submit(size=2), "type": "N_TO_N"} for _ in range(20)]
    with pytest.raises(Refused, match="20 dependencies"):
        bench.submit(size=2, dependsOn=[*parents, {"type": "SEQUENTIAL"}])


def test_a_submission_has_at_most_30_kib(bench: Bench) -> None:
    words = ["x" * 1000] * 31
    with pytest.raises(Refused, match="Job size must be less than 30 KiB, got 31 KiB"):
        bench.submit(**override(command=words))
    assert bench.submit(**override(command=words[:29]))


def test_a_job_definition_has_at_most_24_kib(bench: Bench) -> None:
    with pytest.raises(Refused, match="24 KiB"):
        bench.define("big", container={"command": ["x" * 1000] * 25})


def test_a_region_has_50_compute_environments(bare: Bench) -> None:
    for number in range(50):
        bare.environment(f"ce{number}")
    with pytest.raises(Refused, match="50 compute environments"):
        bare.environment("one-more")


def test_a_region_has_50_job_queues(bench: Bench) -> None:
    for number in range(49):
        bench.queue(f"q{number}", "ce")
    with pytest.raises(Refused, match="50 job queues"):
        bench.queue("one-more", "ce")


def test_a_queue_has_at_most_3_compute_environments(bare: Bench) -> None:
    for name in "abcd":
        bare.environment(name)
    bare.queue("three", "a", "b", "c")
    with pytest.raises(Refused, match="computeEnvironmentOrder has 4 entries"):
        bare.queue("four", "a", "b", "c", "d")


def test_calls_above_the_rate_are_answered_429(bench: Bench) -> None:
    bench.faults.calls_per_second = 50
    for _ in range(50):
        bench.call("DescribeJobQueues")
    with pytest.raises(Refused) as refused:
        bench.call("DescribeJobQueues")
    assert (refused.value.status, refused.value.error_type) == (429, "TooManyRequestsException")
    bench.time += 1
    assert bench.call("DescribeJobQueues")["jobQueues"]


def test_a_queue_has_at_most_500_active_share_identifiers(bare: Bench) -> None:
    bare.environment("ce")
    policy = bare.call("CreateSchedulingPolicy", name="fair")["arn"]
    bare.queue("q", "ce", schedulingPolicyArn=policy)
    bare.define("d")
    for number in range(500):
        bare.submit(shareIdentifier=f"share{number}")
    with pytest.raises(Refused, match="500 active share identifiers"):
        bare.submit(shareIdentifier="oneMore")
    assert bare.submit(shareIdentifier="share7")


def test_a_job_definition_has_at_most_5_consumable_resources(bench: Bench) -> None:
    entries = [{"consumableResource": f"r{n}", "quantity": 1} for n in range(6)]
    with pytest.raises(Refused, match="6 consumable resources, more than 5"):
        bench.define("c", consumableResourceProperties={"consumableResourceList": entries})


def test_overrides_over_8192_characters_are_accepted_and_fail_at_launch(bench: Bench) -> None:
    job = bench.submit(**override(command=["x" * 8200]))
    found = bench.describe(job)
    assert (found["status"], found["attempts"]) == ("FAILED", [])
    assert "8192" in found["statusReason"]


def test_overrides_over_8192_characters_are_not_retried(bench: Bench) -> None:
    job = bench.submit(**override(command=["x" * 8200]), retryStrategy={"attempts": 3})
    assert bench.history(job)[-2:] == ["STARTING", "FAILED"]
    assert bench.history(job).count("STARTING") == 1


def test_describe_jobs_takes_at_most_100_ids(bench: Bench) -> None:
    job = bench.submit()
    assert len(bench.call("DescribeJobs", jobs=[job] * 100)["jobs"]) == 100
    for ids in ([job] * 101, []):
        with pytest.raises(Refused, match="not 1 to 100"):
            bench.call("DescribeJobs", jobs=ids)


@pytest.mark.parametrize("attempts", [0, 11])
def test_a_job_has_1_to_10_attempts(bench: Bench, attempts: int) -> None:
    with pytest.raises(Refused, match="between 1 and 10"):
        bench.submit(retryStrategy={"attempts": attempts})
    with pytest.raises(Refused, match="between 1 and 10"):
        bench.define("x", retryStrategy={"attempts": attempts})


def test_a_retry_strategy_has_at_most_5_rules(bench: Bench) -> None:
    rule = {"action": "RETRY", "onExitCode": "1"}
    strategy = {"attempts": 2, "evaluateOnExit": [rule] * 5}
    assert bench.submit(retryStrategy=strategy)
    strategy["evaluateOnExit"] = [rule] * 6
    with pytest.raises(Refused, match="6 rules, more than 5"):
        bench.submit(retryStrategy=strategy)


def test_a_timeout_has_at_least_60_seconds(bench: Bench) -> None:
    assert bench.submit(timeout={"attemptDurationSeconds": 60})
    for make in (bench.submit, lambda **more: bench.define("x", **more)):
        with pytest.raises(Refused, match="less than 60 seconds"):
            make(timeout={"attemptDurationSeconds": 59})


def test_a_job_has_at_most_50_tags(bench: Bench) -> None:
    tags = {f"key{n}": "value" for n in range(51)}
    with pytest.raises(Refused, match="51 entries, more than 50"):
        bench.submit(tags=tags)


def test_more_than_50_propagated_tags_of_job_and_definition_fail_the_job(bench: Bench) -> None:
    bench.define("tagged", tags={f"d{n}": "" for n in range(30)}, propagateTags=True)
    tags = {f"j{n}": "" for n in range(21)}
    job = bench.submit(jobDefinition="tagged", tags=tags)
    assert bench.status(job) == "FAILED"
    kept = bench.submit(jobDefinition="tagged", tags=tags, propagateTags=False)
    assert bench.status(kept) == "RUNNING"
