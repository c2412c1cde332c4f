"""Fakes of the ports: batch jobs that a test moves by hand, time that passes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from pegbatch.errors import RunLocked, SubmitUnclear
from pegbatch.model.events import RunEvent
from pegbatch.model.queue_facts import QueueFacts
from pegbatch.ports import JobState, LogLine, LogPage


class FakeClock:
    """A clock that only sleeping moves; `on_sleep` is called after each sleep."""

    def __init__(self, start: float = 1_000.0) -> None:
        self.time = start
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)
        self.on_sleep()


class FakeRunStore:
    """An event log in memory; `holder` set means that another process has the lock."""

    def __init__(self, events: Sequence[RunEvent] = ()) -> None:
        self.log: list[RunEvent] = list(events)
        self.holder: str | None = None
        self.before_append: Callable[[RunEvent], None] = lambda event: None

    def append(self, *events: RunEvent) -> None:
        for event in events:
            self.before_append(event)
        self.log.extend(events)

    def events(self, *, after: int = 0) -> Sequence[RunEvent]:
        return tuple(self.log[after:])

    @contextmanager
    def lock(self) -> Iterator[None]:
        if self.holder is not None:
            raise RunLocked(f"the run is held by {self.holder}")
        self.holder = "this test"
        try:
            yield
        finally:
            self.holder = None

    def kinds(self) -> list[str]:
        return [event.kind for event in self.log]


class FakeJobs:
    """An AWS Batch whose jobs do what the test says.

    A job is PENDING once submitted; `finish` and `set_state` move it. `invisible` ids are not
    described or listed yet. `lose_answers` counts SubmitJob calls that are carried out and whose
    answer never comes; `drop_calls` counts calls that break off before they do anything.
    """

    def __init__(self) -> None:
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.jobs: dict[str, JobState] = {}
        self.lost: dict[str, list[JobState]] = {}
        self.invisible: set[str] = set()
        self.terminated: list[tuple[str, str]] = []
        self.described: list[tuple[str, ...]] = []
        self.queues: dict[str, QueueFacts] = {}
        self.queues_asked: list[str] = []
        self._numbers = count()
        """Calls come from several threads."""
        self.lose_answers = 0
        self.drop_calls = 0
        self.before_submit: Callable[[Mapping[str, Any]], None] = lambda body: None
        self.before_terminate: Callable[[str], None] = lambda job_id: None

    def submit(self, body: Mapping[str, Any]) -> str:
        self.before_submit(body)
        if self.drop_calls:
            self.drop_calls -= 1
            raise SubmitUnclear("the connection was closed")
        job_id = f"job-{next(self._numbers)}"
        self.bodies[job_id] = body
        self.jobs[job_id] = JobState(job_id=job_id, name=body["jobName"], status="PENDING")
        if self.lose_answers:
            self.lose_answers -= 1
            raise SubmitUnclear("the connection was closed")
        return job_id

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        self.described.append(tuple(job_ids))
        return {
            job_id: self.jobs[job_id]
            for job_id in job_ids
            if job_id in self.jobs and job_id not in self.invisible
        }

    def find(self, queue: str, job_name: str) -> Sequence[JobState]:
        return [
            job
            for job_id, job in self.jobs.items()
            if job.name == job_name
            and self.bodies[job_id]["jobQueue"] == queue
            and job_id not in self.invisible
        ]

    def find_all(self, queue: str, start: str) -> Iterator[JobState]:
        for job_id, job in self.jobs.items():
            if job.name.startswith(start) and self.bodies[job_id]["jobQueue"] == queue:
                yield job

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        return (child for child in self.lost.get(job_id, []) if child.status == status)

    def queue(self, name: str) -> QueueFacts | None:
        self.queues_asked.append(name)
        return self.queues.get(name)

    def terminate(self, job_id: str, reason: str) -> None:
        self.before_terminate(job_id)
        self.terminated.append((job_id, reason))
        if self.jobs[job_id].status not in ("SUCCEEDED", "FAILED"):
            self.set_state(job_id, "FAILED", reason=reason)

    def set_state(
        self,
        job_id: str,
        status: str,
        *,
        reason: str = "",
        children: Mapping[str, int] | None = None,
    ) -> None:
        self.jobs[job_id] = replace(
            self.jobs[job_id], status=status, reason=reason, children=children or {}
        )

    def id_of(self, job_name: str) -> str:
        (job_id,) = (job_id for job_id, job in self.jobs.items() if job.name == job_name)
        return job_id


class FakeStreams:
    """CloudWatch Logs: streams by name, two lines a page; a test may write more to them."""

    def __init__(self, **streams: str) -> None:
        self.streams = {name: text.splitlines() for name, text in streams.items()}

    def page(self, stream: str, *, group: str | None, token: str | None) -> LogPage | None:
        if stream not in self.streams:
            return None
        start = int(token or 0)
        lines = self.streams[stream][start : start + 2]
        return LogPage(tuple(LogLine(0, line) for line in lines), str(start + len(lines)))
