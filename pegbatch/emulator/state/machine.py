"""The scheduler as a state machine: events in, effects out.

`submit`, `started`, `exited`, `cancel`, `terminate` and `strike` are the events; `step` lets time
pass, looks at new jobs, tells dependents and starts what fits; `drain` hands out what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from pegbatch.emulator.settings import MachineSettings
from pegbatch.emulator.state import links, outcomes
from pegbatch.emulator.state.core import Core
from pegbatch.emulator.state.effects import Change, Effects, Start, Stop
from pegbatch.emulator.state.jobs import ON_A_HOST, WAITING, Attempt, Job, StopKind, Unit
from pegbatch.emulator.state.placement import Queue, Spot
from pegbatch.emulator.state.waiters import is_waiter

Mishap = Literal["host", "spot", "memory"]
TOO_LARGE = (
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot"
    " meet the CPU requirement of the job."
)
"""Why the head of a queue waits for ever. Source: Batch User Guide, "Jobs stuck in a RUNNABLE
status", as the others."""
ALL_INVALID = "ACTION_REQUIRED - CE(s) associated with the job queue are invalid."
NO_CAPACITY = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for"
    " instance type [embedded]"
)
GIVEN_UP = "Canceled by JobStateTimeLimit action due to reason: "
LAUNCH_LIMIT = 8192
"""Characters of container overrides that ECS takes."""


class Machine:
    """All jobs of one embedded AWS."""

    def __init__(self, settings: MachineSettings, new_id: Callable[[], str]) -> None:
        """Take the source of ids from outside, so that tests can foresee them."""
        self.core = Core(settings, new_id)
        self.settings = settings
        self.placement = self.core.placement

    def submit(self, job: Job) -> None:
        """Take a new job; the next step looks at it."""
        self.core.add(job)
        change = Change(job.created, job.id, job.spec.name, None, 0, "SUBMITTED", None)
        self.core.effects.changes.append(change)
        self.core.effects.jobs[job.id] = job

    def step(self, now: float) -> None:
        """Do everything that can be done at this time without waiting for a process."""
        core = self.core
        core.ring(now)
        while True:
            self._link(now)
            self._dispatch(now)
            if not core.ended and not core.fresh:
                return

    def drain(self) -> Effects:
        """Hand out what happened since the last call."""
        effects, self.core.effects = self.core.effects, Effects()
        return effects

    def take_actions(self) -> list[Start | Stop]:
        """Hand out what is to be done now; the rest is left to `drain`."""
        actions, self.core.effects.actions = self.core.effects.actions, []
        return actions

    def started(self, unit: Unit, now: float) -> None:
        """Take the news that a unit's process runs."""
        unit.attempts[-1].started = now
        unit.job.started = unit.job.started or now
        self.core.set_unit(unit, "RUNNING", now)
        if unit.stop is not None:
            self._stop(unit, kill=False, now=now)
        timeout = unit.job.spec.timeout_seconds
        if timeout is not None:
            attempt = unit.attempts[-1]
            self.core.later(now + timeout, lambda when: self._time_out(unit, attempt, when))

    def start_failed(self, unit: Unit, reason: str | None, now: float) -> None:
        """Take the news that a unit's process could not be started, or was stopped before."""
        if unit.stop is None:
            unit.attempts[-1].status_reason = "Task failed to start"
        outcomes.conclude(self.core, unit, None, reason, now)

    def exited(
        self, unit: Unit, exit_code: int | None, now: float, reason: str | None = None
    ) -> None:
        """Take the news that a unit's process has ended (exit code 128 + signal, as in Docker)."""
        outcomes.conclude(self.core, unit, exit_code, reason, now)

    def cancel(self, units: list[Unit], reason: str) -> None:
        """Accept the cancellation of waiting units; it takes effect later, on started ones never.

        A PENDING one ends when its dependencies have, a RUNNABLE one at the head of its queue.
        """
        for unit in units:
            unit.cancelled = True
            if unit.status in WAITING:
                unit.cancel = unit.cancel or reason
            self.core.effects.units[unit] = None

    def terminate(self, units: list[Unit], reason: str, now: float) -> None:
        """End units: waiting ones at once, running ones by SIGTERM, then SIGKILL."""
        for unit in units:
            if unit.status in WAITING:
                unit.terminated = True
                self.core.set_unit(unit, "FAILED", now, reason)
            elif unit.status in ON_A_HOST:
                unit.terminated = True
                self._end(unit, "terminated", reason, now)

    def strike(self, unit: Unit, how: Mishap, now: float) -> None:
        """Let something happen to a running unit.

        Shapes: `host`: its host is gone at once; `spot`: Fargate Spot takes it, SIGTERM first;
        `memory`: it is killed for its memory.
        """
        if unit.status not in ON_A_HOST:
            return
        if how == "spot":
            self._end(unit, "spot", outcomes.SPOT_INTERRUPTED, now)
        elif how == "host":
            reason = f"Host EC2 (instance i-0{self.core.new_id()[:16]}) terminated."
            self._end(unit, "host", reason, now, kill=True)
        else:
            self._end(unit, "memory", "", now, kill=True)

    def _end(
        self, unit: Unit, why: StopKind, reason: str, now: float, *, kill: bool = False
    ) -> None:
        if unit.stop is None:
            unit.stop, unit.stop_reason = why, reason
            self._stop(unit, kill=kill, now=now)

    def _time_out(self, unit: Unit, attempt: Attempt, now: float) -> None:
        if not attempt.stopped:
            self._end(unit, "timeout", outcomes.TIMED_OUT, now)

    def _stop(self, unit: Unit, *, kill: bool, now: float) -> None:
        self.core.effects.actions.append(Stop(unit, kill=kill))
        if not kill:
            attempt = unit.attempts[-1]
            self.core.later(
                now + self.settings.kill_after_seconds, lambda when: self._kill(unit, attempt)
            )

    def _kill(self, unit: Unit, attempt: Attempt) -> None:
        if not attempt.stopped:
            self.core.effects.actions.append(Stop(unit, kill=True))

    def _link(self, now: float) -> None:
        """Tell dependents of what has ended, and look at new jobs.

        All that has ended is told before a job is looked at: one that found a child of another
        ended already would be told of it a second time.
        """
        core = self.core
        links.propagate(core, now)
        while core.fresh:
            links.attach(core, core.fresh.popleft(), now)
            links.propagate(core, now)

    def _dispatch(self, now: float) -> None:
        for queue in self.placement.queues_in_turn():
            while (unit := self.placement.head(queue)) is not None:
                if unit.cancel is not None:
                    self.core.set_unit(unit, "FAILED", now, unit.cancel)
                    continue
                spot = self.placement.find(unit, queue)
                if spot is None:
                    self._explain(unit, queue, now)
                    break
                self._launch(unit, spot, now)

    def _launch(self, unit: Unit, spot: Spot, now: float) -> None:
        spec = unit.job.spec
        problem = spec.launch_problem
        if spec.override_characters > LAUNCH_LIMIT:
            problem = f"Container Overrides length must be at most {LAUNCH_LIMIT}"
        if problem is not None:
            self.core.set_unit(unit, "STARTING", now)
            self.core.set_unit(unit, "FAILED", now, problem)
            return
        self._warn_capped(unit, spot)
        self.placement.take(unit, spot)
        unit.attempts.append(Attempt(task=self.core.new_id()))
        self.core.set_unit(unit, "STARTING", now)
        self.core.effects.actions.append(Start(unit))

    def _warn_capped(self, unit: Unit, spot: Spot) -> None:
        job = unit.job
        asked = (job.spec.vcpus, job.spec.memory_mib)
        if job.capped or is_waiter(job.spec) or asked == (spot.vcpus, spot.memory_mib):
            return
        job.capped = True
        self.core.effects.warnings.append(
            f"job {job.spec.name} asks for {asked[0]:g} vCPUs and {asked[1]} MiB, more than there"
            f" is; it runs with {spot.vcpus:g} vCPUs and {spot.memory_mib} MiB"
        )

    def _explain(self, unit: Unit, queue: Queue, now: float) -> None:
        """Say on the head of a queue why it is stuck, and drop what is not so any more."""
        why = self._why_stuck(unit, queue)
        if why == unit.reason or (why is None and unit.reason not in _STUCK):
            return
        unit.reason = why
        for reason, seconds in queue.time_limits:
            if why is not None and why.startswith(reason):
                self.core.later(now + seconds, partial(self._give_up, unit, why, reason))

    def _why_stuck(self, unit: Unit, queue: Queue) -> str | None:
        if self.placement.all_invalid(queue):
            return ALL_INVALID
        if self.placement.never_fits(unit.job.spec, queue):
            return TOO_LARGE
        return NO_CAPACITY if self.placement.no_capacity else None

    def _give_up(self, unit: Unit, why: str, reason: str, now: float) -> None:
        if unit.reason == why:
            unit.cancelled = True
            self.core.fail_waiting(unit, GIVEN_UP + reason, now)


_STUCK = (TOO_LARGE, ALL_INVALID, NO_CAPACITY)
