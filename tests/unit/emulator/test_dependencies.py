"""Dependencies: reference 4.4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.bench import Bench, Refused

FAILED = "Dependent Job failed"


def on(job: str, kind: str | None = None) -> dict[str, Any]:
    """Return one entry of dependsOn."""
    return {"jobId": job} if kind is None else {"jobId": job, "type": kind}


@pytest.mark.parametrize("before", [None, 3])
@pytest.mark.parametrize("after", [None, 2])
def test_a_job_id_waits_for_the_whole_job_between_plain_and_array_jobs(
    bench: Bench, before: int | None, after: int | None
) -> None:
    parent = bench.submit(size=before)
    child = bench.submit(size=after, dependsOn=[on(parent)])
    while bench.running:
        assert bench.status(child) == "PENDING"
        assert all(unit.job.id == parent for unit in bench.running.values())
        bench.finish(next(iter(bench.running)))
        if bench.status(parent) == "SUCCEEDED":
            break
    assert all(unit.job.id == child for unit in bench.running.values())
    bench.finish_all()
    assert bench.status(child) == "SUCCEEDED"


def test_sequential_children_run_one_after_another(bench: Bench) -> None:
    job = bench.submit(size=4, dependsOn=[{"type": "SEQUENTIAL"}])
    for index in range(4):
        assert list(bench.running) == [f"{job}:{index}"]
        bench.finish(f"{job}:{index}")
    assert bench.status(job) == "SUCCEEDED"


def test_a_failed_sequential_child_fails_all_that_follow(bench: Bench) -> None:
    job = bench.submit(size=4, dependsOn=[{"type": "SEQUENTIAL"}])
    bench.finish(f"{job}:0")
    bench.finish(f"{job}:1", 1)
    assert bench.statuses(job) == ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]
    last = bench.describe(f"{job}:3")
    assert (last["statusReason"], last["attempts"]) == (FAILED, [])


def test_sequential_takes_no_job_id(bench: Bench) -> None:
    parent = bench.submit(size=2)
    with pytest.raises(Refused, match="no job id"):
        bench.submit(size=2, dependsOn=[on(parent, "SEQUENTIAL")])


@pytest.mark.parametrize("kind", ["SEQUENTIAL", "N_TO_N"])
def test_dependency_types_are_for_array_jobs_only(bench: Bench, kind: str) -> None:
    entry = {"type": kind, **({"jobId": bench.submit(size=2)} if kind == "N_TO_N" else {})}
    with pytest.raises(Refused, match="for array jobs only"):
        bench.submit(dependsOn=[entry])


def test_an_entry_without_job_id_and_type_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="must be of type SEQUENTIAL"):
        bench.submit(size=2, dependsOn=[{}])


def test_n_to_n_children_wait_for_the_child_of_their_index(bench: Bench) -> None:
    first = bench.submit(size=3)
    second = bench.submit(size=3, dependsOn=[on(first, "N_TO_N")])
    bench.finish(f"{first}:1")
    assert bench.statuses(second) == ["PENDING", "RUNNING", "PENDING"]
    bench.finish(f"{second}:1")
    bench.finish(f"{first}:0")
    assert bench.statuses(second) == ["RUNNING", "SUCCEEDED", "PENDING"]


def test_n_to_n_waits_for_the_index_in_each_of_several_arrays(bench: Bench) -> None:
    one, two = bench.submit("one", size=2), bench.submit("two", size=2)
    both = bench.submit(size=2, dependsOn=[on(one, "N_TO_N"), on(two, "N_TO_N")])
    bench.finish(f"{one}:0")
    assert bench.statuses(both) == ["PENDING", "PENDING"]
    bench.finish(f"{two}:0")
    assert bench.statuses(both) == ["RUNNING", "PENDING"]


@pytest.mark.parametrize("exit_code", [0, 1])
def test_n_to_n_counts_a_child_once_that_ends_as_the_job_is_submitted(
    bench: Bench, exit_code: int
) -> None:
    first, plain = bench.submit("first", size=2), bench.submit("plain")
    bench.end(f"{first}:1", exit_code)
    second = bench.submit(size=2, dependsOn=[on(first, "N_TO_N"), on(plain)])
    bench.finish(plain)
    bench.finish(f"{first}:0")
    assert bench.statuses(second) == ["RUNNING", "FAILED" if exit_code else "RUNNING"]


@pytest.mark.parametrize("target", ["plain", "child"])
def test_n_to_n_needs_an_array_on_the_other_side(bench: Bench, target: str) -> None:
    other = bench.submit() if target == "plain" else f"{bench.submit(size=2)}:0"
    with pytest.raises(Refused, match="is no array job"):
        bench.submit(size=2, dependsOn=[on(other, "N_TO_N")])


def test_n_to_n_needs_arrays_of_one_size(bench: Bench) -> None:
    other = bench.submit(size=3)
    with pytest.raises(Refused, match="one size"):
        bench.submit(size=2, dependsOn=[on(other, "N_TO_N")])


def test_dependency_forms_may_be_mixed(bench: Bench) -> None:
    plain, array = bench.submit("plain"), bench.submit("array", size=3)
    entries = [on(plain), on(array, "N_TO_N"), {"type": "SEQUENTIAL"}]
    job = bench.submit("mixed", size=3, dependsOn=entries)
    bench.finish(f"{array}:1")
    bench.finish(plain)
    assert bench.statuses(job) == ["PENDING"] * 3
    bench.finish(f"{array}:0")
    assert bench.statuses(job) == ["RUNNING", "PENDING", "PENDING"]
    bench.finish(f"{job}:0")
    assert bench.statuses(job) == ["SUCCEEDED", "RUNNING", "PENDING"]
    bench.finish(f"{job}:1")
    assert bench.statuses(job) == ["SUCCEEDED", "SUCCEEDED", "PENDING"]


def test_dependencies_work_across_queues(bench: Bench) -> None:
    bench.queue("other", "ce")
    parent = bench.submit(jobQueue="other")
    child = bench.submit(dependsOn=[on(parent)])
    bench.finish(parent)
    assert bench.status(child) == "RUNNING"


@pytest.mark.parametrize("how", ["exit", "terminate"])
def test_a_failed_dependency_fails_its_dependents_transitively(bench: Bench, how: str) -> None:
    first = bench.submit()
    second = bench.submit(size=2, dependsOn=[on(first)])
    third = bench.submit(dependsOn=[on(second)])
    if how == "exit":
        bench.finish(first, 1)
    else:
        bench.call("TerminateJob", jobId=first, reason="enough")
        bench.step()
    for job in (second, f"{second}:1", third):
        found = bench.describe(job)
        assert (found["status"], found["statusReason"]) == ("FAILED", FAILED)
        assert found["attempts"] == []
    assert "RUNNABLE" not in bench.history(third)


def test_a_cancelled_dependency_fails_its_dependents(bench: Bench) -> None:
    full = bench.submit(size=8)
    first = bench.submit()
    second = bench.submit(dependsOn=[on(first)])
    bench.call("CancelJob", jobId=first, reason="enough")
    bench.step()
    assert bench.describe(second)["statusReason"] == FAILED
    assert bench.counts(full) == {"RUNNING": 8}


def test_dependents_of_a_failing_array_wait_until_all_its_children_are_done(
    bench: Bench,
) -> None:
    first = bench.submit(size=2)
    second = bench.submit(dependsOn=[on(first)])
    bench.finish(f"{first}:0", 1)
    assert bench.status(second) == "PENDING"
    bench.finish(f"{first}:1")
    assert bench.status(second) == "FAILED"


def test_waiting_dependents_use_no_capacity(bench: Bench) -> None:
    parent = bench.submit(size=2)
    bench.submit(size=100, dependsOn=[on(parent)])
    other = bench.submit(size=6)
    assert bench.counts(other) == {"RUNNING": 6}


def test_a_job_waits_for_ever_for_a_dependency_that_never_ends(bench: Bench) -> None:
    parent = bench.submit()
    child = bench.submit(dependsOn=[on(parent)])
    bench.wait(30 * 24 * 3600)
    assert bench.status(child) == "PENDING"


def test_a_failed_child_fails_the_child_of_its_index_alone(bench: Bench) -> None:
    first = bench.submit(size=3)
    second = bench.submit(size=3, dependsOn=[on(first, "N_TO_N")])
    bench.finish(f"{first}:1", 1)
    assert bench.statuses(second) == ["PENDING", "FAILED", "PENDING"]
    bench.finish_all()
    assert bench.statuses(second) == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert bench.describe(second)["statusReason"] == "Array Child Job failed"


def test_told_so_a_failed_array_fails_all_n_to_n_children_that_have_not_started(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, n_to_n_failure="array")
    bench.set_up()
    first = bench.submit(size=3)
    second = bench.submit(size=3, dependsOn=[on(first, "N_TO_N")])
    bench.finish(f"{first}:0")
    bench.finish(f"{first}:1", 1)
    assert bench.statuses(second) == ["RUNNING", "PENDING", "PENDING"]
    bench.finish(f"{first}:2")
    assert bench.statuses(second) == ["RUNNING", "FAILED", "FAILED"]
    bench.finish_all()
    late = bench.submit(size=3, dependsOn=[on(first, "N_TO_N")])
    assert bench.statuses(late) == ["FAILED"] * 3


def test_a_dependency_on_a_child_waits_for_that_child(bench: Bench) -> None:
    array = bench.submit(size=3)
    job = bench.submit(dependsOn=[on(f"{array}:2")])
    bench.finish(f"{array}:0")
    assert bench.status(job) == "PENDING"
    bench.finish(f"{array}:2")
    assert bench.status(job) == "RUNNING"


def test_a_dependency_on_a_failed_child_fails_the_job(bench: Bench) -> None:
    array = bench.submit(size=3)
    early = bench.submit(dependsOn=[on(f"{array}:2")])
    bench.finish(f"{array}:2", 1)
    late = bench.submit(dependsOn=[on(f"{array}:2")])
    assert [bench.status(early), bench.status(late)] == ["FAILED", "FAILED"]


@pytest.mark.parametrize(("exit_code", "state"), [(0, "RUNNING"), (1, "FAILED")])
def test_a_dependency_on_a_finished_job_counts_at_once(
    bench: Bench, exit_code: int, state: str
) -> None:
    plain, array = bench.submit(), bench.submit(size=2)
    bench.finish_all(exit_code)
    assert bench.status(bench.submit(dependsOn=[on(plain), on(array)])) == state
    linked = bench.submit(size=2, dependsOn=[on(array, "N_TO_N")])
    assert bench.statuses(linked) == [state, state]


@pytest.mark.parametrize("job", ["9f6ea4b5-93ef-4ed3-a78e-5e71f7ba6d7a", "nonsense"])
def test_a_dependency_on_an_unknown_job_is_refused(bench: Bench, job: str) -> None:
    with pytest.raises(Refused, match="does not exist"):
        bench.submit(dependsOn=[on(job)])


def test_a_dependency_on_a_child_that_is_not_there_is_refused(bench: Bench) -> None:
    array = bench.submit(size=3)
    with pytest.raises(Refused, match="does not exist"):
        bench.submit(dependsOn=[on(f"{array}:3")])


def test_a_chain_of_thousands_fails_without_recursion(bench: Bench) -> None:
    first = last = bench.submit()
    for _ in range(3000):
        last = bench.submit(dependsOn=[on(last)])
    bench.finish(first, 1)
    assert bench.status(last) == "FAILED"
