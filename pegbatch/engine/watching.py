"""Asking AWS Batch how the arrays stand; parents only, their counts tell of the children."""

from __future__ import annotations

from pegbatch.engine.context import Context
from pegbatch.engine.state import ArrayState, Watch
from pegbatch.errors import JobServiceError
from pegbatch.ports import JobState

GONE_SECONDS = 600.0
"""How long a submitted job may stay out of DescribeJobs before we stop waiting for it."""

PAUSES_AN_ASKING = 3.0
"""Pauses last at least that many times as long as asking took: many arrays that change all the
time would otherwise keep one of this machine's processors from their own children."""


class Watcher:
    """Polls at a pace, and bears with jobs that are not shown yet."""

    def __init__(self, context: Context) -> None:
        """Start at the quick end of the pace."""
        self._context = context
        self._pause = context.pace.first_seconds
        self._missing: dict[str, float] = {}

    def watch(self, command: Watch) -> None:
        """Ask once, then wait if there is still something to watch."""
        clock = self._context.ports.clock
        began = clock.now()
        changed = self.poll(command)
        if any(isinstance(following, Watch) for following in self._context.journal.commands):
            clock.sleep(self._next_pause(changed, asking_seconds=clock.now() - began))

    def poll(self, command: Watch) -> bool:
        """Ask for all arrays that have not ended; say whether anything changed."""
        shown = self._context.ports.jobs.describe(list(command.job_ids.values()))
        changed = False
        for array, job_id in command.job_ids.items():
            job = shown.get(job_id)
            if job is None:
                self._note_missing(array, job_id)
                continue
            self._missing.pop(job_id, None)
            changed |= self._note_state(self._context.state.arrays[array], job)
        return changed

    def _note_state(self, array: ArrayState, job: JobState) -> bool:
        children = dict(job.children) or {job.status: 1}
        before = (array.status, array.reason, dict(array.children))
        if before == (job.status, job.reason, children):
            return False
        self._context.journal.put(
            "state", array=array.name, status=job.status, reason=job.reason, children=children
        )
        return True

    def _note_missing(self, array: str, job_id: str) -> None:
        now = self._context.ports.clock.now()
        if now - self._missing.setdefault(job_id, now) > GONE_SECONDS:
            raise JobServiceError(
                f"AWS Batch has not shown job {job_id} of array {array} for {GONE_SECONDS:.0f} s",
                hint="jobs that ended more than a week ago are forgotten; "
                "the outputs may be there all the same: `pegbatch fetch`",
            )

    def _next_pause(self, changed: bool, *, asking_seconds: float) -> float:
        pace = self._context.pace
        longer = min(self._pause * pace.factor, pace.longest_seconds)
        self._pause = pace.first_seconds if changed else longer
        rest = PAUSES_AN_ASKING * asking_seconds
        return min(max(self._pause, rest), pace.longest_seconds)
