"""The few doors to the outside, as protocols. Adapters implement them, tests fake them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pegbatch.model.events import RunEvent
from pegbatch.model.queue_facts import QueueFacts


class ObjectInfo(NamedTuple):
    """What a store says of one object; a tuple, since a listing may show a million of them."""

    url: str
    size_bytes: int
    sha256: str | None = None
    """The checksum that travels with it, where it has one."""


class ObjectStore(Protocol):
    """Bytes at URLs: `s3://bucket/key` (Amazon's or the embedded one) and `file:///path`.

    Every method raises ObjectMissing for a 404, AccessDenied for a 403 and StoreError for the
    rest; transient faults are retried inside.
    """

    def read(self, url: str, *, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of an object, or of one range of it."""

    def write(self, url: str, data: bytes) -> None:
        """Put an object whole or not at all."""

    def head(self, url: str) -> ObjectInfo:
        """Return size and checksum of an object."""

    def download(
        self, url: str, path: Path, *, require_checksum: bool = False, verify: bool = True
    ) -> ObjectInfo:
        """Stream an object into a new file; sha256 is that of the bytes received.

        Errors: StoreError where the bytes do not match the checksum that travels with them
        (without verify they may), and, with require_checksum, where none does.
        """

    def upload(
        self, path: Path, url: str, *, if_absent: bool = False, only_sha256: str | None = None
    ) -> ObjectInfo:
        """Stream a file into an object, whole or not at all; its sha256 travels with it.

        With if_absent an object that is there already stays and nothing is sent.
        Errors: InputError, before anything is sent, where the file has not got only_sha256.
        """

    def copy(self, source_url: str, url: str) -> None:
        """Copy an object with its checksum, inside a store or from one to another."""

    def list(self, prefix_url: str) -> Iterator[ObjectInfo]:
        """Yield the objects below a folder URL, in no order."""

    def delete(self, urls: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAttempt:
    """What DescribeJobs says of one attempt that has ended."""

    start: float | None
    """Seconds since the epoch, as `end`; None where it never came to start."""
    end: float | None
    exit_code: int | None = None
    reason: str = ""
    """Why it ended, in Batch's words; empty where there are none."""
    log_stream: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What DescribeJobs says of one job, cut to what a run needs."""

    job_id: str
    name: str
    status: str
    """SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED."""
    reason: str = ""
    """statusReason; empty where there is none."""
    children: Mapping[str, int] = field(default_factory=dict)
    """statusSummary of an array's parent (zero counts left out); empty for a plain job."""
    exit_code: int | None = None
    log_stream: str | None = None
    log_group: str | None = None
    """Where the definition names one; None: Batch's own."""
    created: float | None = None
    """When it was submitted; seconds since the epoch."""
    started: float | None = None
    """Of the newest attempt, in seconds since the epoch; None where it has not started."""
    stopped: float | None = None
    """None where it has not ended."""
    attempts: tuple[JobAttempt, ...] = ()
    """Those that have ended, oldest first; of a plain job or child, and from DescribeJobs alone."""


DESCRIBED_AT_ONCE = 100
"""Ids that one call describes. Source: AWS Batch API, DescribeJobs."""


class JobService(Protocol):
    """AWS Batch, as far as a run needs it. Errors: JobServiceError, AccessDenied."""

    def submit(self, body: Mapping[str, Any]) -> str:
        """Make one SubmitJob call and return the job id."""

    def describe(self, job_ids: Sequence[str]) -> Mapping[str, JobState]:
        """Return the states of jobs by id; ids that the service does not show are left out.

        Shapes: one call for each DESCRIBED_AT_ONCE ids, in their order. A child's id is that of its
        array, a colon and its index.
        """

    def find(self, queue: str, job_name: str) -> Sequence[JobState]:
        """Return the jobs of exactly that name in a queue, in any state."""

    def find_all(self, queue: str, start: str) -> Iterator[JobState]:
        """Yield the jobs of a queue whose names begin like this, in any state."""

    def children(self, job_id: str, status: str) -> Iterator[JobState]:
        """Yield the children of an array that are in one state."""

    def queue(self, name: str) -> QueueFacts | None:
        """Return a job queue as it stands, by name or ARN; None where there is none."""

    def terminate(self, job_id: str, reason: str) -> None:
        """End a job in whatever state it is (array parents: all its children)."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of a log stream."""

    time_ms: int
    """Milliseconds since the epoch."""
    text: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """A part of a log stream, perhaps an empty one."""

    lines: tuple[LogLine, ...]
    token: str
    """Where the next page begins; the token that was given: there is no more, for now."""


class LogService(Protocol):
    """CloudWatch Logs, as far as reading takes it. Errors: JobServiceError, AccessDenied."""

    def page(self, stream: str, *, group: str | None, token: str | None) -> LogPage | None:
        """Return what follows a token, or the head of a stream; None where there is no stream.

        Shapes: stream and group as `JobState` has them.
        """


class RunStore(Protocol):
    """The event log of one submit directory."""

    def append(self, *events: RunEvent) -> None:
        """Write events, all or none; they are on disk when this returns."""

    def events(self, *, after: int = 0) -> Sequence[RunEvent]:
        """Return the events but for the first `after` of them, oldest first."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the run for one process.

        Errors: RunLocked, naming who holds it.
        """


class Clock(Protocol):
    """Time, so that loops can be tested without waiting."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
