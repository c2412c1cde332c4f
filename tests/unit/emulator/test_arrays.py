"""Array jobs: reference 4.3."""

from __future__ import annotations

from tests.unit.emulator.bench import Bench, override


def test_children_are_the_parents_id_with_an_index_from_0(bench: Bench) -> None:
    parent = bench.submit(size=3)
    for index in range(3):
        child = bench.describe(f"{parent}:{index}")
        assert child["jobId"] == f"{parent}:{index}"
        assert child["arrayProperties"] == {"index": index}


def test_children_share_definition_queue_overrides_retry_and_timeout(bench: Bench) -> None:
    parent = bench.submit(
        size=2,
        retryStrategy={"attempts": 3},
        timeout={"attemptDurationSeconds": 99},
        **override(command=["echo"]),
    )
    first, second = (bench.describe(f"{parent}:{index}") for index in (0, 1))
    for key in ("jobDefinition", "jobQueue", "retryStrategy", "timeout", "jobName"):
        assert first[key] == second[key] == bench.describe(parent)[key]
    assert second["container"]["command"] == ["echo"]


def test_a_parent_is_submitted_then_pending_and_never_runnable_or_running(bench: Bench) -> None:
    answer = bench.call(
        "SubmitJob",
        jobName="a",
        jobQueue="q",
        jobDefinition="d",
        arrayProperties={"size": 3},
    )
    parent = answer["jobId"]
    assert bench.status(parent) == "SUBMITTED"
    bench.step()
    assert bench.status(parent) == "PENDING"
    bench.finish(f"{parent}:0")
    assert bench.status(parent) == "PENDING"
    bench.finish_all()
    assert bench.status(parent) == "SUCCEEDED"
    assert bench.history(parent) == ["SUBMITTED", "PENDING", "SUCCEEDED"]


def test_the_parents_summary_counts_children_in_all_seven_states(bench: Bench) -> None:
    parent = bench.submit(size=10)
    bench.finish(f"{parent}:0")
    bench.finish(f"{parent}:1", 1)
    found = bench.describe(parent)["arrayProperties"]
    assert found["size"] == 10
    assert found["statusSummary"] == {
        "SUBMITTED": 0,
        "PENDING": 0,
        "RUNNABLE": 0,
        "STARTING": 0,
        "RUNNING": 8,
        "SUCCEEDED": 1,
        "FAILED": 1,
    }


def test_the_summary_carries_the_time_of_its_last_change(bench: Bench) -> None:
    parent = bench.submit(size=2)
    bench.wait(5)
    bench.finish(f"{parent}:0")
    changed = int(bench.time * 1000)
    bench.wait(5)
    found = bench.describe(parent)["arrayProperties"]["statusSummaryLastUpdatedAt"]
    assert found == changed


def test_a_failed_child_fails_the_parent_when_all_children_are_done(bench: Bench) -> None:
    parent = bench.submit(size=3)
    bench.finish(f"{parent}:1", 1)
    assert bench.status(parent) == "PENDING"
    bench.finish(f"{parent}:0")
    assert bench.status(parent) == "PENDING"
    bench.finish(f"{parent}:2")
    found = bench.describe(parent)
    assert (found["status"], found["statusReason"]) == ("FAILED", "Array Child Job failed")


def test_siblings_of_a_failed_child_run_on(bench: Bench) -> None:
    parent = bench.submit(size=20)
    bench.finish(f"{parent}:0", 1)
    bench.finish_all()
    assert bench.statuses(parent) == ["FAILED"] + ["SUCCEEDED"] * 19


def test_retries_are_counted_for_each_child(bench: Bench) -> None:
    parent = bench.submit(size=2, retryStrategy={"attempts": 3})
    for _ in range(3):
        bench.finish(f"{parent}:0", 1)
    bench.finish(f"{parent}:1", 1)
    assert bench.statuses(parent) == ["FAILED", "RUNNING"]
    bench.finish(f"{parent}:1")
    attempts = [len(bench.describe(f"{parent}:{index}")["attempts"]) for index in (0, 1)]
    assert attempts == [3, 2]


def test_each_attempt_has_a_log_stream_of_its_own(bench: Bench) -> None:
    parent = bench.submit(size=2, retryStrategy={"attempts": 2})
    bench.finish(f"{parent}:0", 1)
    bench.finish_all()
    streams = [
        attempt["container"]["logStreamName"]
        for index in (0, 1)
        for attempt in bench.describe(f"{parent}:{index}")["attempts"]
    ]
    assert len(set(streams)) == len(streams) == 3


def test_terminating_a_child_fails_that_child_and_in_the_end_the_parent(bench: Bench) -> None:
    parent = bench.submit(size=3)
    bench.call("TerminateJob", jobId=f"{parent}:1", reason="enough")
    bench.step()
    assert bench.statuses(parent) == ["RUNNING", "FAILED", "RUNNING"]
    bench.finish_all()
    assert bench.status(parent) == "FAILED"


def test_children_start_in_the_order_of_their_indices(bench: Bench) -> None:
    parent = bench.submit(size=30)
    bench.finish_all()
    started = [c.child for c in bench.changes(parent) if c.state == "RUNNING"]
    assert started == list(range(30))
