"""Which logs a run has, and where each lies: in its store, or in CloudWatch alone.

A child puts its log when it ends. One that still runs, or was lost with its host, has left what it
said in CloudWatch, and Batch knows the name of the stream, as long as it knows the job.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pegbatch.engine.history.past_tries import PastTry
from pegbatch.errors import ObjectMissing
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import array_logs, join_url, parse_log_key
from pegbatch.model.logs import AttemptLog
from pegbatch.model.plan import Job
from pegbatch.ports import JobState, ObjectStore


def stored_logs(store: ObjectStore, run_url: str, array: str) -> list[AttemptLog]:
    """Return the logs of an array that lie in the store, by bag, try and attempt, from one LIST."""
    found = []
    try:
        for info in store.list(join_url(run_url, array_logs(array))):
            key = parse_log_key(info.url)
            if key is not None:
                found.append(
                    AttemptLog(
                        array=array,
                        bag=key.bag,
                        number=key.number,
                        attempt=key.attempt,
                        url=info.url,
                        size_bytes=info.size_bytes,
                    )
                )
    except ObjectMissing:
        return []
    return sorted(found, key=lambda log: (log.bag, *log.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedArray:
    """What one try submitted as an array."""

    number: int
    job: Job
    """As the try submitted it: its size counts the children of that try."""
    job_id: str
    status: str = ""
    """AWS Batch's word, as the run's log has it last."""
    bags: Sequence[int] | None = None
    """Of its children, ascending; None: child i runs bag i."""

    def child_id(self, bag: int) -> str | None:
        """Return the id on Batch of the child that runs a bag; None where none does."""
        child = self._child(bag)
        if child is None:
            return None
        return self.job_id if self.job.size == 1 else f"{self.job_id}:{child}"

    def bag_of(self, job_id: str) -> int:
        """Return the bag that a child runs, by its id on Batch."""
        index = job_id.rpartition(":")[2]
        child = int(index) if self.job.size > 1 and index.isdecimal() else 0
        return child if self.bags is None else self.bags[child]

    def _child(self, bag: int) -> int | None:
        if self.bags is None:
            return bag if 0 <= bag < self.job.size else None
        child = bisect_left(self.bags, bag)
        return child if child < len(self.bags) and self.bags[child] == bag else None


def submissions(
    tries: Mapping[int, PastTry], events: Iterable[RunEvent]
) -> Mapping[str, list[SubmittedArray]]:
    """Return, by array, what each try has submitted of it, oldest first.

    Shapes: events are those of the run, which say how arrays of earlier tries ended, too.
    """
    states = {
        (int(event.body.get("try", 1)), str(event.body["array"])): str(event.body["status"])
        for event in events
        if event.kind == "state"
    }
    found: dict[str, list[SubmittedArray]] = {}
    for number, one in sorted(tries.items()):
        for array, sent in one.sent.items():
            submitted = SubmittedArray(
                number=number,
                job=one.jobs[array],
                job_id=sent.job_id,
                status=states.get((number, array), ""),
                bags=one.bags.get(array),
            )
            found.setdefault(array, []).append(submitted)
    return found


def batch_logs(array: SubmittedArray, bag: int, job: JobState) -> Iterator[AttemptLog]:
    """Yield the streams that Batch knows of one child: those of ended attempts, and the newest.

    Shapes: in the order of the attempts; none for an attempt that never came to start.
    """
    ended = 0
    seen: set[str] = set()
    for attempt, one in enumerate(job.attempts, start=1):
        ended = attempt
        if one.log_stream:
            seen.add(one.log_stream)
            yield _streamed(array, bag, attempt, one.log_stream, job, running=False)
    if job.log_stream and job.log_stream not in seen:
        running = job.status in ("STARTING", "RUNNING")
        yield _streamed(array, bag, ended + 1, job.log_stream, job, running=running)


def _streamed(
    array: SubmittedArray, bag: int, attempt: int, stream: str, job: JobState, *, running: bool
) -> AttemptLog:
    return AttemptLog(
        array=array.job.name,
        bag=bag,
        number=array.number,
        attempt=attempt,
        stream=stream,
        group=job.log_group,
        running=running,
    )
