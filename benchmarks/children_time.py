"""Children of one array on the embedded AWS, against the same processes started by hand.

Both run `/bin/sh -c true` so many times, as many at once, in turn. Printed for each round: seconds
of both, their ratio, and the processor time of the two (with that of the processes).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

COMMAND = ["/bin/sh", "-c", "true"]
NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
RESOURCES = {
    "type": "EC2",
    "subnets": ["subnet-1"],
    "instanceRole": "ecsInstanceRole",
    "instanceTypes": ["optimal"],
}
LOOK_SECONDS = 0.05


def by_hand(count: int, at_once: int) -> float:
    """Start and wait for processes with nothing around; return the seconds."""
    start = time.monotonic()
    running: dict[int, subprocess.Popen[bytes]] = {}
    left = count
    while left or running:
        while left and len(running) < at_once:
            process = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, start_new_session=True)
            running[process.pid] = process
            left -= 1
        pid, status = os.wait()
        running.pop(pid).returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - start


def as_array(batch: Any, count: int) -> float:
    """Submit an array and wait for its end; return the seconds."""
    start = time.monotonic()
    body = {"jobName": "children", "jobQueue": "q", "jobDefinition": "d"}
    job = batch.submit_job(**body, arrayProperties={"size": count})["jobId"]
    while batch.describe_jobs(jobs=[job])["jobs"][0]["status"] != "SUCCEEDED":
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - start


@contextmanager
def emulator(at_once: int) -> Iterator[tuple[Any, int]]:
    """Serve one with a queue and a definition; yield a client and the process id."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pegbatch", "emulator", "--dir", folder, "--json"]
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
    container = {"image": "busybox", "command": COMMAND, "resourceRequirements": NEEDS}
    batch.register_job_definition(
        jobDefinitionName="d", type="container", containerProperties=container
    )
    time.sleep(1.0)


def processor_seconds(pid: int) -> float:
    """Return what a process and the children it waited for have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(text) for text in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with emulator(given.at_once) as (batch, pid):
        print("by hand, s  array, s  ratio  by hand, CPU s  array, CPU s  ratio")
        for _ in range(given.repeat):
            used = processor_seconds(os.getpid()), processor_seconds(pid)
            hand = by_hand(given.children, given.at_once)
            hand_used = processor_seconds(os.getpid()) - used[0]
            array = as_array(batch, given.children)
            array_used = processor_seconds(pid) - used[1]
            print(
                f"{hand:10.2f} {array:9.2f} {array / hand:6.2f}"
                f" {hand_used:15.2f} {array_used:13.2f} {array_used / hand_used:6.2f}"
            )


if __name__ == "__main__":
    main()
