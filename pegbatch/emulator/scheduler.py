"""Drives the state machine: starts and ends processes, saves, sets the alarm clock."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import assert_never

from pegbatch.emulator.children import Ended, Launch, LaunchFailed, Runner, Watch
from pegbatch.emulator.container_specs import container_spec
from pegbatch.emulator.journal import Journal
from pegbatch.emulator.settings import EmulatorSettings
from pegbatch.emulator.state.effects import Effects, Start, Stop
from pegbatch.emulator.state.jobs import ON_A_HOST, Attempt, JobSpec, Unit
from pegbatch.emulator.storage import Storage
from pegbatch.emulator.world import World
from pegbatch.errors import StoreError

logger = logging.getLogger(__name__)
JOB_VARIABLE = "AWS_BATCH_JOB_ID"
FETCH_VARIABLES = ("BATCH_FILE_TYPE", "BATCH_FILE_S3_URL")
ENTRY_IMAGE = re.compile(r"fetch[-_]and[-_]run")
RETRY_SECONDS = 1.0
"""After which a disk that was full is tried again."""
STARTS_A_TURN = 16
"""Processes started before calls and ends are looked at again."""


class Scheduler:
    """One embedded AWS at work; everything happens in one event loop, nothing is polled."""

    def __init__(
        self,
        world: World,
        runner: Runner,
        storage: Storage,
        journal: Journal,
        environment: Mapping[str, str],
        store_variables: Callable[[JobSpec], Mapping[str, str]],
        start_problem: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Take the doors to the outside; environment is what every child has.

        Shapes: store_variables says how a job's children find S3; start_problem is asked before
        every start, and may say why it is to fail.
        """
        self._world = world
        self._runner = runner
        self._storage = storage
        self._journal = journal
        self._environment = environment
        self._store_variables = store_variables
        self._start_problem = start_problem
        self._loop = asyncio.get_running_loop()
        self._actions: deque[Start | Stop] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._unsaved = Effects()
        self._woken = False
        self._in_turn = False
        self._closed = False

    def wake(self) -> None:
        """Have the machine do its next step soon."""
        if not self._woken and not self._in_turn and not self._closed:
            self._woken = True
            self._loop.call_soon(self._turn)

    def save(self) -> None:
        """Write everything that happened: first the database, then the events.

        Errors: StoreError where the disk does not take it; the next save tries again.
        """
        self._unsaved.add(self._world.machine.drain())
        self._actions.extend(self._unsaved.actions)
        self._unsaved.actions.clear()
        self._storage.save(self._unsaved, self._world.registry.unsaved)
        self._world.registry.unsaved.clear()
        effects, self._unsaved = self._unsaved, Effects()
        if effects.changes:
            self._journal.write(effects.changes)
        for warning in effects.warnings:
            logger.warning("%s", warning)

    def close(self) -> None:
        """Do nothing any more; ends of children are not taken note of."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()

    def _turn(self) -> None:
        self._woken = False
        if self._closed:
            return
        machine = self._world.machine
        machine.step(self._world.now())
        self._actions.extend(machine.take_actions())
        self._in_turn = True
        try:
            for _ in range(min(len(self._actions), STARTS_A_TURN)):
                self._do(self._actions.popleft())
        finally:
            self._in_turn = False
        self._save_or_try_again()
        if self._actions or machine.core.ended:
            self.wake()
        self._set_alarm()

    def _save_or_try_again(self) -> None:
        try:
            self.save()
        except StoreError as error:
            logger.error("%s", error)
            self._loop.call_later(RETRY_SECONDS, self.wake)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        when = self._world.machine.core.next_alarm()
        if when is not None:
            self._alarm = self._loop.call_later(max(0.0, when - self._world.now()), self.wake)

    def _do(self, action: Start | Stop) -> None:
        match action:
            case Start(unit):
                self._start(unit)
            case Stop(unit, kill=kill):
                self._runner.signal(unit.attempts[-1].task, kill=kill)
            case _:
                assert_never(action)

    def _start(self, unit: Unit) -> None:
        attempt = unit.attempts[-1]
        variables = self._variables_of(unit)
        launch = Launch(
            task=attempt.task,
            argv=argv(unit.job.spec, self._world.settings),
            environment={**self._environment, **variables},
            log=self._world.logs.stream(unit, attempt).path,
            container=lambda: container_spec(unit, variables),
        )
        watch = Watch(
            started=lambda: self._started(unit, attempt),
            ended=lambda end: self._ended(unit, attempt, end),
        )
        try:
            problem = self._start_problem()
            if problem is not None:
                raise LaunchFailed(problem)
            self._runner.start(launch, watch)
        except LaunchFailed as error:
            self._world.machine.start_failed(unit, str(error), self._world.now())

    def _started(self, unit: Unit, attempt: Attempt) -> None:
        if self._is_current(unit, attempt):
            self._world.machine.started(unit, self._world.now())
            self.wake()

    def _ended(self, unit: Unit, attempt: Attempt, end: Ended) -> None:
        if not self._is_current(unit, attempt):
            return
        machine, now = self._world.machine, self._world.now()
        if end.code is None:
            machine.start_failed(unit, end.reason, now)
        else:
            machine.exited(unit, end.code, now, end.reason)
        self.wake()

    def _is_current(self, unit: Unit, attempt: Attempt) -> bool:
        alive = unit.status in ON_A_HOST and unit.attempts[-1] is attempt
        return alive and not self._closed

    def _variables_of(self, unit: Unit) -> dict[str, str]:
        spec = unit.job.spec
        found = {
            **self._store_variables(spec),
            **spec.environment,
            JOB_VARIABLE: unit.id,
            "AWS_BATCH_JOB_ATTEMPT": str(unit.attempt),
            "AWS_BATCH_JQ_NAME": spec.queue,
            "AWS_BATCH_CE_NAME": unit.host,
        }
        if unit.index is not None:
            found["AWS_BATCH_JOB_ARRAY_INDEX"] = str(unit.index)
            found["AWS_BATCH_JOB_ARRAY_SIZE"] = str(spec.size)
        return found


def argv(spec: JobSpec, settings: EmulatorSettings) -> tuple[str, ...]:
    """Return the words that a child is started with.

    An image that has the entry script (by its name, or because the job says what to fetch) runs
    the command through it; any other image is taken for one without an entry point.
    """
    fetches = any(name in spec.environment for name in FETCH_VARIABLES)
    if settings.entry_for_all or fetches or ENTRY_IMAGE.search(spec.image):
        return (*settings.entry, *spec.command)
    return spec.command
