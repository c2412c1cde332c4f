"""An embedded AWS without sockets, processes and clock: the service on a bench."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from pegbatch.emulator.faults import Faults
from pegbatch.emulator.http_server import Request, Response
from pegbatch.emulator.log_files import LogFiles
from pegbatch.emulator.registry import Registry
from pegbatch.emulator.service import LOGS, Service
from pegbatch.emulator.settings import EmulatorSettings, MachineSettings
from pegbatch.emulator.state.effects import Change, Effects, Start, Stop
from pegbatch.emulator.state.jobs import Unit
from pegbatch.emulator.state.machine import Machine
from pegbatch.emulator.world import World

SIGNED = {"host": "127.0.0.1:1", "authorization": "AWS4-HMAC-SHA256 Credential=x"}
EC2 = {
    "type": "EC2",
    "maxvCpus": 8,
    "subnets": ["subnet-1"],
    "instanceRole": "ecsInstanceRole",
    "instanceTypes": ["optimal"],
}
CONTAINER = {
    "image": "busybox",
    "command": ["true"],
    "resourceRequirements": [
        {"type": "VCPU", "value": "1"},
        {"type": "MEMORY", "value": "128"},
    ],
}


class Refused(Exception):
    """What a client sees of an error answer."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(f"{error_type} ({status}): {message}")
        self.status = status
        self.error_type = error_type


class Bench:
    """Drives a service by hand: calls, steps, ends of children, and a clock to turn."""

    def __init__(self, folder: Path, **machine: Any) -> None:
        settings = EmulatorSettings(
            folder=folder,
            entry=(),
            region="us-east-1",
            machine=MachineSettings(settle_seconds=1.0, **machine),
        )
        self.time = 1_000_000.0
        numbers = itertools.count(1)
        state = Machine(settings.machine, lambda: f"{next(numbers):032x}")
        self.world = World(
            settings=settings,
            machine=state,
            registry=Registry(settings.home, state.placement),
            logs=LogFiles(folder / "logs"),
            now=lambda: self.time,
            new_id=lambda: f"{next(numbers):032x}",
            late_seconds=settings.machine.late_seconds,
        )
        self.faults = Faults(settings.calls_per_second)
        self.effects: list[Effects] = []
        self.service = Service(self.world, self.faults, self._keep)
        self.running: dict[str, Unit] = {}
        self.signals: list[tuple[float, str, str]] = []
        """(time, job id, TERM or KILL)."""
        self.deaf: set[str] = set()
        """Ids of children that do not end on SIGTERM."""

    def _keep(self) -> None:
        effects = self.world.machine.drain()
        self._pending = [*getattr(self, "_pending", []), *effects.actions]
        self.effects.append(effects)

    def call(self, operation: str, /, **body: Any) -> Any:
        """Make one call over the wire format, without letting the scheduler work."""
        return self._read(self.send(operation, orjson.dumps(body)))

    def call_tags(self, method: str, arn: str, body: Any = None, query: str = "") -> Any:
        """Make one call of the tag operations, which have the ARN in the path."""
        path = f"/v1/tags/{quote(arn, safe='')}"
        text = b"" if body is None else orjson.dumps(body)
        return self._read(self.service.handle(Request(method, path, query, SIGNED, text)))

    def _read(self, response: Response | None) -> Any:
        assert response is not None, "the connection was dropped"
        answer = orjson.loads(response.body)
        if response.status != 200:
            raise Refused(response.status, response.headers["x-amzn-ErrorType"], answer["message"])
        return answer

    def send(self, operation: str, body: bytes) -> Response | None:
        """Make one call with a raw body."""
        is_log = operation in LOGS
        headers = {"x-amz-target": f"Logs_20140328.{operation}"} if is_log else {}
        path = "/" if is_log else f"/v1/{operation.lower()}"
        return self.service.handle(Request("POST", path, "", SIGNED | headers, body))

    def step(self) -> None:
        """Let the scheduler do all that it can, starting and signalling what it wants."""
        while True:
            self.world.machine.step(self.time)
            self._keep()
            actions, self._pending = self._pending, []
            if not actions:
                return
            for action in actions:
                self._act(action)

    def _act(self, action: Start | Stop) -> None:
        unit = action.unit
        if isinstance(action, Start):
            self.running[unit.id] = unit
            self.world.logs.stream(unit, unit.attempts[-1])
            self.world.machine.started(unit, self.time)
            return
        self.signals.append((self.time, unit.id, "KILL" if action.kill else "TERM"))
        if unit.id in self.running and (action.kill or unit.id not in self.deaf):
            self.running.pop(unit.id)
            self.world.machine.exited(unit, 137 if action.kill else 143, self.time)

    def end(self, job_id: str, exit_code: int = 0) -> None:
        """End a running child, which the scheduler sees in its next step."""
        self.world.machine.exited(self.running.pop(job_id), exit_code, self.time)

    def finish(self, job_id: str, exit_code: int = 0) -> None:
        """End a running child, and step."""
        self.end(job_id, exit_code)
        self.step()

    def finish_all(self, exit_code: int = 0) -> None:
        """End everything that runs until nothing runs any more."""
        while self.running:
            for job_id in list(self.running):
                self.finish(job_id, exit_code)

    def wait(self, seconds: float) -> None:
        """Turn the clock, stepping at every alarm on the way."""
        end = self.time + seconds
        while (alarm := self.world.machine.core.next_alarm()) is not None and alarm <= end:
            self.time = max(self.time, alarm)
            self.step()
        self.time = end
        self.step()

    def set_up(self, **resources: Any) -> None:
        """Make environment `ce`, queue `q` and definition `d`, all VALID."""
        self.environment("ce", **resources)
        self.queue("q", "ce")
        self.define("d")

    def environment(self, name: str, **resources: Any) -> None:
        self.call(
            "CreateComputeEnvironment",
            computeEnvironmentName=name,
            type="MANAGED",
            computeResources={**EC2, **resources},
        )
        self.wait(2)

    def queue(self, name: str, *environments: str, **more: Any) -> None:
        order = [
            {"order": place, "computeEnvironment": environment}
            for place, environment in enumerate(environments)
        ]
        body = {"priority": 1, "computeEnvironmentOrder": order, **more}
        self.call("CreateJobQueue", jobQueueName=name, **body)
        self.wait(2)

    def define(self, name: str, *, container: Any = None, **more: Any) -> Any:
        body = {
            "type": "container",
            "containerProperties": {**CONTAINER, **(container or {})},
            **more,
        }
        return self.call("RegisterJobDefinition", jobDefinitionName=name, **body)

    def send_job(self, name: str = "job", *, size: int | None = None, **more: Any) -> str:
        """Submit a job, or an array of a size, which the scheduler sees in its next step."""
        body = {"jobQueue": "q", "jobDefinition": "d", **more}
        if size is not None:
            body["arrayProperties"] = {"size": size}
        return str(self.call("SubmitJob", jobName=name, **body)["jobId"])

    def submit(self, name: str = "job", *, size: int | None = None, **more: Any) -> str:
        """Submit a job, or an array of a size, and step."""
        job_id = self.send_job(name, size=size, **more)
        self.step()
        return job_id

    def describe(self, job_id: str) -> Any:
        found = self.call("DescribeJobs", jobs=[job_id])["jobs"]
        assert len(found) == 1, f"{job_id} is not shown"
        return found[0]

    def status(self, job_id: str) -> str:
        return str(self.describe(job_id)["status"])

    def statuses(self, job_id: str) -> list[str]:
        """Return the status of every child of an array."""
        return [unit.status for unit in self.world.jobs()[job_id].units]

    def counts(self, job_id: str) -> dict[str, int]:
        """Return the statusSummary of an array without its zeros."""
        summary = self.describe(job_id)["arrayProperties"]["statusSummary"]
        return {status: number for status, number in summary.items() if number}

    def changes(self, job_id: str) -> list[Change]:
        """Return all state changes of a job and its children so far."""
        self._keep()
        return [
            change for effects in self.effects for change in effects.changes if change.job == job_id
        ]

    def history(self, job_id: str, child: int | None = None) -> list[str]:
        """Return the states that a job or child went through."""
        return [change.state for change in self.changes(job_id) if change.child == child]


def override(**container: Any) -> dict[str, Any]:
    """Return the containerOverrides of a SubmitJob."""
    return {"containerOverrides": container}


def with_settings(bench: Bench, **changes: Any) -> None:
    """Change settings of a bench that is there."""
    bench.world.settings = replace(bench.world.settings, **changes)
