"""Random submissions, ends, mishaps and stops, often several in one step: everything ends."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.unit.emulator.bench import Bench, Refused

Jobs = dict[str, int | None]
"""Job id to the size of the array; None of a plain job."""

SEEDS = 100


@pytest.mark.parametrize("n_to_n_failure", ["array", "child"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_is_stopped_every_job_ends_and_all_room_is_free_again(
    tmp_path: Path, seed: int, n_to_n_failure: str
) -> None:
    chance = random.Random(seed)
    bench = Bench(tmp_path, n_to_n_failure=n_to_n_failure)
    bench.set_up(maxvCpus=chance.choice([1, 3, 8]))
    jobs: Jobs = {}
    for _ in range(chance.randint(3, 60)):
        (act,) = chance.choices([_submit, _end, _stop, _strike], weights=[8, 16, 1, 1])
        act(bench, jobs, chance)
        if chance.random() < 0.5:
            bench.wait(chance.choice([0, 1, 40]))
    _end_all(bench, jobs, chance)
    for job, size in jobs.items():
        _check_counts(bench, job, size)
    assert bench.world.machine.core.open_jobs == 0
    _check_room(bench)


def _submit(bench: Bench, jobs: Jobs, chance: random.Random) -> None:
    size = chance.choice([None, 2, 3, 3])
    others = chance.sample(sorted(jobs), min(len(jobs), chance.randint(0, 3)))
    depends = [_dependency(other, jobs[other], size, chance) for other in others]
    if size and chance.random() < 0.2:
        depends.append({"type": "SEQUENTIAL"})
    strategy = {"attempts": chance.randint(1, 2)}
    job = bench.send_job(f"j{len(jobs)}", size=size, dependsOn=depends, retryStrategy=strategy)
    jobs[job] = size


def _dependency(
    other: str, its_size: int | None, size: int | None, chance: random.Random
) -> dict[str, Any]:
    if its_size and its_size == size and chance.random() < 0.6:
        return {"jobId": other, "type": "N_TO_N"}
    if its_size and chance.random() < 0.2:
        return {"jobId": f"{other}:{chance.randrange(its_size)}"}
    return {"jobId": other}


def _end(bench: Bench, jobs: Jobs, chance: random.Random) -> None:
    if bench.running:
        bench.end(chance.choice(sorted(bench.running)), chance.choices([0, 1], weights=[15, 1])[0])


def _stop(bench: Bench, jobs: Jobs, chance: random.Random) -> None:
    if not jobs:
        return
    job = chance.choice(sorted(jobs))
    size = jobs[job]
    if size and chance.random() < 0.4:
        job = f"{job}:{chance.randrange(size)}"
    try:
        bench.call(chance.choice(["CancelJob", "TerminateJob"]), jobId=job, reason="enough")
    except Refused as refused:
        assert refused.status == 400


def _strike(bench: Bench, jobs: Jobs, chance: random.Random) -> None:
    if bench.running:
        unit = bench.running[chance.choice(sorted(bench.running))]
        how = chance.choice(["host", "spot", "memory"])
        bench.world.machine.strike(unit, how, bench.time)


def _end_all(bench: Bench, jobs: Jobs, chance: random.Random) -> None:
    bench.wait(1_000)
    while bench.running:
        _end(bench, jobs, chance)
        bench.wait(1_000)


def _check_counts(bench: Bench, job: str, size: int | None) -> None:
    if size is None:
        assert bench.status(job) in ("SUCCEEDED", "FAILED")
        return
    counts = Counter(bench.statuses(job))
    assert bench.counts(job) == counts
    assert set(counts) <= {"SUCCEEDED", "FAILED"}
    assert bench.status(job) == ("FAILED" if counts["FAILED"] else "SUCCEEDED")


def _check_room(bench: Bench) -> None:
    """A job that takes the whole machine starts at once."""
    environment = bench.call("DescribeComputeEnvironments")["computeEnvironments"][0]
    vcpus = environment["computeResources"]["maxvCpus"]
    needs = [{"type": "VCPU", "value": str(vcpus)}]
    last = bench.submit("last", containerOverrides={"resourceRequirements": needs})
    assert bench.status(last) == "RUNNING"
