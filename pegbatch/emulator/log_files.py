"""Logs of children: one file an attempt, written by the child itself, read as CloudWatch events.

The child's stdout and stderr are the file; nothing of it passes through the emulator. Lines
carry no time of their own, so an event's timestamp is interpolated between the start of the
attempt and its end (or the file's last change).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pegbatch.emulator.state.jobs import Attempt, Job, Unit

GROUP = "/aws/batch/job"
"""Where a definition names no other."""
MAX_MESSAGE = 256 * 1024
"""Bytes of one event; longer lines become several."""


class LogEvent(NamedTuple):
    """One line, and where the next one starts."""

    timestamp_ms: int
    message: str
    offset: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Stream:
    """The log of one attempt."""

    group: str
    name: str
    path: Path
    attempt: Attempt

    @property
    def size(self) -> int:
        """Return the bytes written so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def last_ms(self) -> int:
        """Return the time of the last line."""
        if self.attempt.stopped:
            return int(self.attempt.stopped * 1000)
        changed = self.path.stat().st_mtime if self.path.exists() else self.attempt.started
        return int(max(changed, self.attempt.started) * 1000)

    def events(self, start: int) -> Iterator[LogEvent]:
        """Yield the lines from a byte offset on; an unfinished last line waits for its end."""
        if not self.path.exists():
            return
        size = max(self.size, 1)
        first, last = int(self.attempt.started * 1000), self.last_ms()
        with self.path.open("rb") as file:
            file.seek(start)
            offset = start
            while line := file.readline(MAX_MESSAGE):
                if not line.endswith(b"\n") and len(line) < MAX_MESSAGE and not self.ended:
                    return
                time = first + (last - first) * offset // size
                message = line.rstrip(b"\n").decode("utf-8", "replace")
                yield LogEvent(time, message, offset, offset + len(line))
                offset += len(line)

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will be written."""
        return bool(self.attempt.stopped)

    def line_start(self, end: int, lines: int) -> int:
        """Return the offset at which the last so many lines before an offset start."""
        if end == 0:
            return 0
        block = 64 * 1024
        with self.path.open("rb") as file:
            file.seek(end - 1)
            # The newline that ends the last line does not separate it from another.
            position, missing = end, lines + (file.read(1) == b"\n")
            while position > 0:
                size = min(block, position)
                position -= size
                file.seek(position)
                chunk = file.read(size)
                found = chunk.count(b"\n")
                if found >= missing:
                    return position + _nth_from_end(chunk, missing) + 1
                missing -= found
        return 0


class LogFiles:
    """All streams by group and name."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the log files."""
        self._folder = folder
        self._streams: dict[str, dict[str, Stream]] = {GROUP: {}}

    def path(self, task: str) -> Path:
        """Return the file of a task's log; few files share a folder."""
        return self._folder / task[:2] / f"{task}.log"

    def stream(self, unit: Unit, attempt: Attempt) -> Stream:
        """Return (and remember) the stream of an attempt."""
        group, name = log_group(unit.job), stream_name(unit.job, attempt.task)
        streams = self._streams.setdefault(group, {})
        if name not in streams:
            streams[name] = Stream(group, name, self.path(attempt.task), attempt)
        return streams[name]

    def find(self, group: str, name: str) -> Stream | None:
        """Return a stream of a group by name."""
        return self._streams.get(group, {}).get(name)

    def all(self, group: str) -> Iterable[Stream]:
        """Return every stream of a group, oldest first."""
        return self._streams.get(group, {}).values()

    def groups(self) -> list[str]:
        """Return the groups that jobs have written to, and the default one."""
        return sorted(self._streams)


def log_group(job: Job) -> str:
    """Return the group that a job's definition names."""
    return str(_log_options(job).get("awslogs-group") or GROUP)


def stream_name(job: Job, task: str) -> str:
    """Return the name of a stream. Source: Batch User Guide, "awslogs"."""
    prefix = _log_options(job).get("awslogs-stream-prefix") or job.spec.definition[:200]
    return f"{prefix}/default/{task}"


def _log_options(job: Job) -> Mapping[str, str]:
    configuration = (job.detail.get("container") or {}).get("logConfiguration") or {}
    return configuration.get("options") or {}


def _nth_from_end(chunk: bytes, count: int) -> int:
    position = len(chunk)
    for _ in range(count):
        position = chunk.rfind(b"\n", 0, position)
    return position
