"""Hooks of tasks: run in the task's directory, without a shell, for a limited time.

Nothing hangs on a hook: how it fails is told in the log.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pegbatch.model.hooks import Happening, hook_environment, hooks_for
from pegbatch.model.manifest import TaskLine
from pegbatch.model.words import split_words
from pegbatch.worker.child import Child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.orphans import Orphans
from pegbatch.worker.process import Ended, run_program
from pegbatch.worker.program import Program
from pegbatch.worker.stop import Stop
from pegbatch.worker.streams import LogStream

HOOK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRunner:
    """Runs the hooks of a child's tasks."""

    child: Child
    stop: Stop
    log: ChildLog
    environment: Mapping[str, str]
    """The container's."""
    orphans: Orphans | None = None
    seconds: float = HOOK_SECONDS

    def run(
        self, task: TaskLine, happening: Happening, directory: Path, status: int | None = None
    ) -> None:
        """Run what waits for a happening; status is the exit code of a task that has ended."""
        for event, command in hooks_for(task.hooks, happening):
            if self.stop.asked:
                return
            told = self._environment(task, event, directory, status)
            complaint = self._run(command, directory, told)
            if complaint:
                self.log.say(f"hook {event} of task {task.id}: {command}: {complaint}")

    def _run(self, command: str, directory: Path, environment: Mapping[str, str]) -> str:
        try:
            words = split_words(command)
        except ValueError as error:
            return str(error)
        out, err = LogStream(self.log.write), LogStream(self.log.write)
        program = Program(
            argv=words,
            executable=words[0],
            directory=directory,
            environment=environment,
            timeout_seconds=self.seconds,
        )
        ended = run_program(program, out, err, self.stop, self.orphans)
        out.finish()
        err.finish()
        return _complaint(ended, self.seconds)

    def _environment(
        self, task: TaskLine, event: str, directory: Path, status: int | None
    ) -> dict[str, str]:
        told = hook_environment(
            event,
            now=time.time(),
            submit_dir=self.child.run_url,
            run=self.child.run_url.rpartition("/")[2],
            job=task.id,
            status=status,
        )
        for name, stream in (("PEGASUS_STDOUT", task.stdout), ("PEGASUS_STDERR", task.stderr)):
            if stream is not None:
                told[name] = str(directory / stream)
        return {**self.environment, **task.env, **told, "PEGASUS_INVID": "1"}


def _complaint(ended: Ended, seconds: float) -> str:
    if ended.not_started:
        return ended.not_started
    if ended.timed_out:
        return f"ended after {seconds:.0f} s"
    if ended.signal is not None:
        return f"ended by signal {ended.signal}"
    return f"exit code {ended.exit_code}" if ended.exit_code else ""
