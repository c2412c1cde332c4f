"""Asking AWS Batch how the arrays stand; parents only, their counts tell of the children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.commands import Watch
from pegbatch.engine.context import Context
from pegbatch.engine.forgotten import settle_forgotten
from pegbatch.engine.looking.sampling import describe_and_sample
from pegbatch.errors import JobServiceUnreachable
from pegbatch.ports import JobState

PAUSES_AN_ASKING = 3.0
"""Pauses last at least that many times as long as asking took: many arrays that change all the
time would otherwise keep one of this machine's processors from their own children."""

OUTAGE_SECONDS = 24 * 3600.0
"""How long a watcher bears with a service that does not answer: a night, a network that is down."""


class Watcher:
    """Polls at a pace, and bears with jobs that are not shown yet, and with outages."""

    def __init__(self, context: Context) -> None:
        """Start at the quick end of the pace."""
        self._context = context
        self._pause = context.pace.first_seconds
        self._missing: dict[str, float] = {}
        self._silent_since: float | None = None
        self._has_asked = False

    def watch(self, command: Watch) -> None:
        """Ask once, then wait if there is still something to watch."""
        clock = self._context.ports.clock
        began = clock.now()
        try:
            changed = self.poll(command)
        except JobServiceUnreachable as error:
            self._bear_with(error)
            changed = False
        else:
            self._note_answer()
        if any(isinstance(following, Watch) for following in self._context.journal.commands):
            clock.sleep(self._next_pause(changed, asking_seconds=clock.now() - began))

    def _bear_with(self, error: JobServiceUnreachable) -> None:
        """Wait out that the service does not answer: a run goes on without who watches it."""
        now = self._context.ports.clock.now()
        if self._silent_since is None:
            self._silent_since = now
            self._context.on_note(
                f"AWS Batch does not answer ({error.problems[0].message}); the run goes on, and "
                f"Batch is asked again for up to {OUTAGE_SECONDS / 3600:.0f} h"
            )
        elif now - self._silent_since > OUTAGE_SECONDS:
            raise error

    def _note_answer(self) -> None:
        if self._silent_since is not None:
            self._silent_since = None
            self._context.on_note("AWS Batch answers again")

    def poll(self, command: Watch) -> bool:
        """Ask for all arrays that have not ended; say whether anything changed."""
        shown = self._describe(tuple(command.job_ids.values()))
        seen: list[tuple[ArrayState, JobState]] = []
        forgotten: list[str] = []
        for name, job_id in command.job_ids.items():
            array, job = self._context.state.arrays[name], shown.get(job_id)
            if job is not None:
                self._missing.pop(job_id, None)
                seen.append((array, job))
            elif self._is_forgotten(array, job_id):
                forgotten.append(name)
        changed = self._note_states(seen)
        if forgotten:
            self._context.on_note(
                f"AWS Batch does not know {len(forgotten)} array jobs of this run any more; "
                "their records tell what became of them"
            )
            settle_forgotten(self._context, forgotten)
        return changed or bool(forgotten)

    def _describe(self, ids: Sequence[str]) -> Mapping[str, JobState]:
        """Ask for arrays, and now and then for children of theirs in the same calls."""
        context = self._context
        jobs, now, sample = context.ports.jobs, context.ports.clock.now(), context.sample
        if now - sample.time < context.pace.sample_seconds:
            return jobs.describe(ids)
        shown = describe_and_sample(jobs, context.state, ids, is_fresh=self._has_asked)
        sample.time = now
        sample.shown = {one: job for one, job in shown.items() if not job.children}
        self._has_asked = True
        return shown

    def _note_states(self, seen: Iterable[tuple[ArrayState, JobState]]) -> bool:
        """Take note of what has changed, written down as one; say whether anything has."""
        written, counted = [], []
        for array, job in seen:
            body = _state_body(job, array.name)
            if (array.status, array.reason) != (job.status, job.reason):
                written.append(body)
            elif dict(array.children) != body["children"]:
                # Every look finds other counts: written down, a long run of many arrays would grow
                # its log without end, and who reads it asks Batch for the counts anyway.
                counted.append(body)
        self._context.journal.put_all("state", written)
        self._context.journal.note_all("state", counted)
        return bool(written or counted)

    def _is_forgotten(self, array: ArrayState, job_id: str) -> bool:
        """Say whether a job that is not shown will not be shown again: a fresh one may be late."""
        pace, now = self._context.pace, self._context.ports.clock.now()
        since = self._missing.setdefault(job_id, now)
        if now - since < pace.forgotten_seconds:
            return False
        submitted = since if array.submitted is None else array.submitted
        return bool(array.status) or now - submitted >= pace.fresh_seconds

    def _next_pause(self, changed: bool, *, asking_seconds: float) -> float:
        pace = self._context.pace
        longer = min(self._pause * pace.factor, pace.longest_seconds)
        self._pause = pace.first_seconds if changed else longer
        rest = PAUSES_AN_ASKING * asking_seconds
        return min(max(self._pause, rest), pace.longest_seconds)


def _state_body(job: JobState, array: str) -> dict[str, Any]:
    return {
        "array": array,
        "status": job.status,
        "reason": job.reason,
        "children": dict(job.children) or {job.status: 1},
    }
