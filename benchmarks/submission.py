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
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.rows import Row
from tests.counted_aws import CountedAws, counted_aws

CALLS_A_SECOND = 50
"""Source: AWS Batch service quotas, SubmitJob."""
STATUS_SECONDS_BOUND = 2.0
MEMORY_BOUND = 300
CATALOGS = """
pegasus: "5.0"
name: levels
siteCatalog:
  pegasus: "5.0"
  sites:
    - name: cloud
      directories:
        - type: sharedScratch
          path: /b/scratch
          fileServers: [{operation: all, url: "s3://b/scratch"}]
transformationCatalog:
  pegasus: "5.0"
  transformations:
"""
PROPERTIES = """
pegbatch.array.by = cluster
pegasus.aws.region = us-east-1
pegasus.aws.account = 111122223333
pegasus.aws.batch.job_queue = q
pegasus.aws.batch.job_definition = d
"""


class Taken(NamedTuple):
    """What one command took."""

    seconds: float
    cpu_seconds: float
    peak_rss_mib: float
    calls: Counter[str]
    printed: str


def write_workflow(file: Path, arrays: int, tasks: int) -> None:
    """Write a workflow of one level in which each of so many transformations has so many tasks."""
    program = "sites: [{name: cloud, pfn: /bin/true, type: installed}]"
    with file.open("w", encoding="utf-8") as stream:
        stream.write(CATALOGS)
        stream.writelines(f"    - {{name: p{number}, {program}}}\n" for number in range(arrays))
        stream.write("jobs:\n")
        for number in range(arrays):
            stream.writelines(
                f"- {{type: job, name: p{number}, id: t{number}.{task}, arguments: [], uses: []}}\n"
                for task in range(tasks)
            )


def command(*words: str | Path, aws: CountedAws | None = None) -> Taken:
    """Run `pegbatch …` in a process of its own."""
    environment = {**os.environ, **(aws.environment if aws else {})}
    start = time.perf_counter()
    line = [sys.executable, "-m", "pegbatch", *map(str, words)]
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"pegbatch {words[0]} ended with exit code {process.returncode}")
    seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    calls = aws.taken() if aws else Counter[str]()
    return Taken(seconds, cpu, usage.ru_maxrss / 1024, calls, printed)


def plan(folder: Path, arrays: int, tasks: int) -> Path:
    """Plan such a workflow; return its submit directory."""
    folder.mkdir()
    write_workflow(folder / "levels.yml", arrays, tasks)
    (folder / "pegasus.properties").write_text(PROPERTIES)
    conf = ("--conf", folder / "pegasus.properties", "--dir", folder, "--cleanup", "none")
    planned = command("plan", "--json", *conf, folder / "levels.yml")
    return Path(json.loads(planned.printed)["submit_dir"])


def submission_rows(quick: bool) -> Iterator[Row]:
    """Measure many arrays of few tasks, then few arrays of many tasks."""
    arrays, tasks = (30, 300) if quick else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with counted_aws() as aws:
            yield from _of_many_arrays(aws, plan(folder / "arrays", arrays, 2))
        with counted_aws() as aws:
            yield from _of_many_tasks(aws, plan(folder / "tasks", 10 if quick else 100, tasks))


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
        value=status.cpu_seconds - bare.cpu_seconds,
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


def _begin(aws: CountedAws) -> None:
    """Let half the children of each array have ended, and some run."""
    for job_id, job in aws.jobs.items():
        if "arrayProperties" in job:
            size = job["arrayProperties"]["size"]
            aws.set_children(job_id, SUCCEEDED=size // 2, RUNNING=size // 20)


def _fail(aws: CountedAws, header: dict[str, object], run_url: str) -> None:
    """End the run with one failed task in each of three arrays."""
    ids = list(aws.jobs)
    aws.set_states("SUCCEEDED", ids=ids[:-1])
    aws.set_states("FAILED", reason="Essential container in task exited", ids=ids[-1:])
    for number in range(3):
        for job in header["jobs"]:  # type: ignore[attr-defined]
            if job["transformations"] == [f"p{number}"]:
                aws.put(f"{run_url}/failures/{job['name']}/0.1.1.0")
    aws.taken()


def _time(name: str, size: int, taken: Taken, least: float) -> Row:
    return Row(name=f"{name}, time", size=size, value=taken.seconds, unit="s", floor=least)


def _memory(name: str, size: int, taken: Taken) -> Row:
    peak = taken.peak_rss_mib
    return Row(name=f"{name}, peak RSS", size=size, value=peak, unit="MiB", bound=MEMORY_BOUND)


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
