"""Submitting, watching and cancelling a run, against the calls that it makes.

Usage: python -m benchmarks.submission [--quick]

Amazon is a server in this process that counts calls and runs nothing. The floor of submitting and
cancelling is the time that Batch's 50 calls a second allow; that of `status` is `pegbatch --help`,
which is what Python and the imports take. Calls have as floor what there must be at least.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from benchmarks.rows import Row
from benchmarks.taken import ROOT, Taken, memory_row, run_printing
from tests.counted_aws import CountedAws, counted_aws, end_as_failed, write_counted_workflow

CALLS_A_SECOND = 50
"""Source: AWS Batch service quotas, SubmitJob."""
STATUS_SECONDS_BOUND = 2.0
MEMORY_BOUND = 300


class Ran(NamedTuple):
    """What one command took, called and printed."""

    taken: Taken
    calls: Counter[str]
    printed: str


def job_lines(arrays: int, tasks: int) -> Iterator[str]:
    """Yield one level in which each of so many transformations has so many tasks."""
    for number, task in product(range(arrays), range(tasks)):
        yield f"- {{type: job, name: p{number}, id: t{number}.{task}, arguments: [], uses: []}}\n"


def command(*words: str | Path, aws: CountedAws | None = None) -> Ran:
    """Run `pegbatch …` in a process of its own."""
    environment = {**os.environ, **(aws.environment if aws else {})}
    line = [sys.executable, "-m", "pegbatch", *map(str, words)]
    taken, printed = run_printing(line, environment, ROOT, codes=(0, 1))
    return Ran(taken, aws.taken() if aws else Counter(), printed)


def plan(folder: Path, arrays: int, tasks: int) -> Path:
    """Plan such a workflow; return its submit directory."""
    folder.mkdir()
    workflow = write_counted_workflow(folder, arrays, job_lines(arrays, tasks))
    conf = ("--conf", folder / "pegasus.properties", "--dir", folder, "--cleanup", "none")
    planned = command("plan", "--json", *conf, workflow)
    return Path(json.loads(planned.printed)["submit_dir"])


def submission_rows(quick: bool) -> Iterator[Row]:
    """Measure many arrays of few tasks, then few arrays of many tasks."""
    arrays, tasks = (30, 300) if quick else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with counted_aws() as aws:
            yield from _of_many_arrays(aws, plan(folder / "arrays", arrays, 2))
        submit_dir = plan(folder / "tasks", 10 if quick else 100, tasks)
        again = shutil.copytree(submit_dir, folder / "again")
        with counted_aws() as aws:
            yield from _of_many_tasks(aws, submit_dir)
        with counted_aws() as aws:
            yield from _of_many_failures(aws, again)


def _of_many_arrays(aws: CountedAws, submit_dir: Path) -> Iterator[Row]:
    jobs = len(json.loads((submit_dir / "plan.json").read_bytes())["jobs"])
    least = jobs / CALLS_A_SECOND
    run = command("run", "--detach", submit_dir, aws=aws)
    yield _time("submit arrays", jobs, run, least)
    yield _calls("submit arrays: SubmitJob", jobs, run.calls["submitjob"], jobs)
    status = command("status", submit_dir, aws=aws)
    asked = -(-jobs // 100)
    yield _calls("status of arrays: DescribeJobs", jobs, status.calls["describejobs"], asked)
    cancel = command("cancel", submit_dir, aws=aws)
    yield _time("cancel arrays", jobs, cancel, least)
    # Besides TerminateJob a LIST for each array: has one of its children left a record by now?
    yield _calls("cancel arrays: all calls", jobs, cancel.calls.total(), 2 * (jobs + asked))


def _of_many_tasks(aws: CountedAws, submit_dir: Path) -> Iterator[Row]:
    header = json.loads((submit_dir / "plan.json").read_bytes())
    tasks, jobs = header["tasks"], len(header["jobs"])
    run = command("run", "--detach", "--json", submit_dir, aws=aws)
    yield _memory("submit tasks", tasks, run)
    _begin(aws)
    bare, status = command("--help"), command("status", submit_dir, aws=aws)
    yield Row(
        name="status of tasks, processor time beyond --help",
        size=tasks,
        value=status.taken.cpu_seconds - bare.taken.cpu_seconds,
        unit="CPU s",
        bound=STATUS_SECONDS_BOUND,
    )
    yield _memory("status of tasks", tasks, status)
    least = -(-jobs // 100) + 1
    yield _calls("status of tasks: all calls", tasks, status.calls.total(), least)
    _fail(aws, header, json.loads(run.printed)["run"])
    resume = command("run", "--detach", submit_dir, aws=aws)
    yield _memory("resume of 3 tasks", tasks, resume)
    yield _calls("resume of 3 tasks: SubmitJob", tasks, resume.calls["submitjob"], 4)
    looked = resume.calls["LIST"] + resume.calls["GET"]
    yield Row(name="resume of 3 tasks: LIST, GET", size=tasks, value=looked, unit="calls")


def _of_many_failures(aws: CountedAws, submit_dir: Path) -> Iterator[Row]:
    header = json.loads((submit_dir / "plan.json").read_bytes())
    run_url = json.loads(command("run", "--detach", "--json", submit_dir, aws=aws).printed)["run"]
    failed = 0
    for job in header["jobs"]:
        if job["kind"] == "compute":
            for bag in range(0, job["size"], 2):
                aws.put(f"{run_url}/failures/{job['name']}/{bag}.1.1.0")
                failed += 1
    end_as_failed(aws)
    command("status", submit_dir, aws=aws)  # which records the end
    bare, status = command("--help"), command("status", submit_dir, aws=aws)
    seconds = status.taken.cpu_seconds - bare.taken.cpu_seconds
    yield Row(
        name="status of failures, processor time beyond --help",
        size=failed,
        value=seconds,
        unit="CPU s",
        bound=STATUS_SECONDS_BOUND,
    )
    yield _memory("status of failures", failed, status)
    yield _calls("status of failures: LIST", failed, status.calls["LIST"], -(-failed // 1_000))
    resume = command("run", "--detach", submit_dir, aws=aws)
    yield _memory("resume of failures", failed, resume)
    cpu = resume.taken.cpu_seconds
    yield Row(name="resume of failures, processor time", size=failed, value=cpu, unit="CPU s")
    looked = resume.calls["LIST"] + resume.calls["GET"]
    yield _calls("resume of failures: LIST, GET", failed, looked, -(-failed // 1_000))


def _begin(aws: CountedAws) -> None:
    """Let half the children of each array have ended, and some run."""
    for job_id, job in aws.jobs.items():
        if "arrayProperties" in job:
            size = job["arrayProperties"]["size"]
            aws.set_children(job_id, SUCCEEDED=size // 2, RUNNING=size // 20)


def _fail(aws: CountedAws, header: dict[str, object], run_url: str) -> None:
    """End the run with one failed task in each of three arrays."""
    end_as_failed(aws)
    for number in range(3):
        for job in header["jobs"]:  # type: ignore[attr-defined]
            if job["transformations"] == [f"p{number}"]:
                aws.put(f"{run_url}/failures/{job['name']}/0.1.1.0")
    aws.taken()


def _time(name: str, size: int, ran: Ran, least: float) -> Row:
    return Row(name=f"{name}, time", size=size, value=ran.taken.seconds, unit="s", floor=least)


def _memory(name: str, size: int, ran: Ran) -> Row:
    return memory_row(name, size, ran.taken, MEMORY_BOUND)


def _calls(name: str, size: int, calls: int, least: int) -> Row:
    return Row(name=name, size=size, value=calls, unit="calls", floor=least, bound=1.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure submitting, status, resume and cancel.")
    parser.add_argument("--quick", action="store_true")
    for row in submission_rows(parser.parse_args().quick):
        print(row.to_json())


if __name__ == "__main__":
    main()
