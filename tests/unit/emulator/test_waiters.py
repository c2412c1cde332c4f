"""Planners of sub-workflows take no place, and only so many of a depth are up at a time."""

from __future__ import annotations

from pathlib import Path

from pegbatch.emulator.settings import EmulatorSettings
from pegbatch.emulator.state.jobs import JobSpec
from pegbatch.emulator.state.waiters import AT_ONCE
from pegbatch.emulator.store_variables import StoreVariables
from tests.unit.emulator.bench import Bench, override


def planners(bench: Bench, depth: int, size: int) -> str:
    """Submit an array of planners; return its id."""
    variables = {"PEGBATCH_SUB_WORKFLOWS": "1", "PEGBATCH_NESTING": str(depth)}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return bench.submit(size=size, **override(environment=environment))


def running(bench: Bench, parent: str) -> int:
    found = bench.describe(parent)["arrayProperties"]["statusSummary"]
    return int(found["RUNNING"])


def test_they_take_no_vcpu_and_no_memory(tmp_path: Path) -> None:
    bench = Bench(tmp_path, vcpus=1.0, memory_mib=128)
    bench.set_up()
    parent = planners(bench, 1, 3)
    job = bench.submit()
    assert running(bench, parent) == 3
    assert bench.status(job) == "RUNNING"


def test_more_than_a_depth_allows_wait_and_hold_nobody_up(bench: Bench) -> None:
    first = planners(bench, 1, AT_ONCE + 3)
    assert running(bench, first) == AT_ONCE
    deeper = planners(bench, 2, 2)
    job = bench.submit()
    assert running(bench, deeper) == 2
    assert bench.status(job) == "RUNNING"
    bench.finish(f"{first}:0")
    assert running(bench, first) == AT_ONCE
    assert bench.status(f"{first}:{AT_ONCE}") == "RUNNING"


def test_those_that_wait_are_ended_like_every_other_job(bench: Bench) -> None:
    first = planners(bench, 1, AT_ONCE + 2)
    bench.call("TerminateJob", jobId=first, reason="enough")
    bench.step()
    assert bench.status(first) == "FAILED"
    again = planners(bench, 1, AT_ONCE)
    assert running(bench, again) == AT_ONCE


def test_a_queue_from_which_they_have_gone_starts_what_is_left(bench: Bench) -> None:
    first = planners(bench, 1, AT_ONCE + 1)
    bench.call("TerminateJob", jobId=f"{first}:{AT_ONCE}", reason="enough")
    job = bench.submit()
    assert bench.status(job) == "RUNNING"
    bench.finish_all()
    assert bench.status(first) == "FAILED"


def test_they_are_told_where_batch_is_and_others_are_not(tmp_path: Path) -> None:
    variables = StoreVariables(EmulatorSettings(folder=tmp_path, entry=()), wire=False)
    variables.url = "http://127.0.0.1:9"
    told = {"PEGBATCH_SUB_WORKFLOWS": "1", "PEGBATCH_S3_DIRECTORY": "/buckets"}
    planner = JobSpec(name="p", queue="q", definition="d", environment=told)
    other = JobSpec(name="o", queue="q", definition="d")
    assert variables.of(planner)["AWS_ENDPOINT_URL_BATCH"] == "http://127.0.0.1:9"
    assert "AWS_ENDPOINT_URL_BATCH" not in variables.of(other)
