"""What a restarted emulator knows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pegbatch.emulator.recovery import KEPT_SECONDS, recover
from pegbatch.emulator.state.effects import Effects
from pegbatch.emulator.storage import Storage
from pegbatch.errors import StoreError
from tests.unit.emulator.bench import Bench, override


def restart(bench: Bench, folder: Path, after_seconds: float = 0.0) -> Bench:
    """Save all that a bench did, and return a new one that has taken it up."""
    path = folder / "batch.db"
    path.unlink(missing_ok=True)
    bench.changes("")
    again = Bench(folder)
    again.time = bench.time + after_seconds
    with closing(Storage(path)) as storage:
        entities = dict(bench.world.registry.unsaved)
        for number, effects in enumerate(bench.effects):
            storage.save(effects, entities if number == 0 else {})
    with closing(Storage(path)) as storage:
        recover(again.world, storage)
    again._keep()
    again.step()
    return again


def test_entities_and_finished_jobs_are_as_before(bench: Bench, tmp_path: Path) -> None:
    job = bench.submit(size=3, tags={"a": "b"}, retryStrategy={"attempts": 2})
    bench.finish(f"{job}:1", 9)
    bench.finish_all(0)
    before = [bench.describe(f"{job}{tail}") for tail in ("", ":0", ":1", ":2")]
    queues = bench.call("DescribeJobQueues")
    again = restart(bench, tmp_path)
    after = [again.describe(f"{job}{tail}") for tail in ("", ":0", ":1", ":2")]
    assert again.call("DescribeJobQueues") == queues
    assert again.running == {}
    for old, new in zip(before, after, strict=True):
        for shown in (old, new):
            shown.get("arrayProperties", {}).pop("statusSummaryLastUpdatedAt", None)
        assert new == old


def test_waiting_jobs_wait_as_before_and_go_on(bench: Bench, tmp_path: Path) -> None:
    first = bench.submit(size=10, **override(command=["echo"]))
    linked = bench.submit(size=10, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    chain = bench.submit(size=10, dependsOn=[{"type": "SEQUENTIAL"}, {"jobId": linked}])
    bench.finish(f"{first}:0")
    again = restart(bench, tmp_path)
    assert again.statuses(chain) == ["PENDING"] * 10
    # The seven children that were running are gone with their host, and have no attempt left.
    assert again.counts(first)["FAILED"] == 8
    again.finish_all()
    assert again.status(chain) == "FAILED"


def test_running_children_start_again_where_they_have_attempts(
    bench: Bench, tmp_path: Path
) -> None:
    job = bench.submit(size=3, retryStrategy={"attempts": 2})
    again = restart(bench, tmp_path)
    assert again.statuses(job) == ["RUNNING"] * 3
    attempts = again.describe(f"{job}:0")["attempts"]
    assert attempts[0]["statusReason"].startswith("Host EC2 (instance i-0")
    again.finish_all()
    assert again.status(job) == "SUCCEEDED"


def test_a_child_that_was_waiting_for_its_next_attempt_gets_it(
    bench: Bench, tmp_path: Path
) -> None:
    job = bench.submit(retryStrategy={"attempts": 2})
    unit = bench.running.pop(job)
    bench.world.machine.exited(unit, 1, bench.time)
    again = restart(bench, tmp_path)
    assert again.status(job) == "RUNNING"
    assert len(again.describe(job)["attempts"]) == 1


@pytest.mark.parametrize("how", ["CancelJob", "TerminateJob"])
def test_an_accepted_cancellation_is_not_forgotten(bench: Bench, tmp_path: Path, how: str) -> None:
    parent = bench.submit(retryStrategy={"attempts": 2})
    job = bench.submit(dependsOn=[{"jobId": parent}])
    bench.call(how, jobId=job, reason="enough")
    again = restart(bench, tmp_path)
    again.finish_all()
    found = again.describe(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")


def test_waiting_jobs_are_not_told_again(bench: Bench, tmp_path: Path) -> None:
    bench.submit(size=8)
    job = bench.submit(size=2)
    child = bench.submit(dependsOn=[{"jobId": job}])
    again = restart(bench, tmp_path)
    assert [c.state for c in again.changes(child)] == []


def test_jobs_finished_a_week_ago_are_forgotten(bench: Bench, tmp_path: Path) -> None:
    old = bench.submit()
    bench.finish(old)
    again = restart(bench, tmp_path, KEPT_SECONDS + 1)
    assert again.call("DescribeJobs", jobs=[old])["jobs"] == []
    assert restart(bench, tmp_path, KEPT_SECONDS - 1).status(old) == "SUCCEEDED"


def test_numbers_of_new_jobs_go_on(bench: Bench, tmp_path: Path) -> None:
    first = bench.submit(size=8, retryStrategy={"attempts": 2})
    again = restart(bench, tmp_path)
    second = again.submit(size=8)
    assert again.world.jobs()[second].seq > again.world.jobs()[first].seq


def test_environments_on_their_way_have_arrived(bare: Bench, tmp_path: Path) -> None:
    bare.environment("ce")
    order = [{"order": 1, "computeEnvironment": "ce"}]
    bare.call("CreateJobQueue", jobQueueName="q", priority=1, computeEnvironmentOrder=order)
    again = restart(bare, tmp_path)
    found = again.call("DescribeJobQueues")["jobQueues"]
    assert [entry["status"] for entry in found] == ["VALID"]


def test_what_cannot_be_written_is_not_half_written(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "batch.db"
    job = bench.submit(size=2)
    bench.finish_all()
    effects = Effects()
    for part in bench.effects:
        effects.add(part)
    with closing(Storage(path)) as storage:
        storage.save(effects, {})
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DELETE FROM jobs")
            other.execute("DROP TABLE units")
        with pytest.raises(StoreError, match="no such table"):
            storage.save(effects, {})
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
    assert bench.status(job) == "SUCCEEDED"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "batch.db"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Storage(path)
