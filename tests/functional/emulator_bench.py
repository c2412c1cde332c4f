"""An embedded AWS that is really served, in a thread of the test, and boto3 clients for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pegbatch.emulator import presence
from pegbatch.emulator.presence import Endpoint
from pegbatch.emulator.server import serve
from pegbatch.emulator.settings import EmulatorSettings, MachineSettings

SHELL = ("/bin/sh", "-c")
PATIENCE_SECONDS = 30.0
RESOURCES = {
    "type": "EC2",
    "subnets": ["subnet-1"],
    "instanceRole": "ecsInstanceRole",
    "instanceTypes": ["optimal"],
}
CONTAINER = {
    "image": "busybox",
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "64"},
    ],
}
GROUP = "/aws/batch/job"


def client(service: str, endpoint: Endpoint, attempts: int = 1, region: str = "us-east-1") -> Any:
    """Return a boto3 client; it tries once, so that tests see every error."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint.url,
        region_name=region,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": attempts}),
    )


class Served:
    """A served embedded AWS with queue `q` and definition `d`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.batch = client("batch", endpoint)
        self.logs = client("logs", endpoint)

    def set_up(self, vcpus: int = 8) -> None:
        """Make environment, queue and definition."""
        self.batch.create_compute_environment(
            computeEnvironmentName="ce",
            type="MANAGED",
            computeResources={**RESOURCES, "maxvCpus": vcpus},
        )
        self._await("describe_compute_environments", "computeEnvironments")
        self.batch.create_job_queue(
            jobQueueName="q",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ce"}],
        )
        self._await("describe_job_queues", "jobQueues")
        self.batch.register_job_definition(
            jobDefinitionName="d", type="container", containerProperties=CONTAINER
        )

    def _await(self, operation: str, member: str) -> None:
        until(lambda: getattr(self.batch, operation)()[member][0]["status"] == "VALID")

    def submit(self, command: str, *, size: int | None = None, **more: Any) -> str:
        """Submit a shell command."""
        if size is not None:
            more["arrayProperties"] = {"size": size}
        overrides = {"command": [command], **more.pop("containerOverrides", {})}
        body = {"jobName": "job", "jobQueue": "q", "jobDefinition": "d", **more}
        return str(self.batch.submit_job(containerOverrides=overrides, **body)["jobId"])

    def describe(self, job_id: str) -> Any:
        return self.batch.describe_jobs(jobs=[job_id])["jobs"][0]

    def wait(self, job_id: str, *states: str) -> Any:
        """Wait until a job is in one of some states (or has ended), and return it."""
        wanted = states or ("SUCCEEDED", "FAILED")
        until(lambda: self.describe(job_id)["status"] in wanted)
        return self.describe(job_id)

    def log(self, job_id: str) -> str:
        """Return the whole log of the last attempt of a job."""
        stream = self.describe(job_id)["container"]["logStreamName"]
        answer = self.logs.get_log_events(
            logGroupName=GROUP, logStreamName=stream, startFromHead=True
        )
        return "\n".join(event["message"] for event in answer["events"])

    def control(self, method: str, call: str, **body: Any) -> Any:
        answer = presence.ask(self.endpoint, method, call, body)
        assert answer is not None
        return answer

    def events(self) -> list[dict[str, Any]]:
        """Return all lines of events.jsonl."""
        text = (self.endpoint.folder / "events.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        self.batch.close()
        self.logs.close()


def until(test: Any, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something is so."""
    patience = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < patience, "it took too long"
        time.sleep(0.01)


def settings(folder: Path, **changes: Any) -> EmulatorSettings:
    """Return settings whose jobs are shell commands."""
    machine = MachineSettings(settle_seconds=0.01, **changes.pop("machine", {}))
    base = EmulatorSettings(
        folder=folder, entry=SHELL, entry_for_all=True, machine=machine, idle_seconds=None
    )
    return replace(base, **changes)


@contextlib.contextmanager
def served(chosen: EmulatorSettings) -> Iterator[Served]:
    """Serve in a thread until the end of the block."""
    ready: list[Endpoint] = []
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await serve(chosen, on_ready=lambda e: (ready.append(e), started.set())[0], stop=stop)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert started.wait(PATIENCE_SECONDS), "it does not start"
    bench = Served(ready[0])
    try:
        yield bench
    finally:
        bench.close()
        with contextlib.suppress(RuntimeError):
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive(), "it does not end"
