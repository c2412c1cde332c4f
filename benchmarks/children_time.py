"""Children of one array on the embedded AWS, against the same processes started by hand.

Usage: children_time.py [--children N] [--at-once N] [--repeat N]

A child is what it is in a run: the entry script, the worker from `worker.pyz`, and a bag of one
empty task, on a bucket in a folder. By hand the same processes are started, as many at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from benchmarks.rows import Row
from benchmarks.taken import Taken, least, rows_of
from pegbatch.adapters.store import Store
from pegbatch.adapters.worker_archive import build_worker
from tests.functional.worker_process import ENTRY
from tests.run_layout import RunLayout, task

BOUND = 1.5
BUCKET = "benchmark"
NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
RESOURCES = {
    "type": "EC2",
    "subnets": ["subnet-1"],
    "instanceRole": "ecsInstanceRole",
    "instanceTypes": ["optimal"],
}
LOOK_SECONDS = 0.05


def lay_out(buckets: Path, url: str, children: int) -> dict[str, str]:
    """Put worker and bags; return what each child has in its environment."""
    layout = RunLayout(Store(s3_directory=buckets), url)
    layout.store.write(layout.url("worker.pyz"), build_worker())
    layout.add_array("L0", *([task(f"t{number}", "/bin/true")] for number in range(children)))
    return {
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": layout.url("worker.pyz"),
        "PEGBATCH_S3_DIRECTORY": str(buckets),
    }


def by_hand(url: str, told: Mapping[str, str], count: int, at_once: int, folder: Path) -> Taken:
    """Start and wait for the processes with nothing around."""
    command = [sys.executable, "-P", str(ENTRY), url, "L0"]
    base = {**told, "PATH": os.environ["PATH"], "TMPDIR": str(folder)}
    start, used = time.perf_counter(), processor_seconds(os.getpid())
    running: dict[int, subprocess.Popen[bytes]] = {}
    for number in range(count):
        if len(running) == at_once:
            _wait_for_one(running)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,
            env={**base, "AWS_BATCH_JOB_ARRAY_INDEX": str(number)},
        )
        running[process.pid] = process
    while running:
        _wait_for_one(running)
    return Taken(time.perf_counter() - start, processor_seconds(os.getpid()) - used)


def _wait_for_one(running: dict[int, subprocess.Popen[bytes]]) -> None:
    pid, status = os.wait()
    running.pop(pid).returncode = os.waitstatus_to_exitcode(status)


def as_array(batch: Any, pid: int, url: str, told: Mapping[str, str], count: int) -> Taken:
    """Submit an array and wait for its end."""
    start, used = time.perf_counter(), processor_seconds(pid)
    overrides = {
        "command": [url, "L0"],
        "environment": [{"name": name, "value": text} for name, text in told.items()],
    }
    body = {"jobName": "children", "jobQueue": "q", "jobDefinition": "d"}
    size = {"size": count}
    answer = batch.submit_job(**body, arrayProperties=size, containerOverrides=overrides)
    while (state := _state(batch, answer["jobId"])) != "SUCCEEDED":
        if state == "FAILED":
            raise SystemExit("the array failed")
        time.sleep(LOOK_SECONDS)
    return Taken(time.perf_counter() - start, processor_seconds(pid) - used)


def _state(batch: Any, job: str) -> str:
    return str(batch.describe_jobs(jobs=[job])["jobs"][0]["status"])


@contextmanager
def emulator(folder: Path, at_once: int) -> Iterator[tuple[Any, int]]:
    """Serve one with a queue and a definition; yield a client and the process id."""
    words = [sys.executable, "-m", "pegbatch", "emulator", "--dir", str(folder), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        batch: Any = boto3.client(
            "batch",
            endpoint_url=told["address"],
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        set_up(batch, at_once)
        yield batch, process.pid
        batch.close()
        process.terminate()


def set_up(batch: Any, at_once: int) -> None:
    """Make what the array is submitted to."""
    resources = {**RESOURCES, "maxvCpus": at_once}
    batch.create_compute_environment(
        computeEnvironmentName="ce", type="MANAGED", computeResources=resources
    )
    time.sleep(1.0)
    order = [{"order": 1, "computeEnvironment": "ce"}]
    batch.create_job_queue(jobQueueName="q", priority=1, computeEnvironmentOrder=order)
    container = {"image": "fetch_and_run", "resourceRequirements": NEEDS}
    batch.register_job_definition(
        jobDefinitionName="d", type="container", containerProperties=container
    )
    time.sleep(1.0)


def processor_seconds(pid: int) -> float:
    """Return what a process and the children it waited for have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(text) for text in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def measure(children: int, at_once: int, repeat: int) -> tuple[Taken, Taken]:
    """Return what an array and what the processes by hand took, in turn, at least."""
    values, floors = [], []
    with tempfile.TemporaryDirectory() as name, emulator(Path(name), at_once) as (batch, pid):
        folder = Path(name)
        for number in range(repeat):
            urls = [f"s3://{BUCKET}/{kind}-{number}" for kind in ("hand", "array")]
            told = [lay_out(folder / "buckets", url, children) for url in urls]
            floors.append(by_hand(urls[0], told[0], children, at_once, folder))
            values.append(as_array(batch, pid, urls[1], told[1], children))
    return least(values), least(floors)


def children_rows(quick: bool) -> Iterator[Row]:
    """Measure as many at once as there are processors."""
    children = 50 if quick else 2_000
    value, floor = measure(children, os.cpu_count() or 1, 1)
    yield from rows_of("children of an array", children, value, floor, BOUND)


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description="Measure children of the embedded AWS.")
    parser.add_argument("--children", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeat", type=int, default=2)
    given = parser.parse_args()
    value, floor = measure(given.children, given.at_once, given.repeat)
    for row in rows_of("children of an array", given.children, value, floor, BOUND):
        print(row.to_json())


if __name__ == "__main__":
    main()
