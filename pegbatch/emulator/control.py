"""The calls that Amazon has not: how it goes, faults on demand, the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import get_args

import orjson

from pegbatch.emulator.doorkeeper import check_control
from pegbatch.emulator.faults import KINDS, Fault, Faults
from pegbatch.emulator.http_server import Request, Response
from pegbatch.emulator.operations.jobs import find
from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.state.jobs import Job, Json, Unit
from pegbatch.emulator.state.machine import Mishap
from pegbatch.emulator.stuck import STUCK_KINDS, get_going, get_stuck
from pegbatch.emulator.wire import as_json
from pegbatch.emulator.world import World

PREFIX = "/pegbatch/"
MISHAPS: tuple[Mishap, ...] = get_args(Mishap)


class Control:
    """Answers what is below /pegbatch/."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        stop: Callable[[], None],
        moto_pid: Callable[[], int | None],
    ) -> None:
        """Take what to look at, what to arm, how to end, and who knows of moto's process."""
        self._world = world
        self._faults = faults
        self._stop = stop
        self._moto_pid = moto_pid
        self._calls: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("GET", "status"): self._status,
            ("POST", "stop"): self._end,
            ("POST", "faults"): self._arm,
            ("DELETE", "faults"): self._clear,
            ("POST", "late"): self._late,
            ("POST", "strike"): self._strike,
            ("POST", "stuck"): self._get_stuck,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        call = self._calls.get((request.method, request.path.removeprefix(PREFIX)))
        if call is None:
            return Response(404, b"{}")
        try:
            check_control(request)
            return Response(200, as_json(call(_body(request))))
        except (Refusal, KeyError, ValueError, TypeError, AttributeError) as error:
            return Response(400, as_json({"message": str(error)}))

    def _status(self, body: Json) -> Json:
        core = self._world.machine.core
        return {
            "pid": os.getpid(),
            "folder": str(self._world.settings.folder),
            "region": self._world.settings.region,
            "account": self._world.settings.account,
            "runtime": self._world.settings.runtime,
            "jobs": len(core.jobs),
            "open_jobs": core.open_jobs,
            "moto_pid": self._moto_pid(),
        }

    def _end(self, body: Json) -> Json:
        self._stop()
        return {}

    def _arm(self, body: Json) -> Json:
        if body["kind"] not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        rest = (body.get("operation"), body.get("after", 0), body.get("one_in", 0))
        self._faults.arm(Fault(body["kind"], body.get("calls", 1), *rest))
        return {}

    def _clear(self, body: Json) -> Json:
        self._faults.clear()
        get_going(self._world)
        self._world.late_seconds = 0.0
        return {}

    def _get_stuck(self, body: Json) -> Json:
        if body["how"] not in STUCK_KINDS:
            raise ValueError(f"how must be one of {', '.join(STUCK_KINDS)}")
        get_stuck(self._world, body["how"])
        return {}

    def _late(self, body: Json) -> Json:
        self._world.late_seconds = float(body["seconds"])
        return {}

    def _strike(self, body: Json) -> Json:
        """Let something happen to one job or child, to an array's children, or to all."""
        how = body.get("how", "host")
        if how not in MISHAPS:
            raise ValueError(f"how must be one of {', '.join(MISHAPS)}")
        now = self._world.now()
        hit = [unit for unit in self._units(body.get("job")) if unit.status == "RUNNING"]
        for unit in hit:
            self._world.machine.strike(unit, how, now)
        return {"hit": [unit.id for unit in hit]}

    def _units(self, job_id: str | None) -> list[Unit]:
        if job_id is None:
            return [unit for job in self._world.jobs().values() for unit in job.units]
        item = find(self._world, job_id, float("inf"))
        if item is None:
            raise ValueError(f"job {job_id} does not exist")
        return item.units if isinstance(item, Job) else [item]


def _body(request: Request) -> Json:
    body = orjson.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is no JSON object")
    return body
